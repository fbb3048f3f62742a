/** What a controller decides about single steps. */
import type { StepController } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { judge, trial, type ControllerSubject, type Verdict } from './subject.ts';

const tolerances = { rtol: 1e-3, atol: 1e-5 };
const sizes = [0.1, -0.1] as const;

export function decisionChecks(subject: ControllerSubject): readonly Check[] {
  const make = (): StepController => subject.make(tolerances);
  const isAdaptive = make().needsErrorEstimate;
  const adaptive: readonly Check[] = [
    check('accepts small errors and rejects large ones', () => decidesByTolerance(subject)),
    check('grows the step after a small error, shrinks it after a large one', () => followsTheError(subject)),
    check('bounds the change of the step size', () => isBounded(subject)),
    check('gives a usable step after an error that is not finite', () => survivesNaN(subject)),
    check('has a tolerance for each leaf', () => weighsLeaves(subject)),
    check('leaves out the leaves that it is told to', () => choosesLeaves(subject)),
    check('takes other tolerances, if it says so', () => takesTolerances(subject)),
  ];
  return [
    check('says what it is', () => {
      const { name, needsErrorEstimate, isUniform } = make();
      demand(name !== '', 'controller', 'its name is empty', { expected: 'a name' });
      demand(!(needsErrorEstimate && isUniform), name, 'it is uniform and needs an error estimate', {
        expected: 'steps that follow the error, or steps of one size',
      });
    }),
    check('keeps the direction of the solve', () => keepsDirection(subject)),
    check('decides alike on the same step', () => isDeterministic(subject)),
    check(`carries a state of fixed types, in ${subject.dtype === 'f64' ? 'f32 and f64' : 'f32'}`, () =>
      keepsTypes(subject),
    ),
    check('takes steps of one size, if it says so', () => isUniformAsItSays(subject)),
    ...(isAdaptive ? adaptive : []),
  ];
}

/** The verdict on one step whose error is `ratio` times the tolerance. */
async function verdictOn(
  subject: ControllerSubject,
  controller: StepController,
  h: number,
  ratio: number,
): Promise<Verdict> {
  const [verdict] = await judge(subject, controller, [trial(h, ratio, tolerances)]);
  return verdict as Verdict;
}

async function decidesByTolerance(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  for (const h of sizes) {
    for (const ratio of [0, 1e-6, 0.1, 0.9]) {
      const { accept } = await verdictOn(subject, controller, h, ratio);
      demand(accept, `${controller.name}.next with h = ${h}`, `an error of ${ratio} times the tolerance is rejected`, {
        expected: 'accepted',
      });
    }
    for (const ratio of [2, 100, 1e6, 1e30]) {
      const { accept } = await verdictOn(subject, controller, h, ratio);
      demand(!accept, `${controller.name}.next with h = ${h}`, `an error of ${ratio} times the tolerance is accepted`, {
        expected: 'rejected',
      });
    }
  }
}

async function followsTheError(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  const factors: { readonly ratio: number; readonly factor: number }[] = [];
  for (const ratio of [1e-6, 1e-3, 0.1, 0.8, 1.5, 30, 1e3, 1e6]) {
    const { h } = await verdictOn(subject, controller, 0.1, ratio);
    factors.push({ ratio, factor: h / 0.1 });
  }
  const [smallest] = factors;
  demand(
    (smallest?.factor ?? 0) > 1,
    `${controller.name}.next`,
    `after an error of 1e-6 times the tolerance the step changes by ${smallest?.factor}`,
    { expected: 'a factor above 1' },
  );
  for (const { ratio, factor } of factors.filter((f) => f.ratio > 1)) {
    demand(
      factor < 1,
      `${controller.name}.next`,
      `after an error of ${ratio} times the tolerance the step changes by ${factor}`,
      {
        expected: 'a factor below 1',
        advice: 'A rejected step is tried again: a step that does not shrink is rejected for ever.',
      },
    );
  }
  factors.slice(1).forEach(({ ratio, factor }, i) => {
    const before = factors[i];
    if (before === undefined) return;
    demand(
      factor <= before.factor,
      `${controller.name}.next`,
      `the step after an error of ${ratio} is larger than after one of ${before.ratio}`,
      { expected: 'smaller steps for larger errors' },
    );
  });
}

async function isBounded(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  const [least, most] = subject.factors;
  for (const ratio of [0, 1e-30, 1e-10, 1e-3, 1, 1e3, 1e10, 1e30]) {
    const { h } = await verdictOn(subject, controller, 0.1, ratio);
    const factor = h / 0.1;
    const [low, high] = [least * (1 - 1e-9), most * (1 + 1e-9)];
    demand(
      factor >= low && factor <= high,
      `${controller.name}.next`,
      `after an error of ${ratio} times the tolerance the step changes by ${factor}`,
      {
        expected: `a factor from ${least} to ${most}`,
      },
    );
  }
}

async function survivesNaN(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  for (const h of sizes) {
    for (const ratio of [NaN, Infinity]) {
      const [bad, next] = await judge(subject, controller, [
        trial(h, ratio, tolerances),
        trial(h / 2, 0.5, tolerances),
      ]);
      const what = `${controller.name}.next with an error of ${ratio}`;
      demand(bad?.accept === false, what, 'the step is accepted', { expected: 'rejected' });
      const size = bad.h;
      const shrinks = Number.isFinite(size) && Math.abs(size) < Math.abs(h) && Math.sign(size) === Math.sign(h);
      demand(shrinks, what, `the next step is ${size} after ${h}`, {
        expected: 'a smaller step in the same direction',
      });
      demand(
        next?.accept === true && Number.isFinite(next.h),
        `${controller.name}.next after one`,
        `a good step gives accept ${next?.accept} and h ${next?.h}`,
        {
          expected: 'that it is accepted: nothing of the error is left in the state',
        },
      );
    }
  }
}

/** An error that is fine for the one leaf and too large for the other. */
async function weighsLeaves(subject: ControllerSubject): Promise<void> {
  const controller = subject.make({ rtol: [1e-2, 1e-8], atol: [1e-2, 1e-8] });
  const verdict = async (loose: number, tight: number): Promise<boolean> =>
    (await judge(subject, controller, [{ h: 0.1, errors: [[loose], [tight]] }]))[0]?.accept === true;
  demand(await verdict(1e-3, 1e-9), `${controller.name}.next`, 'errors below the tolerance of each leaf are rejected', {
    expected: 'accepted',
  });
  demand(
    !(await verdict(1e-9, 1e-3)),
    `${controller.name}.next`,
    'an error far above the tolerance of its leaf is accepted',
    { expected: 'rejected', advice: 'rtol and atol may be trees like the state, one tolerance for each leaf.' },
  );
}

async function choosesLeaves(subject: ControllerSubject): Promise<void> {
  const whole = subject.make({ rtol: [1e-2, 1e-8], atol: [1e-2, 1e-8] });
  const accepts = async (source: readonly (number | null)[], errors: readonly number[]): Promise<boolean> =>
    (await judge(subject, whole.forLeaves(source), [{ h: 0.1, errors: errors.map((e) => [e]) }]))[0]?.accept === true;
  const name = `${whole.name}.forLeaves`;
  demand(!(await accepts([1, 0], [1e-3, 1e-9])), `${name}([1, 0])`, 'the first leaf has not the second tolerance', {
    expected: 'tolerances of the leaves that are named',
  });
  demand(await accepts([1, 0], [1e-9, 1e-3]), `${name}([1, 0])`, 'the second leaf has not the first tolerance', {
    expected: 'tolerances of the leaves that are named',
  });
  demand(
    await accepts([0, null], [1e-3, 1e6]),
    `${name}([0, null])`,
    'the error of a leaf that is left out has a part in the norm',
    { expected: 'only the leaves that are named' },
  );
}

async function takesTolerances(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  if (controller.withTolerances === undefined) return;
  const tighter = controller.withTolerances({ rtol: 1e-9, atol: 1e-9 });
  const { accept } = await verdictOn(subject, tighter, 0.1, 0.5);
  demand(!accept, `${controller.name}.withTolerances`, 'an error far above the new tolerance is accepted', {
    expected: 'rejected',
  });
  const kept = await verdictOn(subject, controller, 0.1, 0.5);
  demand(kept.accept, `${controller.name}.withTolerances`, 'it changed the controller that it was called on', {
    expected: 'a new one',
  });
}

async function keepsDirection(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  for (const h of sizes) {
    const verdicts = await judge(subject, controller, [
      trial(h, 0.01, tolerances),
      trial(h, 50, tolerances),
      trial(h, 0.5, tolerances),
    ]);
    for (const [k, { first, h: next }] of verdicts.entries()) {
      const usable = (x: number): boolean => Number.isFinite(x) && Math.sign(x) === Math.sign(h);
      demand(usable(first), `${controller.name}.init`, `the first step is ${first} towards t1 = ${10 * Math.sign(h)}`, {
        expected: 'a signed size in the direction of the solve',
      });
      demand(usable(next), `${controller.name}.next, step ${k + 1}`, `the next step is ${next} after ${h}`, {
        expected: 'the same sign',
      });
    }
  }
}

async function isDeterministic(subject: ControllerSubject): Promise<void> {
  const trials = [trial(0.1, 0.3, tolerances), trial(0.12, 3, tolerances), trial(0.05, 0.7, tolerances)];
  const controller = subject.make(tolerances);
  const [first, second, other] = [
    await judge(subject, controller, trials),
    await judge(subject, controller, trials),
    await judge(subject, subject.make(tolerances), trials),
  ];
  for (const again of [second, other]) {
    demand(JSON.stringify(again) === JSON.stringify(first), controller.name, 'the same steps were judged otherwise', {
      expected: 'the same decisions, bit for bit',
      advice: 'Keep what it remembers in its state; variables of the factory outlive a solve.',
    });
  }
}

/** `judge` itself refuses a state or a step whose type changes. */
async function keepsTypes(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  for (const dtype of new Set([subject.dtype, 'f32'] as const)) {
    await judge({ ...subject, dtype }, controller, [
      trial(0.1, 0.3, tolerances),
      trial(0.1, 3, tolerances),
      trial(0.05, 0.3, tolerances),
    ]);
  }
}

async function isUniformAsItSays(subject: ControllerSubject): Promise<void> {
  const controller = subject.make(tolerances);
  if (!controller.isUniform) return;
  for (const direction of [1, -1]) {
    const [{ first } = { first: NaN }] = await judge(subject, controller, [trial(direction * 0.1, 0.5, tolerances)]);
    const verdicts = await judge(
      subject,
      controller,
      [first, first, first / 3, first].map((h) => trial(h, 0.5, tolerances)),
    );
    for (const { accept, h } of verdicts) {
      demand(accept && h === first, `${controller.name}.next`, `accept is ${accept} and h ${h}`, {
        expected: `every step accepted, and ${first} again, after a shortened step too`,
      });
    }
  }
}
