/**
 * Finds out whether the runtime has blocked convolutions: operators that it makes for itself when it optimises models, loads from
 * those that it saved, and does not document.
 */
import { conv2d, lower, subgraphsOf, traceFunction, type Graph, type Tensor } from '@node-ode/core';
import { emitModel } from '../lower/emit-model.ts';
import { blockedDomain } from '../lower/images/blocked.ts';
import { nativeComposites } from '../lower/rules.ts';
import { irVersion, opset, type OnnxModel } from '../model/ir.ts';
import type { OrtValue } from './contract.ts';
import type { Settings } from './options.ts';
import type { OrtModule } from './ort.ts';
import { sessions as sessionsOf } from './sessions.ts';

/** Puts four channels into a block, and leaves them there. */
const reordering: OnnxModel = {
  graph: {
    name: 'blocks',
    inputs: [{ name: 'input_0', elementType: 'float', dims: [1, 4, 1, 1] }],
    outputs: [{ name: 'output_0', elementType: 'float', dims: [1, 'channels', 1, 1] }],
    initializers: [],
    nodes: [
      {
        opType: 'ReorderInput',
        domain: blockedDomain,
        inputs: ['input_0'],
        outputs: ['output_0'],
        attributes: {},
        origin: 'probe',
      },
    ],
  },
  opset,
  irVersion,
  metadata: {},
};

/**
 * Channels in a block of the CPU kernels' blocked convolutions: as many as the processor's vectors hold, 8 or 16. 0 where there
 * are none, or where they do not convolve as they did when this was written.
 */
export async function channelBlockOf(runtime: OrtModule, settings: Settings): Promise<number> {
  if (settings.provider !== 'cpu') return 0;
  const sessions = sessionsOf(runtime, { ...settings, profile: undefined }, undefined);
  const run = async (model: OnnxModel, inputs: readonly HostData[]): Promise<OrtValue> => {
    const session = await sessions.open(model, { hostOutputs: new Set() });
    const feeds = inputs.map(({ data, dims }, i) => [`input_${i}`, new runtime.Tensor('float32', data, dims)] as const);
    return (await session.run(Object.fromEntries(feeds)))['output_0'] as OrtValue;
  };
  try {
    const { dims } = await run(reordering, [{ data: new Float32Array(4), dims: [1, 4, 1, 1] }]);
    const block = dims[1] ?? 0;
    if (block < 8) return 0;
    const { model, inputs, expected } = probe(block);
    const { data } = await run(model, inputs);
    return String(data) === String(expected) ? block : 0;
  } catch {
    // What is missing is no error: there are other forms.
    return 0;
  } finally {
    await sessions.close();
  }
}

interface HostData {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A convolution that gives each channel the second column of the next one, so that any mistake in the layout shows. */
function probe(block: number) {
  const [images, kernels] = [[1, block, 1, 2] as const, [block, block, 1, 2] as const];
  const { graph } = traceFunction(
    (x: Tensor, kernel: Tensor) => conv2d(x, kernel),
    [{ shape: images }, { shape: kernels }],
  );
  const kernel = new Float32Array(2 * block * block);
  for (let output = 0; output < block; output++) kernel[(output * block + ((output + 1) % block)) * 2 + 1] = 1;
  return {
    model: emitModel(lower(graph, new Set(nativeComposites)), { provider: 'cpu', channelBlock: block }),
    inputs: [
      { data: Float32Array.from({ length: 2 * block }, (_, i) => i), dims: images },
      { data: kernel, dims: kernels },
    ],
    expected: Float32Array.from({ length: block }, (_, output) => 2 * ((output + 1) % block) + 1),
  };
}

/** Whether a graph convolves, in itself or in a graph inside it. */
export const hasConvolution = ({ nodes }: Graph): boolean =>
  nodes.some((node) => node.op.startsWith('conv2d') || subgraphsOf(node).some(hasConvolution));
