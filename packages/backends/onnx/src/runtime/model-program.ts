/** A whole graph as one model, loops and branches included. */
import type { Graph } from '@node-ode/core';
import type { Program } from '@node-ode/host-driver';
import type { Target } from '../lower/contract.ts';
import { emitModel } from '../lower/emit-model.ts';
import type { OrtValue, Runtime } from './contract.ts';
import { placementOf } from './placement.ts';

/**
 * Makes a program of one session.
 *
 * @throws UnsupportedError naming what the provider has no kernel for.
 */
export async function modelProgram(graph: Graph, runtime: Runtime, target: Target): Promise<Program<OrtValue>> {
  const model = emitModel(graph, target);
  const inputNames = model.graph.inputs.map(({ name }) => name);
  const outputNames = model.graph.outputs.map(({ name }) => name);
  const placement = placementOf(model.graph, target.provider);
  // ONNX Runtime loads no model without outputs, and there is nothing to compute for one.
  if (outputNames.length === 0) {
    return { placement, run: () => Promise.resolve([]), dispose: () => Promise.resolve() };
  }
  const session = await runtime.open(model, { hostOutputs: new Set() });
  return {
    placement,
    run: async (inputs) => {
      const feeds = Object.fromEntries(inputNames.map((name, i) => [name, inputs[i] as OrtValue]));
      const results = await session.run(feeds);
      return outputNames.map((name) => results[name] as OrtValue);
    },
    dispose: () => session.release(),
  };
}
