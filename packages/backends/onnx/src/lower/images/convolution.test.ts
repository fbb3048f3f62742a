/** Every form of convolutions and their gradients on the CPU, held to the reference engine at random shapes. */
import {
  array,
  inferTypes,
  random,
  tensorType,
  value,
  type ConvParams,
  type HostArray,
  type Pair,
  type TensorType,
} from '@node-ode/core';
import * as runtime from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { arraysOf } from '../../../test/arrays.ts';
import { expectReference, singleNode } from '../../../test/single-node.ts';
import { channelBlockOf } from '../../runtime/channel-block.ts';
import { checkOptions } from '../../runtime/options.ts';
import { countNodes } from '../../model/count-nodes.ts';
import { emitModel } from '../emit-model.ts';

const channelBlock = await channelBlockOf(runtime, checkOptions({}));
const make = arraysOf(21);

/** A convolution: shapes of its images, its kernels and its result. */
interface Convolution {
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly y: readonly number[];
  readonly params: ConvParams;
}

/** Convolutions of as many samples and channels as blocked kernels are for, everything else at random. */
function drawn(seed: number): Convolution {
  const rng = random(seed);
  const between = (least: number, most: number): number => least + rng.integer(most - least + 1);
  const pair = (of: () => number): Pair => [of(), of()];
  const [samples, inputs, outputs] = [between(14, 17), between(14, 18), between(13, 17)];
  const window = pair(() => between(1, 3));
  const params: ConvParams = {
    strides: rng.integer(2) === 0 ? [1, 1] : pair(() => between(1, 3)),
    padBefore: pair(() => between(0, 3)),
    padAfter: pair(() => between(0, 3)),
    dilations: rng.integer(2) === 0 ? [1, 1] : pair(() => between(1, 2)),
    groups: 1,
  };
  const extents = pair(() => between(5, 7));
  return convolution([samples, inputs, ...extents], [outputs, inputs, ...window], params);
}

function convolution(x: readonly number[], kernel: readonly number[], params: ConvParams): Convolution {
  const inputs = [x, kernel].map((shape) => value(tensorType(shape, 'f32')));
  const [type] = inferTypes({ op: 'conv2d', inputs, params });
  return { x, kernel, y: (type as TensorType).shape, params };
}

const extentsOf = ([, , height = 0, width = 0]: readonly number[]): Pair => [height, width];

/** All three convolutions; each element is a sum of up to 1000 products of numbers below 9. */
async function expectAll({ x, kernel, y, params }: Convolution, block: number): Promise<void> {
  const options = { slack: 100, channelBlock: block };
  const [images, kernels, ct] = [x, kernel, y].map((shape) => make(shape, 'f32')) as [HostArray, HostArray, HostArray];
  await expectReference('conv2d', params, [images, kernels], options);
  await expectReference('conv2dInputGrad', { ...params, size: extentsOf(x) }, [ct, kernels], options);
  await expectReference('conv2dKernelGrad', { ...params, size: extentsOf(kernel) }, [images, ct], options);
}

const seeds = Array.from({ length: 16 }, (_, i) => i);

/** The operators that the three convolutions become. */
function operators({ x, kernel, y, params }: Convolution, block: number): readonly string[] {
  const [images, kernels, ct] = [x, kernel, y].map((shape) => make(shape, 'f32')) as [HostArray, HostArray, HostArray];
  const graphs = [
    singleNode('conv2d', params, [images, kernels]),
    singleNode('conv2dInputGrad', { ...params, size: extentsOf(x) }, [ct, kernels]),
    singleNode('conv2dKernelGrad', { ...params, size: extentsOf(kernel) }, [images, ct]),
  ];
  return graphs.map(({ graph }) => {
    const counts = countNodes(emitModel(graph, { provider: 'cpu', channelBlock: block }).graph);
    return ['ReorderInput', 'ConvTranspose', 'Conv'].find((operator) => operator in counts) ?? '';
  });
}

const flush: ConvParams = { strides: [1, 1], padBefore: [1, 1], padAfter: [1, 1], dilations: [1, 1], groups: 1 };

describe('blocked', () => {
  it.skipIf(channelBlock === 0).each(seeds)('convolution %i', async (seed) => expectAll(drawn(seed), channelBlock));

  it('is for channels that fill blocks', () => {
    const of = (samples: number, inputs: number, outputs: number, params: Partial<ConvParams> = {}) =>
      operators(convolution([samples, inputs, 6, 6], [outputs, inputs, 3, 3], { ...flush, ...params }), 16);
    expect(of(128, 64, 64)).toEqual(['ReorderInput', 'ReorderInput', 'ReorderInput']);
    expect(of(128, 65, 64)).toEqual(['ReorderInput', 'ReorderInput', 'ReorderInput']);
    expect(of(10, 64, 64)).toEqual(['ReorderInput', 'ReorderInput', 'Conv']);
    expect(of(1, 64, 64)).toEqual(['Conv', 'ConvTranspose', 'Conv']);
    expect(of(128, 3, 64)).toEqual(['Conv', 'ConvTranspose', 'ReorderInput']);
    expect(of(128, 64, 64, { strides: [2, 2] })).toEqual(['ReorderInput', 'ConvTranspose', 'ReorderInput']);
    expect(of(128, 64, 64, { padBefore: [3, 3] })).toEqual(['ReorderInput', 'ConvTranspose', 'ReorderInput']);
  });

  it('is not for groups, nor for other runtimes', () => {
    const grouped = convolution([64, 32, 6, 6], [32, 16, 3, 3], { ...flush, groups: 2 });
    expect(operators(grouped, 16)).toEqual(['Conv', 'ConvTranspose', 'Conv']);
    expect(operators(drawn(0), 0)).toEqual(['Conv', 'ConvTranspose', 'Conv']);
  });
});

describe('plain', () => {
  it.each(seeds)('convolution %i', async (seed) => expectAll(drawn(seed), 0));
});

it('keeps what is not finite in its windows', async () => {
  const x = array([...new Array<number>(15).fill(1), Infinity, ...new Array<number>(240).fill(1)], {
    shape: [1, 16, 4, 4],
  });
  const kernel = make([16, 16, 1, 1], 'f32');
  await expectReference('conv2d', { ...flush, padBefore: [0, 0], padAfter: [0, 0] }, [x, kernel], {
    slack: 100,
    channelBlock,
  });
});
