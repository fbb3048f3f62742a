/** Solves that end at events, and that cross jumps of f, with their gradients. */
import {
  arange,
  createOde,
  grad,
  pid,
  scan,
  select,
  stack,
  type FloatDType,
  type GradientMethod,
  type Tensor,
} from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';
import { gradientMethods } from './gradients.ts';

interface Ball {
  readonly h: Tensor;
  readonly v: Tensor;
}

const tolerances = { f32: { rtol: 1e-5, atol: 1e-6 }, f64: { rtol: 1e-10, atol: 1e-12 } };

/** What gradients of solves at these tolerances leave, relative to the largest of them. */
const accuracy: Readonly<Record<FloatDType, number>> = { f32: 1e-4, f64: 1e-8 };

const [gravity, height, restitution, bounces] = [8, 4, 0.8, 10] as const;

/** The time of the last bounce, and its derivatives for the height, the restitution and gravity. */
function lastBounce(): readonly number[] {
  const fall = Math.sqrt((2 * height) / gravity);
  const powers = Array.from({ length: bounces - 1 }, (_, i) => i + 1);
  const total = 1 + 2 * powers.reduce((sum, n) => sum + restitution ** n, 0);
  const slope = 2 * powers.reduce((sum, n) => sum + n * restitution ** (n - 1), 0);
  return [fall * total, (fall * total) / (2 * height), fall * slope, (-fall * total) / (2 * gravity)];
}

function bouncingCase(gradient: () => GradientMethod, dtype: FloatDType): Case {
  return {
    group: 'event',
    name: `ball that bounces ten times, ${gradient().name}`,
    dtype,
    prepare: (backend) => {
      const controller = pid(tolerances[dtype]);
      const ode = createOde({ backend, solver: dopri5(), gradient: gradient(), controller, dtype });
      const lastTime = ([h0, e, g]: readonly [Tensor, Tensor, Tensor]): Tensor => {
        const start = { t: h0.mul(0), h: h0, v: h0.mul(0) };
        const { carry } = scan(start, arange(bounces), ({ t, h, v }) => {
          const fall = (_: Tensor, ball: Ball): Ball => ({ h: ball.v, v: g.neg() });
          const event = { eventFn: (_: Tensor, ball: Ball) => ball.h };
          const { event: hit } = ode.odeint(fall, { h, v }, stack([t, t.add(10)]), { event });
          return { carry: { t: hit.t, h: hit.y.h, v: hit.y.v.mul(e).neg() } };
        });
        return carry.t;
      };
      const run = ode.compile((h: Tensor, e: Tensor, g: Tensor) => {
        const slopes = grad(lastTime)([h, e, g]);
        return [stack([lastTime([h, e, g]), ...slopes])];
      });
      return async () => readLeaves(await run(height, restitution, gravity));
    },
    tolerance: agreement[dtype],
    truth: { values: lastBounce(), tolerance: accuracy[dtype] },
  };
}

/** y′ = a·y before t = 1, b·y behind it, until y rises to 1: values, the event, gradients for a, b, y0. */
function jumpCase(gradient: () => GradientMethod, dtype: FloatDType): Case {
  const [a, b, y0] = [-0.7, 0.9, 1.3] as const;
  const end = 1 - (a + Math.log(y0)) / b;
  const ys = [y0, y0 * Math.exp(a * 0.5), y0 * Math.exp(a), 1];
  return {
    group: 'event',
    name: `behind a jump of the dynamics, ${gradient().name}`,
    dtype,
    prepare: (backend) => {
      const ode = createOde({
        backend,
        solver: dopri5(),
        gradient: gradient(),
        controller: pid(tolerances[dtype]),
        dtype,
      });
      const solve = ([p, q, start]: readonly [Tensor, Tensor, Tensor]) =>
        ode.odeint((t, y: Tensor) => y.mul(select(t.less(1), p, q)), start, [0, 0.5, 1, 5], {
          jumpTimes: [1],
          event: [{ eventFn: (t) => t.sub(4) }, { eventFn: (_, y) => y.sub(1), direction: 'rising' }],
        });
      const run = ode.compile((p: Tensor, q: Tensor, start: Tensor) => {
        const { ys: values, event } = solve([p, q, start]);
        const slopes = grad((x: readonly [Tensor, Tensor, Tensor]) => solve(x).event.t)([p, q, start]);
        return [values, stack([event.t, event.y, event.index.cast(dtype), ...slopes])];
      });
      return async () => readLeaves(await run(a, b, y0));
    },
    tolerance: agreement[dtype],
    truth: {
      values: [...ys, end, 1, 1, -1 / b, (a + Math.log(y0)) / b ** 2, -1 / (b * y0)],
      tolerance: accuracy[dtype],
    },
  };
}

export const eventCases: readonly Case[] = gradientMethods.flatMap((gradient) =>
  dtypes.flatMap((dtype) => [bouncingCase(gradient, dtype), jumpCase(gradient, dtype)]),
);
