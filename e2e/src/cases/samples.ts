/** Batches whose samples have times and steps of their own, with gradients. */
import {
  array,
  createOde,
  matmul,
  select,
  valueAndGrad,
  type FloatDType,
  type GradientMethod,
  type Tensor,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { checkpointed } from '@node-ode/gradient-checkpointed';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';
import { givenIn, solving, type Problem } from './gradients.ts';

/** Three samples: forwards, backwards, and over a short span. */
const spans = [
  [0, 0.4, 1],
  [1.5, 0.2, -0.5],
  [0.3, 0.31, 0.35],
];

const eachSample = (make: () => GradientMethod, dtype: FloatDType): Case => ({
  group: 'samples',
  name: `steps for each, gradients by ${make().name}`,
  dtype,
  prepare: (backend) => {
    const ode = createOde({ backend, ...solving(make(), dtype), perSample: true });
    const column = (t: Tensor): Tensor => t.reshape([-1, 1]);
    const solve = ({ y0, w, b, ts }: Problem) =>
      ode.odeint((t, y: Tensor) => matmul(y, w).add(column(t).mul(b)).tanh().sub(y.mul(0.5)), y0, ts);
    const program = ode.compile((p: Problem) => {
      const { ys, stats } = solve(p);
      const { grad: g } = valueAndGrad((q: Problem) => solve(q).ys.square().sum())(p);
      return [ys, stats.accepted, stats.rejected, stats.status, g.y0, g.w, g.b, g.ts] as const;
    });
    return async () => readLeaves(await program({ ...givenIn(dtype), ts: array(spans, { dtype }) }));
  },
  tolerance: agreement[dtype],
});

/** Two samples of three whose state blows up: what they leave, and the gradient of the third. */
const failing = (dtype: FloatDType): Case => ({
  group: 'samples',
  name: 'one goes on where others fail',
  dtype,
  prepare: (backend) => {
    const ode = createOde({ backend, ...solving(backprop(), dtype), perSample: true, onFailure: 'nan' });
    const program = ode.compile((y0: Tensor) => {
      const solve = (y: Tensor) => ode.odeint((_t, x: Tensor) => x.square(), y, [0, 1]);
      const { value, grad: g } = valueAndGrad((y: Tensor) => {
        const { ys, stats } = solve(y);
        return select(stats.status.equal(0), ys.at(1), 0).sum();
      })(y0);
      return [g, value, solve(y0).stats.status] as const;
    });
    return async () => readLeaves(await program(array([2, 0.5, 4], { dtype })));
  },
  tolerance: agreement[dtype],
  // y(1) = y0/(1 − y0), whose derivative is 1/(1 − y0)²
  truth: { values: [0, 4, 0, 1], tolerance: dtype === 'f64' ? 1e-7 : 1e-2 },
});

export const sampleCases: readonly Case[] = [
  ...[backprop, adjoint, () => checkpointed({ checkpoints: 4 })].flatMap((make) =>
    dtypes.map((dtype) => eachSample(make, dtype)),
  ),
  ...dtypes.map(failing),
];
