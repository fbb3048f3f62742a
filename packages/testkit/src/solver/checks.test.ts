// The suite of solvers passes good ones, and fails broken ones for the right reason, on engines with f64 and without.
import {
  esdirk,
  linearCombination,
  rungeKutta,
  stopGradient,
  type Leaves,
  type RungeKuttaInterpolant,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { fehlberg } from '../support/fehlberg.ts';
import { withoutF64 } from '../support/without-f64.ts';
import { solverChecks } from './checks.ts';

const heun = (): Solver =>
  rungeKutta({ name: 'heun', order: 2, c: [0, 1], a: [[], [1]], b: [1 / 2, 1 / 2], bError: [-1 / 2, 1 / 2] });

/** Ralston's third-order method, without an error estimate. */
const ralston3 = (): Solver =>
  rungeKutta({
    name: 'ralston3',
    order: 3,
    c: [0, 1 / 2, 3 / 4],
    a: [[], [1 / 2], [0, 3 / 4]],
    b: [2 / 9, 1 / 3, 4 / 9],
  });

/** Two-step Adams–Bashforth: a state of its own, with a first step by Heun's method. */
function adamsBashforth2(): Solver<
  { readonly previous: Leaves; readonly started: Tensor },
  { readonly y: Leaves; readonly h: Tensor; readonly k: Leaves; readonly y1: Leaves }
> {
  return {
    name: 'ab2',
    order: 2,
    hasErrorEstimate: false,
    fsal: false,
    needsUniformStep: true,
    init: (_f, t0, y0) => ({ state: { previous: y0.map((y) => y.mul(0)), started: t0.mul(0) }, evaluations: 0 }),
    step: (f, t, h, y, { previous, started }) => {
      const k = f(t, y);
      const euler = y.map((leaf, i) => linearCombination([1, h], [leaf, k[i]!]));
      const corrected = f(t.add(h), euler);
      // Weights that are (1/2, 1/2, 0) in the first step and (3/2, 0, −1/2) in every later one.
      const [now, next, before] = [
        started.add(0.5).mul(h),
        started.neg().add(1).mul(0.5).mul(h),
        started.mul(-0.5).mul(h),
      ];
      const y1 = y.map((leaf, i) =>
        linearCombination([1, now, next, before], [leaf, k[i]!, corrected[i]!, previous[i]!]),
      );
      return {
        y: y1,
        state: { previous: k, started: started.mul(0).add(1) },
        interpolant: { y, h, k, y1 },
        evaluations: 2,
      };
    },
    interpolate: ({ y, h, k, y1 }, theta) => {
      const square = theta.square();
      return y.map((leaf, i) =>
        linearCombination([square.neg().add(1), square, theta.sub(square).mul(h)], [leaf, y1[i]!, k[i]!]),
      );
    },
  };
}

const engines = [
  ['with f64', reference()],
  ['without f64', withoutF64(reference())],
] as const;

describe.each(engines)('good solvers pass on an engine %s', (_, backend) => {
  it.each([
    ['heun', heun],
    ['ralston3', ralston3],
    ['fehlberg', fehlberg],
    ['a two-step method', adamsBashforth2 as () => Solver],
  ])('%s', async (__, make) => {
    expect(await failuresOf(solverChecks(make, { backend }))).toEqual([]);
  });
});

/** Of order 2, L-stable: the trapezoidal rule to 2γh, then BDF2 (Bank et al. 1985). */
function trBdf2(): Solver {
  const [g, w] = [1 - Math.SQRT1_2, Math.SQRT1_2 / 2];
  return esdirk({ name: 'tr-bdf2', order: 2, c: [0, 2 * g, 1], a: [[], [g, g], [w, w, g]], b: [w, w, g] });
}

/** A-stable, and no more. */
const trapezoid = (): Solver =>
  esdirk({ name: 'trapezoid', order: 2, c: [0, 1], a: [[], [1 / 2, 1 / 2]], b: [1 / 2, 1 / 2] });

const names = {
  linear: "has its order on y' = Ay",
  timed: 'has its order on a non-linear system that depends on time',
  dense: 'is accurate within a step',
  estimate: 'has an error estimate of its order',
  reverse: 'leads back when time is reversed',
  identity: 'says what it is',
  types: 'returns data of fixed types',
  says: 'returns an error estimate if it says so',
  ends: 'meets both ends of a step',
  joins: 'has one value and one slope at each end of a step, with further evaluations or without',
  pure: 'gives the same results for the same inputs',
  fsal: 'evaluates last what the next step evaluates first, if it says so',
  traced: 'reports as many evaluations as it traces',
  executed: 'reports as many evaluations as the engine executes',
  statistics: 'has its evaluations in the statistics of a solve',
  perSample: 'steps with a t and an h for each sample',
  alone: 'solves each sample as it is alone',
  forwards: 'keeps the tolerance of an adaptive solve',
  backwards: 'keeps the tolerance backwards in time',
  step: 'is differentiable through a step: y0, t, h and parameters',
  solve: 'is differentiable through a solve: y0, times and parameters',
  within: 'is differentiable within a step',
  event: 'ends at an event, and starts anew behind a jump of f',
} as const;

/** A good solver with some of its members replaced. */
const altered =
  (make: () => Solver, change: (base: Solver) => Partial<Solver>): (() => Solver) =>
  () => {
    const base = make();
    return { ...base, ...change(base) };
  };

const third =
  (b: readonly number[]): (() => Solver) =>
  () =>
    rungeKutta({ name: 'wrong', order: 3, c: [0, 1 / 2, 3 / 4], a: [[], [1 / 2], [0, 3 / 4]], b });

/** A small part of a number that its dtype can still show. */
const least = ({ dtype }: Tensor): number => (dtype === 'f32' ? 1e-6 : 1e-9);

let impureSteps = 0;
let leaked: Tensor | undefined;

const broken: readonly (readonly [string, () => Solver, readonly (keyof typeof names)[]])[] = [
  ['a wrong weight', third([1 / 3, 1 / 3, 1 / 3]), ['linear', 'timed', 'reverse']],
  ['an order that is claimed too low', altered(ralston3, () => ({ order: 2 })), ['linear']],
  [
    'stages that are all evaluated at t',
    altered(ralston3, (base) => ({
      step: (f, t, h, y, state) => base.step((_, stage) => f(t, stage), t, h, y, state),
    })),
    ['timed', 'dense', 'reverse'],
  ],
  [
    'a dense output that is a straight line',
    altered(fehlberg, (base) => ({
      step: (f, t, h, y, state) => {
        const step = base.step(f, t, h, y, state);
        return { ...step, interpolant: { y, y1: step.y } };
      },
      interpolate: (line, theta) => {
        const { y, y1 } = line as { readonly y: Leaves; readonly y1: Leaves };
        return y.map((leaf, i) => linearCombination([theta.neg().add(1), theta], [leaf, y1[i]!]));
      },
    })),
    ['dense'],
  ],
  [
    'a dense output that misses the end',
    altered(fehlberg, (base) => ({
      interpolate: (interpolant, theta) => base.interpolate(interpolant, theta.mul(0.999)),
    })),
    ['dense', 'ends', 'event'],
  ],
  [
    'further evaluations that move the end of a step, and are not counted',
    altered(fehlberg, () => ({
      densify: (f, t, interpolant) => {
        const { y, h, k } = interpolant as RungeKuttaInterpolant;
        const [first, ...others] = k;
        const again = f(t, y).map((d, i) => d.add(first![i]!).mul(0.501));
        return { interpolant: { y, h, k: [again, ...others] }, evaluations: 0 };
      },
    })),
    ['joins', 'ends', 'dense', 'traced', 'executed'],
  ],
  [
    'a result that depends on how often it was traced',
    altered(ralston3, (base) => ({
      step: (f, t, h, y, state) => base.step(f, t, h.mul(1 + least(t) * impureSteps++), y, state),
    })),
    ['pure'],
  ],
  [
    'a tensor that is kept outside the state',
    altered(ralston3, (base) => ({
      step: (f, t, h, y, state) => {
        const step = base.step(f, t, h, y, state);
        const kept = leaked ?? h;
        leaked = h;
        return { ...step, y: step.y.map((leaf) => leaf.add(kept.mul(0).sum())) };
      },
    })),
    ['pure'],
  ],
  [
    'too few evaluations reported',
    altered(ralston3, (base) => ({ step: (...args) => ({ ...base.step(...args), evaluations: 2 }) })),
    ['traced', 'executed', 'statistics'],
  ],
  [
    'an evaluation made twice',
    altered(ralston3, (base) => ({
      step: (f, t, h, y, state) => {
        const step = base.step(f, t, h, y, state);
        return { ...step, y: step.y.map((leaf, i) => leaf.add(f(t.add(0), y)[i]!.mul(0))) };
      },
    })),
    ['traced', 'executed', 'statistics'],
  ],
  [
    'an error estimate that is promised and not given',
    altered(ralston3, () => ({ hasErrorEstimate: true })),
    ['says', 'estimate', 'forwards', 'backwards', 'statistics'],
  ],
  [
    'an error estimate that is far too small',
    altered(heun, (base) => ({
      step: (...args) => {
        const step = base.step(...args);
        return { ...step, error: (step.error ?? []).map((e) => e.mul(1e-4)) };
      },
    })),
    ['forwards', 'backwards'],
  ],
  ['an error order that is not that of the estimate', altered(fehlberg, () => ({ errorOrder: 2 })), ['estimate']],
  [
    'an error estimate that vanishes',
    altered(heun, (base) => ({
      step: (...args) => {
        const step = base.step(...args);
        return { ...step, error: (step.error ?? []).map((e) => e.mul(0)) };
      },
    })),
    ['estimate', 'forwards', 'backwards'],
  ],
  [
    'a state whose types change',
    altered(ralston3, (base) => ({
      init: (_f, t0) => ({ state: { steps: t0.mul(0) }, evaluations: 0 }),
      step: (f, t, h, y, state) => ({
        ...base.step(f, t, h, y, []),
        state: { steps: (state as { readonly steps: Tensor }).steps.reshape([1]) },
      }),
    })),
    ['types'],
  ],
  [
    'a closure among the results of a step',
    altered(ralston3, (base) => ({
      step: (...args) => ({ ...base.step(...args), interpolant: () => args[3] }),
      interpolate: (y) => (y as () => Leaves)(),
    })),
    ['types'],
  ],
  ['fsal that is claimed and not done', altered(ralston3, () => ({ fsal: true })), ['fsal']],
  [
    'the size of h without its sign',
    altered(heun, (base) => ({ step: (f, t, h, y, state) => base.step(f, t, h.abs(), y, state) })),
    ['reverse', 'backwards'],
  ],
  [
    'weights that broadcast from the last axis',
    altered(ralston3, () => ({
      order: 1,
      step: (f, t, h, y) => {
        const k = f(t, y);
        return {
          y: y.map((leaf, i) => leaf.add(k[i]!.mul(h))),
          state: [],
          interpolant: { y, h, k: [k, k, k] },
          evaluations: 1,
        };
      },
    })),
    ['perSample', 'alone'],
  ],
  [
    'one step for all samples',
    altered(fehlberg, (base) => ({
      step: (f, t, h, y, state) => base.step(f, t, h.rank === 0 ? h : h.mul(0).add(h.mean()), y, state),
    })),
    ['perSample', 'alone'],
  ],
  [
    'a state without samples',
    altered(ralston3, (base) => ({
      init: (_f, t0) => ({ state: { steps: t0.sum() }, evaluations: 0 }),
      step: (f, t, h, y, state) => ({ ...base.step(f, t, h, y, []), state }),
    })),
    ['alone'],
  ],
  [
    'a step that stops the gradient',
    altered(ralston3, (base) => ({
      step: (f, t, h, y, state) => base.step((s, stage) => f(stopGradient(s), stage.map(stopGradient)), t, h, y, state),
    })),
    ['step', 'solve', 'within'],
  ],
  ['no name and no order', altered(ralston3, () => ({ name: '', order: 0 })), ['identity']],
];

describe.each(engines)('broken solvers fail on an engine %s', (_, backend) => {
  it.each(broken)('%s', async (__, make, expected) => {
    const failures = await failuresOf(
      solverChecks(make, { backend }),
      expected.map((key) => names[key]),
    );
    expect(failures.map(({ name }) => name).sort()).toEqual([...expected.map((key) => names[key])].sort());
  });
});

it('fails a solver whose steps are wrong in f32 alone, by less than their error', async () => {
  const make = altered(ralston3, (base) => ({
    step: (f, t, h, y, state) => base.step(f, t, t.dtype === 'f32' ? h.mul(1 + 1e-4) : h, y, state),
  }));
  const expected = [names.linear, names.timed, names.dense, names.reverse];
  expect(await failuresOf(solverChecks(make), expected)).toEqual([]);
  const failures = await failuresOf(solverChecks(make, { backend: withoutF64(reference()) }), expected);
  expect(failures.map(({ name }) => name).sort()).toEqual([...expected].sort());
});

it('needs floats', () => {
  const backend = { ...reference(), capabilities: { dtypes: ['i32'], composites: [] } } as const;
  expect(() => solverChecks(ralston3, { backend })).toThrow("testkit: backend 'reference' has the dtypes i32");
});

describe.each(engines)('solvers for stiff problems on an engine %s', (_, backend) => {
  const damping = [
    'damps transients that are far too fast for its steps',
    'damps them however it starts, and stays where the slow solution is',
  ];

  it('pass, if they are L-stable', async () => {
    const some = [names.linear, names.dense, names.perSample, names.executed, names.step, ...damping];
    expect(await failuresOf(solverChecks(trBdf2, { stiff: true, backend }), some)).toEqual([]);
  });

  it.each([
    ['A-stable alone', trapezoid],
    ['explicit', heun],
  ])('fail, if they are %s', async (__, make) => {
    const failures = await failuresOf(solverChecks(make, { stiff: true, backend }), damping);
    expect(failures.map(({ name }) => name)).toEqual(damping);
  });
});
