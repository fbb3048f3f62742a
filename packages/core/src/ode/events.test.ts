// Events that end solves: when they happen, what the solution is then, and derivatives.
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { checkpointed } from '@node-ode/gradient-checkpointed';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { adamsBashforthMoulton } from '@node-ode/solver-adams';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { rk4 } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { decay, makeOde, oscillator } from '../../test/ode.ts';
import { backend, f64, readAll, refusal } from '../../test/support.ts';
import type { HostArray } from '../array.ts';
import { scan } from '../control/loops.ts';
import { SolveError } from '../errors.ts';
import { grad } from '../differentiate/vjp.ts';
import { jvp } from '../differentiate/jvp.ts';
import { createOde, type HostEventSolution } from '../runtime/create-ode.ts';
import { arange, select, stack } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { constantStep } from './constant-step.ts';
import type { SolveEvent } from './events.ts';

interface Ball {
  readonly h: Tensor;
  readonly v: Tensor;
}

/** A ball under g = 8. */
const fall = (_: Tensor, { h, v }: Ball): Ball => ({ h: v, v: h.mul(0).sub(8) });
const ground: SolveEvent<Ball> = { eventFn: (_, { h }) => h };

const numberOf = (x: HostArray): number => x.data[0] as number;

describe('an event', () => {
  it('ends the solve at the root of its function; later output times hold its state', async () => {
    const ode = makeOde();
    const solution = await ode.solve(fall, { h: 4, v: 0 }, [0, 0.5, 2, 3], { event: ground });
    const { event, ys } = solution;
    expect([event.occurred, event.index]).toEqual([true, 0]);
    expect(Math.abs(event.t - 1)).toBeLessThan(1e-15);
    expect(Math.abs(numberOf(event.y.h))).toBeLessThan(1e-14);
    expect(Math.abs(numberOf(event.y.v) + 8)).toBeLessThan(1e-14);
    expect(Math.abs((ys.h.data[1] as number) - 3)).toBeLessThan(1e-14);
    for (const row of [2, 3])
      expect([ys.h.data[row], ys.v.data[row]]).toEqual([numberOf(event.y.h), numberOf(event.y.v)]);
    expectTypeOf(solution).toEqualTypeOf<HostEventSolution<{ h: number; v: number }>>();
  });

  it('takes one evaluation, and none beyond the step that it ends', async () => {
    const ode = makeOde({ solver: rk4(), h: 0.3 });
    const { stats, event } = await ode.solve(fall, { h: 4, v: 0 }, [0, 100], { event: ground });
    // four steps, one look at the slope of the start, one at that of the event
    expect([stats.accepted, stats.nfe]).toEqual([4, 4 * 4 + 2]);
    expect(stats.counters?.calls['dynamics'] ?? stats.nfe).toBe(stats.nfe);
    expect(event.t).toBeCloseTo(1, 14);
    // a few looks at the event function find it, not as many as bisection takes
    expect(stats.counters?.calls['event'] ?? 0).toBeLessThan(25);
  });

  it.each([dopri5(), tsit5(), bosh3(), dopri8()])('is as accurate as the solution: $name', async (solver) => {
    const ode = makeOde({ solver, rtol: 1e-10, atol: 1e-10 });
    const { event } = await ode.solve(oscillator, { x: 1, v: 0 }, [0, 10], {
      event: { eventFn: (_, { x }) => x.sub(0.5) },
    });
    // cos t = 1/2
    expect(Math.abs(event.t - Math.PI / 3)).toBeLessThan(solver.order < 4 ? 3e-8 : 2e-10);
  });

  it.each([
    ['rk4', rk4()],
    ['Adams', adamsBashforthMoulton({ order: 4 })],
  ])('with steps of one size: %s', async (_, solver) => {
    const ode = makeOde({ solver, controller: constantStep({ h: 0.02 }) });
    const { event } = await ode.solve(decay, 1, [0, 5], { event: { eventFn: (_t, y) => y.sub(0.3) } });
    expect(Math.abs(event.t + Math.log(0.3))).toBeLessThan(1e-6);
  });

  it('that is a function of time alone is found to its resolution, anywhere in a step', async () => {
    const ode = makeOde({ solver: dopri8() });
    for (const at of [1e-6, 0.1, 1 / 3, 0.999999, 17.3]) {
      for (const sharpness of [1, 1e6]) {
        const eventFn = (t: Tensor): Tensor => t.sub(at).mul(sharpness).tanh();
        const { event } = await ode.solve(decay, 1, [0, 20], { event: { eventFn } });
        expect(Math.abs(event.t - at)).toBeLessThanOrEqual(4 * 2 ** -52 * Math.max(at, 1e-3));
      }
    }
  });

  it('does not happen: the solve reaches its last time', async () => {
    const { event, ys } = await makeOde().solve(decay, 1, [0, 1, 2], { event: { eventFn: (_, y) => y.add(1) } });
    expect([event.occurred, event.index, event.t]).toEqual([false, -1, 2]);
    expect(numberOf(event.y)).toBe(ys.data[2]);
    const single = await makeOde().solve(decay, 3, [1], { event: { eventFn: (_, y) => y } });
    expect([single.event.occurred, single.event.t, numberOf(single.event.y)]).toEqual([false, 1, 3]);
  });

  it('happens backwards in time', async () => {
    const event = { eventFn: (_: Tensor, y: Tensor) => y.sub(2) };
    const solution = await makeOde().solve(decay, 1, [0, -0.3, -1, -5], { event });
    expect(Math.abs(solution.event.t + Math.LN2)).toBeLessThan(1e-9);
    expect(solution.ys.data[1]).toBeCloseTo(Math.exp(0.3), 8);
    expect(solution.ys.data[3]).toBe(numberOf(solution.event.y));
  });

  it('at an output time, and at the end of a step', async () => {
    const ode = makeOde({ solver: rk4(), h: 0.25 });
    const at = (time: number) => ({ event: { eventFn: (t: Tensor) => t.sub(time) } });
    const { event, ys, stats } = await ode.solve(decay, 1, [0, 0.5, 1, 2], at(0.5));
    expect([event.occurred, event.t, stats.accepted]).toEqual([true, 0.5, 2]);
    expect(ys.data.slice(1)).toEqual(new Float64Array(3).fill(numberOf(event.y)));
    const last = await ode.solve(decay, 1, [0, 1], at(1));
    expect([last.event.occurred, last.event.t]).toEqual([true, 1]);
    const [first] = [await ode.solve(decay, 1, [0, 1], at(0))];
    expect(first.event.occurred).toBe(false);
  });
});

describe('the direction', () => {
  const cosine = (direction: 'rising' | 'falling' | 'either') =>
    makeOde().solve(oscillator, { x: 1, v: 0 }, [0, 10], { event: { eventFn: (_, { x }) => x, direction } });

  it.each([
    ['falling', 0.5],
    ['either', 0.5],
    ['rising', 1.5],
  ] as const)('%s', async (direction, turns) => {
    const { event } = await cosine(direction);
    expect(Math.abs(event.t - turns * Math.PI)).toBeLessThan(1e-7);
  });

  it('is along the solve, not along time', async () => {
    const { event } = await makeOde().solve(oscillator, { x: 1, v: 0 }, [0, -10], {
      event: { eventFn: (_, { x }) => x, direction: 'rising' },
    });
    expect(Math.abs(event.t + 1.5 * Math.PI)).toBeLessThan(1e-7);
  });
});

describe('several events', () => {
  const at = (time: number): SolveEvent<Tensor> => ({ eventFn: (t) => t.sub(time) });

  it.each([
    [[3, 1, 2], 1, 1],
    [[1, 1], 0, 1],
    [[2.5, 2.25, 2.375], 1, 2.25],
  ])('at %s: the first of them ends the solve', async (times, index, t) => {
    // One step holds them all.
    const ode = makeOde({ solver: rk4(), h: 10 });
    const { event } = await ode.solve(decay, 1, [0, 10], { event: times.map(at) });
    expect([event.index, event.t]).toEqual([index, t]);
  });

  it('of their own directions', async () => {
    const { event } = await makeOde().solve(oscillator, { x: 1, v: 0 }, [0, 10], {
      event: [
        { eventFn: (_, { x }) => x, direction: 'rising' },
        { eventFn: (_, { v }) => v, direction: 'rising' },
        { eventFn: (t) => t.sub(9) },
      ],
    });
    // v = −sin t rises at π, x = cos t at 3π/2.
    expect(event.index).toBe(1);
    expect(Math.abs(event.t - Math.PI)).toBeLessThan(1e-7);
  });
});

describe('a start on zero', () => {
  const throwUp = { h: 0, v: 4 };
  it.each([
    ['exactly', 0],
    ['but for rounding, above', 1e-16],
    ['but for rounding, below', -1e-16],
  ])('%s: no event until it comes back', async (_, h) => {
    for (const options of [{}, { solver: rk4(), h: 0.2 }, { solver: rk4(), h: 5 }]) {
      for (const direction of ['falling', 'either'] as const) {
        const { event } = await makeOde(options).solve(fall, { ...throwUp, h }, [0, 5], {
          event: { ...ground, direction },
        });
        expect([event.occurred, Math.abs(event.t - 1) < 1e-12]).toEqual([true, true]);
      }
    }
  });

  it('and stays there: a constant zero is no event', async () => {
    const { event } = await makeOde().solve(decay, 1, [0, 2], { event: { eventFn: (_, y) => y.mul(0) } });
    expect(event.occurred).toBe(false);
  });

  it('an infinite value is no zero', async () => {
    const { event } = await makeOde().solve(decay, 1, [0, 1], { event: { eventFn: (_, y) => y.div(0) } });
    expect(event.occurred).toBe(false);
  });

  it('a value that is small, and no rounding, is an event', async () => {
    const { event } = await makeOde().solve(fall, { h: 1e-9, v: -1 }, [0, 5], { event: ground });
    expect(Math.abs(event.t / 1e-9 - 1)).toBeLessThan(1e-6);
  });
});

const methods = [
  ['backprop', backprop()],
  ['checkpointed', checkpointed({ checkpoints: 4 })],
  ['adjoint', adjoint()],
  ['interpolating adjoint', interpolatingAdjoint()],
] as const;

describe.each(methods)('gradients by %s', (name, gradient) => {
  const tight = { gradient, rtol: 1e-10, atol: 1e-12 };

  it.each([
    ['f64', 1e-9],
    ['f32', 3e-6],
  ] as const)('a ball from h: dt/dh = 1/(4√h), in %s', async (dtype, bound) => {
    const tolerances = dtype === 'f64' ? tight : { gradient, rtol: 1e-6, atol: 1e-7 };
    const ode = createOde({ backend, solver: dopri5(), dtype, ...tolerances });
    const program = ode.compile((h: Tensor) =>
      grad((height: Tensor) => ode.odeint(fall, { h: height, v: 0 }, [0, 10], { event: ground }).event.t)(h),
    );
    for (const h of [0.25, 1, 4, 9]) {
      const slope = numberOf(await (await program(h)).read());
      expect(Math.abs(slope * 4 * Math.sqrt(h) - 1)).toBeLessThan(bound);
    }
  });

  it('of time and state: y0, parameters of f and of the event function, and the start', async () => {
    const ode = makeOde(tight);
    // y′ = −r·y from y0 at t0 until y = level + slope·t… with slope 0: t = t0 + ln(y0/level)/r
    const outcome = (x: Readonly<Record<'y0' | 'rate' | 'level' | 't0', Tensor>>) =>
      ode.odeint((_, y: Tensor) => y.mul(x.rate).neg(), x.y0, [x.t0, x.t0.add(0.1), x.t0.add(20)], {
        event: { eventFn: (_, y) => y.sub(x.level) },
      });
    type Inputs = Parameters<typeof outcome>[0];
    const program = ode.compile((x: Inputs) => ({
      t: grad((z: Inputs) => outcome(z).event.t)(x),
      y: grad((z: Inputs) => outcome(z).event.y)(x),
      first: grad((z: Inputs) => outcome(z).ys.at(1))(x),
      last: grad((z: Inputs) => outcome(z).ys.at(2))(x),
    }));
    const [y0, rate, level, t0] = [1.4, 0.7, 0.3, 0.25];
    const found = (await readAll(await program({ y0, rate, level, t0 }))) as Record<string, Record<string, HostArray>>;
    const time = Math.log(y0 / level) / rate;
    const expected: Record<string, Record<string, number>> = {
      t: { y0: 1 / (rate * y0), rate: -time / rate, level: -1 / (rate * level), t0: 1 },
      y: { y0: 0, rate: 0, level: 1, t0: 0 },
      first: { y0: Math.exp(-0.1 * rate), rate: -0.1 * y0 * Math.exp(-0.1 * rate), level: 0, t0: 0 },
      last: { y0: 0, rate: 0, level: 1, t0: 0 },
    };
    for (const [output, slopes] of Object.entries(expected)) {
      for (const [input, slope] of Object.entries(slopes)) {
        expect(Math.abs(numberOf(found[output]?.[input] as HostArray) - slope)).toBeLessThan(1e-8);
      }
    }
  });

  it('where f and the event function depend on time, backwards in time, by a solver that densifies', async () => {
    const ode = makeOde({ ...tight, solver: dopri8() });
    const outcome = (x: Readonly<Record<'y0' | 'a' | 'b', Tensor>>) => {
      const { t, y } = ode.odeint((t, y: Tensor) => y.mul(t.mul(x.a).sin()), x.y0, [2, 1.7, -3], {
        event: { eventFn: (t, y) => y.add(t.mul(x.b)).sub(0.6) },
      }).event;
      return t.add(y.mul(y));
    };
    type Inputs = Parameters<typeof outcome>[0];
    const program = ode.compile((x: Inputs) => ({ value: outcome(x), slope: grad(outcome)(x) }));
    const point = { y0: 1.1, a: 1.3, b: 0.2 };
    const at = async (x: typeof point) =>
      (await readAll(await program(x))) as { value: HostArray; slope: Record<string, HostArray> };
    const { slope } = await at(point);
    for (const key of ['y0', 'a', 'b'] as const) {
      const moved = async (by: number): Promise<number> =>
        numberOf((await at({ ...point, [key]: point[key] + by })).value);
      const difference = ((await moved(1e-4)) - (await moved(-1e-4))) / 2e-4;
      expect(Math.abs(numberOf(slope[key] as HostArray) - difference)).toBeLessThan(2e-7);
    }
  });

  it('an event that does not happen has the gradient of the last time', async () => {
    const ode = makeOde(tight);
    const outcome = (x: Readonly<Record<'y0' | 'end' | 'level', Tensor>>) =>
      ode.odeint(decay, x.y0, [0, x.end], { event: { eventFn: (_, y) => y.add(x.level) } }).event;
    type Inputs = Parameters<typeof outcome>[0];
    const program = ode.compile((x: Inputs) => [
      grad((z: Inputs) => outcome(z).t)(x),
      grad((z: Inputs) => outcome(z).y)(x),
    ]);
    const [t, y] = (await readAll(await program({ y0: 2, end: 1, level: 3 }))) as Record<string, HostArray>[];
    const read = (x: Record<string, HostArray> | undefined) =>
      ['y0', 'end', 'level'].map((k) => numberOf(x?.[k] as HostArray));
    expect(read(t)).toEqual([0, 1, 0]);
    const e = Math.exp(-1);
    read(y).forEach((value, i) => expect(Math.abs(value - ([e, -2 * e, 0][i] ?? NaN))).toBeLessThan(1e-9));
  });

  it('counts every execution of the dynamics', async () => {
    const ode = makeOde(tight);
    const program = ode.compile((y0: Tensor, times: Tensor) =>
      grad((x: { readonly y0: Tensor; readonly times: Tensor }) => {
        const f = (_: Tensor, y: Tensor): Tensor => y.tanh().neg();
        const { event, ys } = ode.odeint(f, x.y0, x.times, { event: { eventFn: (_t, y) => y.sum().sub(0.7) } });
        return event.t.add(event.y.square().sum()).add(ys.sum());
      })({ y0, times }),
    );
    const { stats } = await program.run(f64([1, 0.4]), f64([0, 0.2, 3, 4]));
    expect(stats.nfeBackward).toBeGreaterThan(10);
    expect(stats.counters?.calls['dynamics'] ?? stats.nfe + stats.nfeBackward).toBe(stats.nfe + stats.nfeBackward);
    if (name === 'checkpointed') expect(stats.nfeBackward).toBeGreaterThan(stats.nfe / 2);
  });
});

describe('a bouncing ball', () => {
  const [g, h0, restitution, bounces] = [8, 4, 0.8, 10];
  /** The time of bounce n from h0: √(2h0/g)·(1 + 2Σ eⁱ), i from 1 to n − 1. */
  const fallTime = Math.sqrt((2 * h0) / g);
  const series = (n: number): number =>
    Array.from({ length: n - 1 }, (_, i) => restitution ** (i + 1)).reduce((a, b) => a + b, 0);
  const seriesSlope = (n: number): number =>
    Array.from({ length: n - 1 }, (_, i) => (i + 1) * restitution ** i).reduce((a, b) => a + b, 0);

  it('as solves from the host, one after the other', async () => {
    const ode = makeOde();
    let [t, h, v] = [0, h0, 0];
    for (let n = 1; n <= bounces; n++) {
      const { event } = await ode.solve(fall, { h, v }, [t, t + 10], { event: ground });
      expect([event.occurred, event.index]).toEqual([true, 0]);
      expect(Math.abs(event.t - fallTime * (1 + 2 * series(n)))).toBeLessThan(1e-12);
      [t, h, v] = [event.t, numberOf(event.y.h), -restitution * numberOf(event.y.v)];
    }
  });

  it.each(methods)('as one graph, with gradients by %s', async (_, gradient) => {
    const ode = makeOde({ gradient, rtol: 1e-10, atol: 1e-12 });
    const times = (x: Readonly<Record<'h' | 'e' | 'g', Tensor>>) => {
      const start = { t: x.h.mul(0), h: x.h, v: x.h.mul(0) };
      const { outputs } = scan(start, arange(bounces), ({ t, h, v }) => {
        const f = (__: Tensor, ball: Ball): Ball => ({ h: ball.v, v: x.g.neg() });
        const { event } = ode.odeint(f, { h, v }, stack([t, t.add(10)]), { event: ground });
        return { carry: { t: event.t, h: event.y.h, v: event.y.v.mul(x.e).neg() }, output: event.t };
      });
      return outputs;
    };
    type Inputs = Parameters<typeof times>[0];
    const program = ode.compile((x: Inputs) => ({ times: times(x), slope: grad((z: Inputs) => times(z).at(-1))(x) }));
    const found = (await readAll(await program({ h: h0, e: restitution, g }))) as {
      times: HostArray;
      slope: Record<string, HostArray>;
    };
    const total = 1 + 2 * series(bounces);
    found.times.data.forEach((t, i) => expect(Math.abs(t - fallTime * (1 + 2 * series(i + 1)))).toBeLessThan(1e-10));
    const expected = {
      h: (fallTime * total) / (2 * h0),
      e: 2 * fallTime * seriesSlope(bounces),
      g: (-fallTime * total) / (2 * g),
    };
    for (const [key, slope] of Object.entries(expected)) {
      expect(Math.abs(numberOf(found.slope[key] as HostArray) - slope)).toBeLessThan(1e-7);
    }
  });
});

describe('other derivatives', () => {
  it('forward mode: t and y move with the parameters', async () => {
    const ode = makeOde({ rtol: 1e-10, atol: 1e-12 });
    const program = ode.compile((h: Tensor) => {
      const outcome = (x: Tensor) => ode.odeint(fall, { h: x, v: 0 }, [0, 10], { event: ground }).event;
      return jvp((x: Tensor) => ({ t: outcome(x).t, v: outcome(x).y.v }), h, constant(1, [], 'f64')).tangent;
    });
    const { t, v } = (await readAll(await program(4))) as { t: HostArray; v: HostArray };
    expect(Math.abs(numberOf(t) - 1 / 8)).toBeLessThan(1e-10);
    // v = −√(2gh)
    expect(Math.abs(numberOf(v) + 1)).toBeLessThan(1e-9);
  });

  it('second derivatives are refused', async () => {
    const ode = makeOde();
    const time = (h: Tensor): Tensor => ode.odeint(fall, { h, v: 0 }, [0, 10], { event: ground }).event.t;
    expect(await refusal(() => ode.compile((h: Tensor) => grad(grad(time))(h))(4))).toBe(
      'DifferentiationError: odeint: a second derivative of an event; expected first derivatives of its time and state.',
    );
  });
});

describe('refusals', () => {
  const ode = makeOde();
  const solve = (event: SolveEvent<Tensor> | readonly SolveEvent<Tensor>[], options = {}): Promise<string> =>
    refusal(() =>
      ode.solve(decay, f64([1, 2]), [0, 1], {
        ...options,
        event,
      }),
    );

  it.each<readonly [SolveEvent<Tensor> | readonly SolveEvent<Tensor>[], string]>([
    [
      ((t: Tensor) => t) as unknown as SolveEvent<Tensor>,
      'OptionError: odeint: an event whose eventFn is undefined; expected { eventFn: (t, y) => …, direction? }, or a list of them. A function alone is no event: name it eventFn.',
    ],
    [[], 'OptionError: odeint: event is an empty list; expected at least one event. Leave it out.'],
    [
      { eventFn: (_, y) => y },
      'ShapeError: odeint: eventFn of event 0 gives f64[2]; expected f64[]. Its sign tells on which side of the event y is.',
    ],
    [
      [{ eventFn: (_, y) => y.sum() }, { eventFn: (_, y) => y.sum().less(1) }],
      'DTypeError: odeint: eventFn of event 1 gives bool[]; expected f64[]. Its sign tells on which side of the event y is.',
    ],
    [
      { eventFn: (t) => t, direction: 'down' as 'falling' },
      "OptionError: odeint: event direction = down; expected 'rising', 'falling', 'either'.",
    ],
  ])('%#', async (event, message) => {
    expect(await solve(event)).toBe(message);
  });

  it('of parts that can do nothing with events', async () => {
    expect(await solve({ eventFn: (t) => t }, { gradient: { name: 'mine', solve: backprop().solve } })).toMatch(
      /^CompositionError: odeint: event with gradient method 'mine', which does not handle them/,
    );
    expect(await solve({ eventFn: (t) => t.sum() }, { perSample: true })).toMatch(
      /^UnsupportedError: odeint: event together with perSample/,
    );
  });

  it.each([
    ['at the start', (t: Tensor) => select(t.less(0.5), t.mul(NaN), t.mul(0).add(1))],
    ['later', (t: Tensor) => select(t.greater(0.5), t.mul(NaN), t.mul(0).add(1))],
  ])('of a value that is NaN, %s', async (when, eventFn) => {
    const error: unknown = await ode.solve(decay, 1, [0, 1], { event: { eventFn } }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SolveError);
    expect(error).toMatchObject({ reason: 'invalidEvent' });
    if (when === 'at the start') expect(error).toMatchObject({ t: 0, steps: 0 });
  });
});
