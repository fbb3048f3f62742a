/** Every kind of operation at extents that are known when it runs: nothing of the sizes it was traced at is left. */
import { reference } from '@node-ode/backend-reference';
import {
  arange,
  array,
  asTensor,
  avgPool2d,
  compile,
  concat,
  cond,
  constant,
  conv2d,
  grad,
  matmul,
  maxPool2d,
  random,
  scan,
  select,
  stack,
  vjp,
  whileLoop,
  zerosLike,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { expect, it } from 'vitest';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';

const kernels = array([1, -2, 3, 0.5, 1, -1], { shape: [2, 1, 3, 1] });

/** A batch of three features, and how many there are. */
type Operation = (x: Tensor, n: number) => Tensor;

const weights = array([
  [1, -2, 3],
  [0.5, 1, -1],
  [2, 0, 1],
]);

const operations: Readonly<Record<string, Operation>> = {
  'elementwise, with vectors and scalars': (x) =>
    x
      .mul(array([1, 2, 3]))
      .add(x.at(0))
      .maximum(0.5)
      .tanh(),
  'select against a comparison': (x) => select(x.greater(0), x, x.neg().exp()),
  'sum over the batch': (x) => x.sub(x.sum({ axes: 0, keepDims: true })),
  'mean, of all and of some': (x) => x.div(x.mean().abs().add(1)).add(x.mean({ axes: 0 })),
  'max and argMax along the batch': (x) => x.sub(x.max({ axes: 0 })).add(x.argMax(0).cast('f32')),
  'softmax along either axis': (x) => x.softmax(0).add(x.logSoftmax(1)),
  logSumExp: (x) => x.logSumExp({ axes: 0 }),
  'reshape and back': (x, n) =>
    x
      .reshape([n * 3])
      .mul(2)
      .reshape([3, n]),
  'reshape with axes of extent 1': (x, n) => x.reshape([1, n, 1, 3]).add(1),
  transpose: (x) => x.transpose().add(1),
  'broadcastTo a larger shape': (x, n) => x.broadcastTo([2, n, 3]).add(1),
  'slices: all but the first, and the first': (x, n) =>
    x
      .slice([1, 0], [n - 1, 2])
      .sum()
      .add(x.slice([0, 1], [1, 2])),
  'the last row': (x) => x.at(-1),
  pad: (x) => x.pad([1, 0], [2, 1], 7),
  'concat with itself, and with a constant': (x, n) => concat([x, x, constant(5, [n, 3], 'f32')], 0),
  stack: (x) => stack([x, x.neg()], 1),
  'arange along the batch': (x, n) => x.add(arange(n).cast('f32').reshape([n, 1])),
  'gather: the batch reversed': (x, n) =>
    x.gather(
      arange(n)
        .neg()
        .add(n - 1),
    ),
  setRow: (x) => zerosLike(x).setRow(0, x.at(-1)),
  'cumsum along the batch, either way': (x) => x.cumsum(0).add(x.cumsum(0, { reverse: true })),
  'matmul with weights, and of the batch with itself': (x) => matmul(x, matmul(x.transpose(), x).add(weights)),
  'batched matmul': (x, n) => matmul(x.reshape([n, 1, 3]), x.reshape([n, 3, 1])),
  size: (x) => x.div(x.size()).add(x.size([0])),
  norms: (x) => x.square().sum({ axes: 1 }).sqrt(),
  'cond on a sum': (x) =>
    cond(
      x.sum().greater(0),
      x,
      (a) => a.mul(2),
      (a) => a.neg(),
    ),
  'whileLoop over a batch': (x) =>
    whileLoop(
      { y: x, i: constant(0, [], 'i32') },
      ({ i }) => i.less(4),
      ({ y, i }) => ({ carry: { y: y.tanh().add(x), i: i.add(1) } }),
    ).carry.y,
  'scan over the batch': (x) =>
    scan({ total: constant(0, [3], 'f32') }, x, ({ total }, row) => ({
      carry: { total: total.mul(0.5).add(row) },
      output: total.add(row),
    })).outputs,
  'conv2d, and its gradients for images and kernels': (x, n) => {
    const { value, pullback } = vjp(
      ([images, kernels]: readonly [Tensor, Tensor]) => conv2d(images, kernels, { padding: [1, 0] }),
      [x.reshape([n, 1, 3, 1]), asTensor(kernels)],
    );
    const [ofImages, ofKernels] = pullback(value.tanh());
    return value
      .sum({ axes: 1 })
      .reshape([n, 3])
      .add(ofImages.reshape([n, 3]))
      .mul(ofKernels.sum().add(1));
  },
  'pooling, and its gradients': (x, n) => {
    const { value, pullback } = vjp(
      (images: Tensor) => maxPool2d(images, [2, 1]).add(avgPool2d(images, [2, 1])),
      x.reshape([n, 1, 3, 1]),
    );
    return pullback(value.square()).reshape([n, 3]);
  },
  'a gradient': (x) =>
    grad((y: Tensor) =>
      y
        .softmax(1)
        .mul(y)
        .mean()
        .add(y.reshape([3 * (y.shape[0] ?? 0)]).max()),
    )(x),
};

it.each(Object.entries(operations))('%s', async (_, operation) => {
  const f = (x: Tensor): Tensor => operation(x, x.shape[0] ?? 0);
  const model = await loadOnnx<[Tensor], Tensor>(exportOnnx(f, [{ shape: ['batch', 3] }]));
  const engine = compile(reference(), f);
  for (const batch of [1, 2, 5, 13]) {
    const rng = random(batch);
    const x = array(
      Array.from({ length: 3 * batch }, () => 4 * rng.uniform() - 2),
      { shape: [batch, 3] },
    );
    const { result } = await model.run(x);
    const expected: HostArray = await (await engine(x)).read();
    expect(result.shape).toEqual(expected.shape);
    expected.data.forEach((y, i) => {
      // Rounding of f32 in sums of up to 39 numbers.
      expect(Math.abs((result.data[i] ?? NaN) - y)).toBeLessThan(2e-5 * Math.max(1, Math.abs(y)));
    });
  }
  await model.dispose();
});
