/** Loss and gradients of a convolutional ODE: what an exported file may hold of images. */
import { reference } from '@node-ode/backend-reference';
import { createOde, random, valueAndGrad, type FloatDType, type Tensor, type TensorsOf } from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { groupNorm, timeConv2d, type Conv2dParams, type NormParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';

/** Channels, height and width. */
export const image = [4, 5, 3] as const;

interface BlockParams {
  readonly norm: NormParams;
  readonly conv: Conv2dParams;
}

/** Parameters traced. */
export type BlockTensors = TensorsOf<BlockParams>;

/** Backprop through dopri5 of dy/dt = conv(t, relu(norm(y))); the mean squared last state. */
export function imageTraining(dtype: FloatDType) {
  const [norm, conv] = [groupNorm(2, 4, { dtype }), timeConv2d(4, 4, 3, { padding: 'same', dtype })];
  const rng = random(3);
  const params: BlockParams = { norm: norm.init(rng), conv: conv.init(rng) };
  const ode = createOde({
    backend: reference(),
    solver: dopri5(),
    gradient: backprop(),
    rtol: 1e-3,
    atol: 1e-3,
    dtype,
  });
  const step = (weights: BlockTensors, y0: Tensor) =>
    valueAndGrad((p: BlockTensors) => {
      const f = (t: Tensor, y: Tensor): Tensor => conv.apply(p.conv, t, norm.apply(p.norm, y).maximum(0));
      return ode.odeint(f, y0, [0, 1]).ys.at(-1).square().mean();
    })(weights);
  return { params, step };
}
