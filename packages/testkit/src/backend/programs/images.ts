/** Networks on images: convolutions and pooling, with their first and second derivatives, in loops too. */
import {
  avgPool2d,
  conv2d,
  convTranspose2d,
  grad,
  matmul,
  maxPool2d,
  valueAndGrad,
  whileLoop,
  type Tensor,
} from '@node-ode/core';
import { tensor, trips, type ProgramCase } from './program-case.ts';

interface Kernels {
  readonly first: Tensor;
  readonly depthwise: Tensor;
  readonly dense: Tensor;
}

/** Images [3, 2, 8, 8] → [3, 4, 4, 4] → [3, 4, 2, 2] → 5 features. */
function network({ first, depthwise, dense }: Kernels, x: Tensor): Tensor {
  const hidden = maxPool2d(conv2d(x, first, { padding: 1 }).tanh(), 2);
  const strided = conv2d(hidden, depthwise, { padding: 'same', strides: 2, groups: 4 }).tanh();
  const pooled = avgPool2d(strided.add(avgPool2d(hidden, 2)), 2, { strides: 1, padding: { before: 0, after: 1 } });
  return matmul(pooled.reshape([3, 16]), dense);
}

export const imagePrograms: readonly ProgramCase[] = [
  {
    name: 'a training step of a small convolutional network',
    inputs: (d) => [
      [
        d.array([4, 2, 3, 3], -0.5, 0.5),
        d.array([4, 1, 3, 3], -0.5, 0.5),
        d.array([16, 5], -0.5, 0.5),
        d.array([3, 2, 8, 8], -1, 1),
      ],
    ],
    fn: ([first, depthwise, dense, x]) => {
      const loss = (kernels: Kernels): Tensor => network(kernels, tensor(x)).square().mean();
      const { value, grad: g } = valueAndGrad(loss)({
        first: tensor(first),
        depthwise: tensor(depthwise),
        dense: tensor(dense),
      });
      return [value, g.first, g.depthwise, g.dense];
    },
    slack: 50,
  },
  {
    name: 'the gradient of convolutions in a whileLoop of zero, one and many trips',
    inputs: trips([0, 1, 5], (d) => [d.array([2, 3, 5, 4], -1, 1), d.array([3, 3, 3, 3], -0.3, 0.3)]),
    fn: ([n, x, kernel]) => {
      const loss = (p: { readonly x: Tensor; readonly kernel: Tensor }): Tensor =>
        whileLoop(
          { i: tensor(n).mul(0), x: p.x },
          ({ i }) => i.less(tensor(n)),
          (c) => ({ carry: { i: c.i.add(1), x: c.x.add(conv2d(c.x, p.kernel, { padding: 1 }).tanh().mul(0.5)) } }),
        )
          .carry.x.square()
          .sum();
      const { value, grad: g } = valueAndGrad(loss)({ x: tensor(x), kernel: tensor(kernel) });
      return [value, g.x, g.kernel];
    },
    slack: 100,
  },
  {
    name: 'second derivatives of convolutions and pooling',
    inputs: (d) => [[d.array([1, 2, 4, 5], -1, 1), d.array([3, 2, 3, 2], -1, 1), d.array([3, 2, 2, 2], -1, 1)]],
    fn: ([x, kernel, up]) => {
      const loss = (k: Tensor): Tensor => {
        const features = maxPool2d(conv2d(tensor(x), k, { padding: 1, strides: [1, 2] }).tanh(), [2, 1]);
        return avgPool2d(convTranspose2d(features, tensor(up), { strides: 2 }), 3, {
          padding: 1,
          countIncludePad: false,
        })
          .square()
          .sum();
      };
      const slope = (k: Tensor): Tensor => grad(loss)(k).mul(tensor(kernel)).sum();
      return [grad(loss)(tensor(kernel)), grad(slope)(tensor(kernel))];
    },
    slack: 100,
  },
];
