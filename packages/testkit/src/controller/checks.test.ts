// The suite of step-size controllers passes core's, and fails broken ones for the right reason, with f64 and without.
import { constant, constantStep, pid, type StepController } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { withoutF64 } from '../support/without-f64.ts';
import { stepControllerChecks } from './checks.ts';
import type { ControllerOptions } from './subject.ts';

type Make = (options: ControllerOptions) => StepController;

const engines = [
  ['with f64', reference()],
  ['without f64', withoutF64(reference())],
] as const;

describe.each(engines)('the suite of step-size controllers passes, on an engine %s,', (_, backend) => {
  it.each([
    ['an I controller', {}],
    ['a PI controller', { pCoefficient: 0.4, iCoefficient: 0.3 }],
    ['a PID controller', { pCoefficient: 0.3, iCoefficient: 0.3, dCoefficient: 0.05 }],
  ])('%s', async (__, coefficients) => {
    const make: Make = (options) => pid({ ...options, ...coefficients });
    expect(await failuresOf(stepControllerChecks(make, { factors: [0.2, 10], backend }))).toEqual([]);
  });

  it('constant steps', async () => {
    expect(await failuresOf(stepControllerChecks(() => constantStep({ h: 0.1 }), { backend }))).toEqual([]);
  });
});

/** pid with some members replaced. */
const altered =
  (change: (base: StepController, options: ControllerOptions) => Partial<StepController>): Make =>
  (options) => {
    const base: StepController = pid(options);
    return { ...base, ...change(base, options) };
  };

let calls = 0;

const broken: readonly (readonly [string, Make, readonly string[]])[] = [
  [
    'never rejects',
    altered((base) => ({ next: (step, state) => ({ ...base.next(step, state), accept: constant(true) }) })),
    [
      'accepts small errors and rejects large ones',
      'gives a usable step after an error that is not finite',
      'has a tolerance for each leaf',
      'follows a solution that changes its pace',
    ],
  ],
  [
    'rejects everything',
    altered((base) => ({ next: (step, state) => ({ ...base.next(step, state), accept: constant(false) }) })),
    ['accepts small errors and rejects large ones', 'reaches the last time'],
  ],
  [
    'decides for all samples together',
    altered((base) => ({
      next: (step, state) => {
        const { accept, ...decision } = base.next(step, state);
        return { ...decision, accept: accept.all() };
      },
    })),
    ['decides for each sample as for it alone, if it says so'],
  ],
  [
    'loses the sign of the step',
    altered((base) => ({
      next: (step, state) => {
        const decision = base.next(step, state);
        return { ...decision, h: decision.h.abs() };
      },
    })),
    ['keeps the direction of the solve'],
  ],
  [
    'starts forwards whatever the direction',
    altered((base) => ({
      init: (problem) => {
        const start = base.init(problem);
        return { ...start, h: start.h.abs() };
      },
    })),
    ['keeps the direction of the solve'],
  ],
  [
    'lets the step jump',
    (options) => pid({ ...options, maxFactor: 1e6, minFactor: 1e-6 }),
    ['bounds the change of the step size'],
  ],
  [
    'gives NaN after NaN',
    altered((base) => ({
      next: (step, state) => {
        const decision = base.next(step, state);
        const poison = (step.error ?? []).reduce((sum, e) => sum.add(e.sum().mul(0)), step.h.mul(0));
        return { ...decision, h: decision.h.add(poison) };
      },
    })),
    ['gives a usable step after an error that is not finite'],
  ],
  [
    'grows after a rejection',
    altered((base) => ({
      next: (step, state) => {
        const decision = base.next(step, state);
        return { ...decision, h: step.h.mul(1.1) };
      },
    })),
    ['grows the step after a small error, shrinks it after a large one'],
  ],
  [
    'has one tolerance for all leaves',
    (options) => pid({ ...options, rtol: firstOf(options.rtol), atol: firstOf(options.atol) }),
    ['has a tolerance for each leaf', 'leaves out the leaves that it is told to'],
  ],
  [
    'keeps all leaves in the norm',
    altered((base) => ({ forLeaves: () => base })),
    ['leaves out the leaves that it is told to'],
  ],
  [
    'ignores new tolerances',
    altered((base) => ({ withTolerances: () => base })),
    ['takes other tolerances, if it says so'],
  ],
  [
    'ignores the largest step',
    ({ rtol, atol, minStep }) => pid({ rtol, atol, ...(minStep === undefined ? {} : { minStep }) }),
    ['never exceeds the largest step'],
  ],
  [
    'ignores the smallest step',
    ({ rtol, atol, maxStep }) => pid({ rtol, atol, ...(maxStep === undefined ? {} : { maxStep }) }),
    ['ends a solve whose steps fall below the smallest'],
  ],
  [
    'ignores the tolerances',
    () => pid({ rtol: 1e-2, atol: 1e-2 }),
    ['keeps the tolerance of a solve, forwards and backwards', 'accepts small errors and rejects large ones'],
  ],
  [
    'depends on how often it was asked',
    altered((base) => ({
      next: (step, state) => {
        const decision = base.next(step, state);
        return { ...decision, h: decision.h.mul(1 - (decision.h.dtype === 'f32' ? 1e-6 : 1e-9) * calls++) };
      },
    })),
    ['decides alike on the same step'],
  ],
  [
    'changes the type of its state',
    altered((base) => ({
      init: (problem) => ({ ...base.init(problem), state: [problem.t0] }),
      next: (step, state) => ({
        ...base.next(step, []),
        state: (state as readonly [typeof step.h]).map((x) => x.reshape([1])),
      }),
    })),
    ['carries a state of fixed types, in f32 and f64'],
  ],
  [
    'computes steps in f32 alone',
    altered((base) => ({
      next: (step, state) => {
        const decision = base.next(step, state);
        return { ...decision, h: decision.h.cast('f32') };
      },
    })),
    ['carries a state of fixed types, in f32 and f64'],
  ],
  [
    'says uniform and follows a shortened step',
    () => {
      const base = constantStep({ h: 0.1 });
      return { ...base, next: (step, state) => ({ accept: constant(true), h: step.h, state }) } as StepController;
    },
    ['takes steps of one size, if it says so'],
  ],
  [
    'says uniform and needs an error',
    altered(() => ({ isUniform: true })),
    ['says what it is', 'takes steps of one size, if it says so'],
  ],
];

function firstOf(tolerance: ControllerOptions['rtol']): number {
  return Array.isArray(tolerance) ? Number(tolerance[0]) : Number(tolerance);
}

describe.each(engines)('the suite of step-size controllers fails, on an engine %s, one that', (_, backend) => {
  const { dtypes } = backend.capabilities;
  const told = dtypes.includes('f64') ? broken : broken.filter(([how]) => how !== 'computes steps in f32 alone');
  it.each(told)('%s', async (__, make, names) => {
    const expected = names.map((name) => (dtypes.includes('f64') ? name : name.replace('f32 and f64', 'f32')));
    const failures = await failuresOf(stepControllerChecks(make, { factors: [0.2, 10], backend }), expected);
    expect(failures.map(({ name }) => name).sort()).toEqual([...expected].sort());
  });
});
