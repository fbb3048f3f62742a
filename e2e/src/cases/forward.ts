/** Forward mode through a solve: sensitivities held to gradients, and second derivatives by each order of the modes. */
import {
  array,
  createOde,
  grad,
  hvp,
  jvp,
  onesLike,
  vjp,
  type FloatDType,
  type GradientMethod,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';
import { givenIn, gradientMethods, solving, trajectory, type Problem } from './gradients.ts';

/** The tangents of every output for y0, parameters and times at once, then ⟨w, J·v⟩ and ⟨Jᵀ·w, v⟩. */
const sensitivities = (make: () => GradientMethod, dtype: FloatDType): Case => ({
  group: 'forward mode',
  name: `${make().name}, for y0, parameters and times`,
  dtype,
  prepare: (backend) => {
    const ode = createOde({ backend, ...solving(make(), dtype) });
    const both = ode.compile((p: Problem) => {
      const ys = (q: Problem): Tensor => trajectory(ode, q);
      const v: Problem = { y0: p.y0.cos(), w: p.w.sin(), b: onesLike(p.b), ts: p.ts.add(1).sin() };
      const { value, tangent } = jvp(ys, p, v);
      const weights = value.cos();
      const pulled = vjp(ys, p).pullback(weights);
      const products = [pulled.y0.mul(v.y0), pulled.w.mul(v.w), pulled.b.mul(v.b), pulled.ts.mul(v.ts)];
      const reverse = products.map((product) => product.sum()).reduce((a, b) => a.add(b));
      return [tangent, weights.mul(tangent).sum(), reverse] as const;
    });
    return async () => readLeaves(await both(givenIn(dtype)));
  },
  tolerance: agreement[dtype],
  complaint: ([, forward, reverse]) => mismatch(forward, reverse, make().name === 'backprop', dtype),
});

/** Backprop is the transpose of forward mode, to rounding; the adjoint to the tolerance of its solve. */
function mismatch(
  forward: HostArray | undefined,
  reverse: HostArray | undefined,
  isExact: boolean,
  dtype: FloatDType,
): string | undefined {
  const [a, b] = [forward?.data[0] ?? NaN, reverse?.data[0] ?? NaN];
  const rounding = dtype === 'f64' ? 1e-12 : 1e-5;
  const tolerance = isExact ? rounding : dtype === 'f64' ? 1e-7 : 1e-2;
  if (Math.abs(a - b) <= tolerance * Math.abs(b)) return undefined;
  return `forward mode gives ${a} and reverse mode ${b} for one product; expected the same within ${tolerance}`;
}

interface Growth {
  readonly a: Tensor;
  readonly y0: Tensor;
}

type Value = (p: Growth) => Tensor;

/** The Hessian's product with the direction of a. */
const orders = {
  'forward over reverse': (value: Value, p: Growth): Growth => hvp(value)(p, { a: onesLike(p.a) }),
  'reverse over forward': (value: Value, p: Growth): Growth =>
    grad((q: Growth) => jvp(value, q, { a: onesLike(q.a) }).tangent)(p),
};

type Order = keyof typeof orders;

/** Of L = y0·e^(aT): L, ∂L/∂a, ∂²L/∂a² and ∂²L/∂a∂y0. */
const secondOrder = (make: () => GradientMethod, order: Order, dtype: FloatDType): Case => {
  const [a, y0, span] = [0.6, 1.4, 0.8];
  const e = Math.exp(a * span);
  return {
    group: 'second order',
    name: `${make().name}, ${order}`,
    dtype,
    prepare: (backend) => {
      const ode = createOde({ backend, ...solving(make(), dtype) });
      const value = (p: Growth): Tensor => ode.odeint((_t, y: Tensor) => y.mul(p.a), p.y0, [0, span]).ys.at(1);
      const second = ode.compile((p: Growth) => {
        const first = jvp(value, p, { a: onesLike(p.a) });
        const product = orders[order](value, p);
        return [first.value, first.tangent, product.a, product.y0] as const;
      });
      return async () => readLeaves(await second({ a: array(a, { dtype }), y0: array(y0, { dtype }) }));
    },
    tolerance: agreement[dtype],
    truth: {
      values: [y0 * e, span * y0 * e, span * span * y0 * e, span * e],
      tolerance: dtype === 'f64' ? 1e-6 : 1e-3,
    },
  };
};

export const forwardCases: readonly Case[] = gradientMethods.flatMap((make) =>
  dtypes.map((dtype) => sensitivities(make, dtype)),
);

export const mixedOrderCases: readonly Case[] = gradientMethods.flatMap((make) =>
  (Object.keys(orders) as Order[]).flatMap((order) => dtypes.map((dtype) => secondOrder(make, order, dtype))),
);
