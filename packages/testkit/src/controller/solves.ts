/** What a controller makes of whole solves. */
import { array, createOde, type StepController, type Tensor } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { fehlberg } from '../support/fehlberg.ts';
import { logSlope } from '../support/numbers.ts';
import type { PerFloat } from '../support/precision.ts';
import { aloneTolerances, asAlone, demandSamplesAsAlone } from '../support/sample-solves.ts';
import { judge, trial, type ControllerSubject } from './subject.ts';

const tolerances = { rtol: 1e-3, atol: 1e-5 };

export function solveChecks(subject: ControllerSubject): readonly Check[] {
  const { needsErrorEstimate } = subject.make(tolerances);
  const adaptive: readonly Check[] = [
    check('keeps the tolerance of a solve, forwards and backwards', () => keepsTolerance(subject)),
    check('follows a solution that changes its pace', () => followsPace(subject)),
    check('never exceeds the largest step', () => respectsLargest(subject)),
    check('ends a solve whose steps fall below the smallest', () => respectsSmallest(subject)),
  ];
  return [
    check('reaches the last time', () => reachesTheEnd(subject)),
    check('decides for each sample as for it alone, if it says so', () => decidesAsAlone(subject)),
    ...(needsErrorEstimate ? adaptive : []),
  ];
}

async function decidesAsAlone({ backend, dtype, make }: ControllerSubject): Promise<void> {
  const controller = make(aloneTolerances[dtype]);
  if (controller.perSample !== true) return;
  const ode = createOde({ backend, solver: fehlberg(), controller, dtype, maxSteps: 100_000 });
  await demandSamplesAsAlone(controller.name, { ode, dtype }, asAlone[dtype]);
}

/** Tolerances of a solve: in f32 those at which a step's error shows above its rounding. */
const tightness: PerFloat<readonly number[]> = { f64: [1e-4, 1e-6, 1e-8], f32: [1e-3, 1e-4, 1e-5] };

/** y' = −2ty², y(0) = 1, y = 1/(1 + t²), from t0 to t1. */
async function solve({ backend, dtype }: ControllerSubject, controller: StepController, t0: number, t1: number) {
  const ode = createOde({ backend, solver: fehlberg(), controller, dtype, maxSteps: 100_000 });
  const { ys, stats } = await ode.solve(
    (t, y: Tensor) => y.square().mul(t).mul(-2),
    array([1 / (1 + t0 * t0)], { dtype }),
    [t0, t1],
  );
  return { error: Math.abs((ys.data[1] ?? NaN) - 1 / (1 + t1 * t1)), stats };
}

async function reachesTheEnd(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  for (const [t0, t1] of [
    [0, 2],
    [2, 0],
  ] as const) {
    const { error, stats } = await solve(subject, controller, t0, t1);
    demand(
      error < 0.05 && stats.accepted > 0,
      `${controller.name} from ${t0} to ${t1}`,
      `${stats.accepted} steps end with an error of ${error}`,
      { expected: 'the solution at the last time' },
    );
  }
}

async function keepsTolerance(subject: ControllerSubject): Promise<void> {
  for (const [t0, t1] of [
    [0, 2],
    [2, 0],
  ] as const) {
    const points: { readonly size: number; readonly error: number }[] = [];
    for (const rtol of tightness[subject.dtype]) {
      const controller = subject.make({ rtol, atol: rtol });
      const { error } = await solve(subject, controller, t0, t1);
      demand(
        error <= 100 * rtol,
        `${controller.name} at rtol = atol = ${rtol}, from ${t0} to ${t1}`,
        `the error is ${error}`,
        { expected: `at most ${100 * rtol}` },
      );
      points.push({ size: rtol, error: Math.max(error, 1e-14) });
    }
    const slope = logSlope(points);
    demand(slope >= 0.5, subject.make(tolerances).name, `the error goes as rtol^${slope.toFixed(2)}`, {
      expected: 'about rtol¹',
    });
  }
}

/** y = exp(sin t − tanh 20t) turns steep near t = 0: the steps shrink there, some are rejected, and grow again. */
async function followsPace({ backend, dtype, make }: ControllerSubject): Promise<void> {
  const controller = make({ rtol: 1e-6, atol: 1e-8 });
  const ode = createOde({ backend, solver: fehlberg(), controller, dtype, maxSteps: 10_000 });
  const f = (t: Tensor, y: Tensor): Tensor => {
    const steepness = t.mul(20).tanh().square().sub(1).mul(20);
    return y.mul(steepness.add(t.cos()));
  };
  const start = Math.exp(Math.sin(-5) + 1);
  const { ys, stats } = await ode.solve(f, array([start], { dtype }), [-5, 5]);
  const error = Math.abs((ys.data[1] ?? NaN) - Math.exp(Math.sin(5) - 1));
  demand(error < 1e-4, controller.name, `past a steep passage the error is ${error}`, {
    expected: 'at most 1e-4 at rtol 1e-6',
  });
  demand(stats.rejected > 0, controller.name, 'no step was rejected where the solution turns steep', {
    expected: 'a step that is tried again, smaller',
  });
  demand(stats.accepted < 250, controller.name, `${stats.accepted} steps were taken`, {
    expected: 'below 250: steps grow again behind the passage',
  });
}

async function respectsLargest(subject: ControllerSubject): Promise<void> {
  const maxStep = 0.03;
  const controller = subject.make({ ...tolerances, maxStep });
  const verdicts = await judge(subject, controller, [
    trial(0.03, 1e-8, tolerances),
    trial(0.03, 1e-8, tolerances),
    trial(0.02, 0.9, tolerances),
  ]);
  for (const { first, h } of verdicts) {
    demand(
      Math.abs(first) <= maxStep * (1 + 1e-12),
      `${controller.name}.init with maxStep = ${maxStep}`,
      `the first step is ${first}`,
      { expected: `at most ${maxStep}` },
    );
    demand(
      Math.abs(h) <= maxStep * (1 + 1e-12),
      `${controller.name}.next with maxStep = ${maxStep}`,
      `a step of ${h}`,
      { expected: `at most ${maxStep}` },
    );
  }
  const { stats } = await solve(subject, controller, 0, 2);
  demand(
    stats.accepted >= Math.floor(2 / maxStep),
    `${controller.name} with maxStep = ${maxStep}`,
    `${stats.accepted} steps from 0 to 2`,
    { expected: `at least ${Math.floor(2 / maxStep)}` },
  );
}

async function respectsSmallest({ backend, dtype, make }: ControllerSubject): Promise<void> {
  const controller = make({ rtol: 1e-10, atol: 1e-10, minStep: 0.2 });
  const ode = createOde({ backend, solver: fehlberg(), controller, dtype });
  const outcome = await ode
    .solve((t, y: Tensor) => y.mul(t.mul(30).sin()).mul(10), array([1], { dtype }), [0, 5])
    .then(
      () => 'a solution',
      (error: unknown) => String((error as { readonly reason?: unknown }).reason ?? error),
    );
  demand(
    outcome === 'stepUnderflow',
    `${controller.name} with minStep = 0.2`,
    `a solve that needs smaller steps gives ${outcome}`,
    {
      expected: 'a SolveError with reason stepUnderflow',
      advice: 'Say the smallest step in the field minStep.',
    },
  );
}
