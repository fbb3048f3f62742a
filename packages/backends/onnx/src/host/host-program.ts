/** Programs for GPUs: tensors stay on the device, scalars and control flow are JavaScript's. */
import type { Graph } from '@node-ode/core';
import type { Target } from '../lower/contract.ts';
import { emitModel } from '../lower/emit-model.ts';
import type { OrtValue, Program, Runtime } from '../runtime/contract.ts';
import type { LoadedSegment } from './instructions.ts';
import type { Segment } from './partition.ts';
import { programOf } from './program.ts';

/**
 * Compiles a lowered graph to models without control flow, each for nodes that the device can run at once, and drives them
 * from JavaScript: it computes the scalars that loops and branches depend on, and holds everything else on the device.
 * An input that is an output comes back as the value that it is; a value that is several outputs comes back several times.
 *
 * @throws UnsupportedError naming an operation or a dtype that the provider has no kernel for.
 * @example
 * const program = await hostProgram(lower(graph, new Set()), runtime, { provider: 'webgpu', portable: false, channelBlock: 0 });
 * const [y] = await program.run([runtime.toValue(array([1, 2, 3]))]);
 */
export function hostProgram(graph: Graph, runtime: Runtime, target: Target): Promise<Program> {
  return programOf(graph, runtime, {
    provider: target.provider,
    load: (segment) => loadSegment(segment, runtime, target),
  });
}

async function loadSegment({ graph, results }: Segment, runtime: Runtime, target: Target): Promise<LoadedSegment> {
  const model = emitModel(graph, target);
  const inputs = model.graph.inputs.map(({ name }) => name);
  const outputs = model.graph.outputs.map(({ name }) => name);
  const session = await runtime.open(model, { hostOutputs: new Set(outputs.filter((_, i) => results[i]!.isHost)) });
  return {
    run: async (operands) => {
      const feeds: Record<string, OrtValue> = {};
      for (let i = 0; i < inputs.length; i++) feeds[inputs[i]!] = operands[i]!;
      const values = await session.run(feeds);
      return outputs.map((name) => values[name]!);
    },
    release: () => session.release(),
  };
}
