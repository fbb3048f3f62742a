/** What a graph is compiled into: one model, or models that are driven from the host. */
import type { Graph } from '@node-ode/core';
import { hostProgram, type Program } from '@node-ode/host-driver';
import type { Target } from '../lower/contract.ts';
import type { OrtValue, Runtime } from './contract.ts';
import { modelProgram } from './model-program.ts';
import { segmentDevice } from './segment-device.ts';

/** Makes the program of a lowered graph. */
export type CompileProgram = (graph: Graph, runtime: Runtime, target: Target) => Promise<Program<OrtValue>>;

/** The compiler that keeps loops in the model, or takes them out; a graph without any is always one model. */
export const programs =
  (loops: 'graph' | 'host'): CompileProgram =>
  (graph, runtime, target) =>
    loops === 'host' && hasBodies(graph)
      ? segmentProgram(graph, runtime, target)
      : modelProgram(graph, runtime, target);

/** A program driven from the host, whose segments are models. */
async function segmentProgram(graph: Graph, runtime: Runtime, target: Target): Promise<Program<OrtValue>> {
  const program = await hostProgram(graph, segmentDevice(runtime, target));
  const placement = program.placement.map((placed) =>
    placed.part === 'segment' ? { ...placed, part: 'model' as const } : placed,
  );
  return { ...program, placement };
}

/** Whether a graph has a loop or a branch, in itself or in a graph that it calls. */
function hasBodies({ nodes }: Graph): boolean {
  return nodes.some((node) => {
    switch (node.op) {
      case 'cond':
      case 'whileLoop':
      case 'scan':
        return true;
      case 'call':
        return hasBodies(node.params.graph);
      default:
        return false;
    }
  });
}
