/** First and second derivatives of a solve by every gradient method. */
import {
  array,
  createOde,
  grad,
  matmul,
  pid,
  valueAndGrad,
  type FloatDType,
  type GradientMethod,
  type Ode,
  type Tensor,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { checkpointed } from '@node-ode/gradient-checkpointed';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';

export const gradientMethods: readonly (() => GradientMethod)[] = [
  backprop,
  adjoint,
  // Fewer than there are steps, so that steps are run again.
  () => checkpointed({ checkpoints: 4 }),
  interpolatingAdjoint,
];

/** A small network as dynamics. */
export interface Problem {
  readonly y0: Tensor;
  readonly w: Tensor;
  readonly b: Tensor;
  readonly ts: Tensor;
}

/** How gradients are solved for. */
export const solving = (gradient: GradientMethod, dtype: FloatDType) => {
  const [rtol, atol] = dtype === 'f64' ? [1e-9, 1e-10] : [1e-3, 1e-4];
  // In f32 a tolerance far above rounding, and a first step that is given: else the sizes of the steps hang on rounding, and
  // with them the gradients for times, which go through the interpolant.
  return { solver: dopri5(), gradient, controller: pid({ rtol, atol, firstStep: 0.1 }), dtype };
};

/** A trajectory of y' = tanh(yW + bt) − y/2. */
export const trajectory = (ode: Ode, { y0, w, b, ts }: Problem): Tensor =>
  ode.odeint((t, y: Tensor) => matmul(y, w).add(b.mul(t)).tanh().sub(y.mul(0.5)), y0, ts).ys;

const loss = (ode: Ode, p: Problem): Tensor => trajectory(ode, p).square().sum();

export const givenIn = (dtype: FloatDType) => ({
  y0: array(
    [
      [0.5, -1],
      [1.2, 0.3],
      [-0.7, 0.9],
    ],
    { dtype },
  ),
  w: array(
    [
      [0.8, -1.1],
      [0.6, 0.4],
    ],
    { dtype },
  ),
  b: array([0.3, -0.2], { dtype }),
  ts: array([0, 0.4, 1], { dtype }),
});

const firstOrder = (make: () => GradientMethod, dtype: FloatDType): Case => ({
  group: 'gradient',
  name: `${make().name} for y0, parameters and times`,
  dtype,
  prepare: (backend) => {
    const ode = createOde({ backend, ...solving(make(), dtype) });
    const gradient = ode.compile((p: Problem) => {
      const { value, grad: g } = valueAndGrad((q: Problem) => loss(ode, q))(p);
      return [value, g.y0, g.w, g.b, g.ts] as const;
    });
    return async () => readLeaves(await gradient(givenIn(dtype)));
  },
  tolerance: agreement[dtype],
});

/** Of L = y0·e^(aT): ∂L/∂a, ∂²L/∂a² and ∂²L/∂a∂y0. */
const secondOrder = (make: () => GradientMethod, dtype: FloatDType): Case => {
  const [a, y0, span] = [0.6, 1.4, 0.8];
  const e = Math.exp(a * span);
  return {
    group: 'second order',
    name: make().name,
    dtype,
    prepare: (backend) => {
      const ode = createOde({ backend, ...solving(make(), dtype) });
      const value = (p: { readonly a: Tensor; readonly y0: Tensor }): Tensor =>
        ode.odeint((_t, y: Tensor) => y.mul(p.a), p.y0, [0, span]).ys.at(1);
      const second = ode.compile((p: { readonly a: Tensor; readonly y0: Tensor }) => {
        const slope = (q: typeof p): Tensor => grad(value)(q).a;
        const { value: first, grad: g } = valueAndGrad(slope)(p);
        return [first.reshape([1]).sum(), g.a, g.y0] as const;
      });
      return async () => readLeaves(await second({ a: array(a, { dtype }), y0: array(y0, { dtype }) }));
    },
    tolerance: agreement[dtype],
    truth: { values: [span * y0 * e, span * span * y0 * e, span * e], tolerance: dtype === 'f64' ? 1e-6 : 1e-3 },
  };
};

export const gradientCases: readonly Case[] = gradientMethods.flatMap((make) =>
  dtypes.map((dtype) => firstOrder(make, dtype)),
);

export const secondOrderCases: readonly Case[] = gradientMethods.flatMap((make) =>
  dtypes.map((dtype) => secondOrder(make, dtype)),
);
