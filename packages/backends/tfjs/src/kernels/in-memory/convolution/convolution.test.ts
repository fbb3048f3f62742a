/** Convolution and its gradients by our own kernels, held to the reference engine at odd shapes. */
import { array, inferTypes, tensorType, value, type ConvParams, type Shape } from '@node-ode/core';
import { expect, it } from 'vitest';
import { normal } from '../../../../test/composite-checks.ts';
import { expectReference, lowered, singleNode } from '../../../../test/lowered.ts';

const plain: ConvParams = { strides: [1, 1], padBefore: [0, 0], padAfter: [0, 0], dilations: [1, 1], groups: 1 };

interface Case {
  readonly note: string;
  readonly x: Shape;
  readonly kernel: Shape;
  readonly params?: Partial<ConvParams>;
}

const cases: readonly Case[] = [
  { note: 'one row and one channel', x: [1, 1, 1, 7], kernel: [1, 1, 1, 3] },
  { note: 'one column', x: [3, 2, 5, 1], kernel: [5, 2, 2, 1], params: { padBefore: [1, 0] } },
  { note: 'one window', x: [2, 3, 3, 4], kernel: [2, 3, 3, 4] },
  { note: 'no channels', x: [2, 0, 3, 3], kernel: [2, 0, 2, 2] },
  { note: 'no samples', x: [0, 2, 3, 3], kernel: [2, 2, 2, 2] },
  { note: 'strides that leave a rest', x: [2, 3, 8, 9], kernel: [5, 3, 3, 2], params: { strides: [3, 2] } },
  {
    note: 'strides and dilations with unlike padding',
    x: [2, 4, 9, 7],
    kernel: [6, 2, 3, 2],
    params: { strides: [2, 3], dilations: [2, 3], padBefore: [0, 3], padAfter: [2, 1], groups: 2 },
  },
  {
    note: 'padding beyond the kernel',
    x: [1, 2, 3, 2],
    kernel: [3, 2, 2, 2],
    params: { padBefore: [4, 0], padAfter: [0, 5] },
  },
  {
    note: 'a group for each channel',
    x: [2, 5, 4, 4],
    kernel: [10, 1, 3, 3],
    params: { padBefore: [1, 1], padAfter: [1, 1], groups: 5 },
  },
  {
    note: 'more than a block of windows',
    x: [4, 5, 19, 23],
    kernel: [7, 5, 5, 5],
    params: { padBefore: [2, 2], padAfter: [2, 2] },
  },
  { note: 'more taps than windows', x: [1, 33, 5, 5], kernel: [6, 33, 4, 4] },
];

it.each(cases)('have $note', async ({ x, kernel, params: given }) => {
  const params = { ...plain, ...given };
  const inputs = [x, kernel].map((shape) => value(tensorType(shape, 'f32')));
  const type = inferTypes({ op: 'conv2d', inputs, params })[0];
  const result = type?.kind === 'tensor' ? type.shape : [];
  const [images, kernels, ct] = [normal(x), normal(kernel), normal(result)];
  const [, , height = 0, width = 0] = x;
  const [, , kh = 0, kw = 0] = kernel;
  await expectReference('cpu', 'conv2d', params, [images, kernels]);
  await expectReference('cpu', 'conv2dInputGrad', { ...params, size: [height, width] }, [ct, kernels]);
  await expectReference('cpu', 'conv2dKernelGrad', { ...params, size: [kh, kw] }, [images, ct]);
});

it('are one call each, whatever the groups', async () => {
  const params = { ...plain, groups: 2 };
  const [x, kernel, ct] = [normal([1, 4, 3, 3]), normal([6, 2, 2, 2]), normal([1, 6, 2, 2])];
  const graphs = [
    singleNode('conv2d', params, [x, kernel]),
    singleNode('conv2dInputGrad', { ...params, size: [3, 3] }, [ct, kernel]),
    singleNode('conv2dKernelGrad', { ...params, size: [2, 2] }, [x, ct]),
  ];
  const calls = await Promise.all(graphs.map(async (graph) => (await lowered(graph, 'cpu')).builder.calls));
  expect(calls.map((all) => all.map(({ kernel: name }) => name))).toEqual([
    ['NodeOdeConv2d'],
    ['NodeOdeConv2dInputGrad'],
    ['NodeOdeConv2dKernelGrad'],
  ]);
});

it('keep what is not finite in the windows that see it', async () => {
  const x = array([1, NaN, 2, 3, Infinity, 5, 0, 1, -0, 4, 5, 6], { shape: [1, 1, 3, 4] });
  await expectReference('cpu', 'conv2d', plain, [x, array([1, -2, 3, 1], { shape: [1, 1, 2, 2] })]);
  const ct = array([NaN, 1, -Infinity, 2, 0, 1], { shape: [1, 1, 2, 3] });
  await expectReference('cpu', 'conv2dInputGrad', { ...plain, size: [3, 4] }, [
    ct,
    array([1, -2, 3, 1], { shape: [1, 1, 2, 2] }),
  ]);
});
