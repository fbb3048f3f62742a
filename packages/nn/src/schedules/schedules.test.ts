import { array, OptionError, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { elements, expectClose, f64 } from '../../test/harness.ts';
import {
  constantSchedule,
  cosineDecay,
  exponentialDecay,
  joinSchedules,
  linearWarmup,
  stepDecay,
  type Schedule,
} from './schedules.ts';

const steps = [0, 1, 2, 3, 5, 9, 10, 11, 50];

const ladder = (k: number): number => 0.5 * 0.2 ** k;

const cases: readonly (readonly [string, Schedule, (step: number) => number])[] = [
  ['constant', constantSchedule(0.3), () => 0.3],
  ['exponential', exponentialDecay({ initial: 0.5, rate: 0.9 }), (n) => 0.5 * 0.9 ** n],
  ['exponential, every 10', exponentialDecay({ initial: 0.5, rate: 0.9, every: 10 }), (n) => 0.5 * 0.9 ** (n / 10)],
  [
    'exponential staircase',
    exponentialDecay({ initial: 0.5, rate: 0.9, every: 3, staircase: true }),
    (n) => 0.5 * 0.9 ** Math.floor(n / 3),
  ],
  ['step', stepDecay({ initial: 0.5, boundaries: [2, 10], factor: 0.2 }), (n) => ladder(n < 2 ? 0 : n < 10 ? 1 : 2)],
  [
    'cosine',
    cosineDecay({ initial: 0.5, steps: 10, final: 0.1 }),
    (n) => 0.1 + 0.2 * (1 + Math.cos((Math.PI * Math.min(n, 10)) / 10)),
  ],
  ['warmup', linearWarmup({ from: 0.1, to: 0.6, steps: 10 }), (n) => (n < 10 ? 0.1 + 0.05 * n : 0.6)],
  [
    'joined',
    joinSchedules(
      [linearWarmup({ to: 0.5, steps: 3 }), cosineDecay({ initial: 0.5, steps: 7 }), constantSchedule(0.01)],
      [3, 10],
    ),
    (n) => (n < 3 ? n / 6 : n < 10 ? 0.25 * (1 + Math.cos((Math.PI * (n - 3)) / 7)) : 0.01),
  ],
];

describe.each(cases)('%s', (_, schedule, formula) => {
  it('is its formula at each step', async () => {
    const rates: number[] = [];
    for (const n of steps) rates.push(...(await elements((step: Tensor) => schedule(step), f64(n))));
    expectClose(rates, steps.map(formula), 1e-14);
  });

  it('has the dtype of a float step, and takes the i32 counter', async () => {
    const at5 = async (dtype: 'f32' | 'i32'): Promise<number[]> =>
      elements((step: Tensor) => schedule(step), array(5, { dtype }));
    expect(await at5('i32')).toEqual(await at5('f32'));
    expectClose(await at5('f32'), [formula(5)], 1e-6);
  });
});

describe('options', () => {
  it('are checked', () => {
    expect(() => exponentialDecay({ initial: 1, rate: 0 })).toThrow(
      'exponentialDecay: rate is 0; expected a finite positive number.',
    );
    expect(() => exponentialDecay({ initial: 1, rate: 1, every: -1 })).toThrow(OptionError);
    expect(() => stepDecay({ initial: 1, boundaries: [3, 3] })).toThrow(
      'stepDecay: boundaries [3, 3]; expected positive integers, each larger than the one before.',
    );
    expect(() => stepDecay({ initial: 1, boundaries: [0] })).toThrow(OptionError);
    expect(() => cosineDecay({ initial: 1, steps: 0 })).toThrow('cosineDecay: steps is 0');
    expect(() => linearWarmup({ to: -1, steps: 2 })).toThrow('linearWarmup: to is -1');
    expect(() => constantSchedule(NaN)).toThrow('constantSchedule: value is NaN; expected a finite number.');
    expect(() => joinSchedules([constantSchedule(1)], [2])).toThrow(
      'joinSchedules: 1 schedules and 1 boundaries; expected one boundary between each schedule and the next.',
    );
    expect(() => joinSchedules([], [])).toThrow(OptionError);
    expect(() => joinSchedules([constantSchedule(1), constantSchedule(2)], [1.5])).toThrow(OptionError);
  });
});
