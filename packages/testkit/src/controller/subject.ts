/** What a step-size controller's checks are given, and how they look at one decision. */
import {
  array,
  isTensor,
  flattenTree,
  type Backend,
  type FloatDType,
  type HostArray,
  type StepController,
  type Tensor,
  type Tolerance,
} from '@node-ode/core';
import { demand } from '../support/check.ts';
import { elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import { signature } from '../support/signature.ts';
import type { Precision } from '../support/precision.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the suite asks of a controller that is adaptive; one of constant steps may ignore it. */
export interface ControllerOptions {
  readonly rtol: Tolerance;
  readonly atol: Tolerance;
  readonly minStep?: number;
  readonly maxStep?: number;
}

/** What the author of a controller can say about it. */
export interface StepControllerSuiteOptions extends SuiteOptions {
  /** Engine; measured in f64 if it has that and in f32 if not; the reference engine by default. */
  readonly backend?: Backend;
  /** Bounds of the change of the step size from one step to the next; [0.01, 100] by default. */
  readonly factors?: readonly [least: number, most: number];
}

/** A controller under test, on an engine. */
export interface ControllerSubject extends Precision {
  readonly make: (options: ControllerOptions) => StepController;
  readonly factors: readonly [least: number, most: number];
}

/** One step to judge: a state of leaves, each with the error of its step. */
export interface Trial {
  readonly h: number;
  /** For each leaf its elements; y is 1 everywhere. */
  readonly errors: readonly (readonly number[])[];
}

/** What a controller said. */
export interface Verdict {
  readonly accept: boolean;
  readonly h: number;
  /** The first step's signed size. */
  readonly first: number;
  /** Elements of the state after the step. */
  readonly state: readonly number[];
}

/** Order of the error estimates that the trials stand for. */
export const errorOrder = 4;

/** Judges steps one after the other, the state carried from each to the next. */
export async function judge(
  { backend, dtype }: Pick<ControllerSubject, 'backend' | 'dtype'>,
  controller: StepController,
  trials: readonly Trial[],
): Promise<readonly Verdict[]> {
  const first = trials[0];
  if (first === undefined) return [];
  const leaves = first.errors.length;
  const run = program(backend, (inputs) => {
    const [t0, t1, ...rest] = inputs as readonly [Tensor, Tensor, ...Tensor[]];
    const y0 = rest.slice(0, leaves);
    const f = (_: Tensor, y: readonly Tensor[]): readonly Tensor[] => y.map((leaf) => leaf.neg());
    const start = controller.init({ f, t0, t1, y0, dy0: undefined, order: errorOrder + 1, errorOrder });
    let state: unknown = start.state;
    const results: Tensor[] = [start.h];
    trials.forEach((_, k) => {
      const offset = leaves + k * (leaves + 1);
      const h = rest[offset] as Tensor;
      const error = controller.needsErrorEstimate ? rest.slice(offset + 1, offset + 1 + leaves) : undefined;
      const decision = controller.next({ h, t: t0, y0, y1: y0, error, errorOrder }, state);
      const [before, after] = [
        signature(`${controller.name}.init: state`, state),
        signature(`${controller.name}.next: state`, decision.state),
      ];
      demand(before === after, `${controller.name}.next`, `the state became { ${after} }`, {
        expected: `{ ${before} }, as it was given`,
        advice: 'A state is carried through a loop, so its structure, shapes and dtypes never change.',
      });
      demand(
        decision.accept.dtype === 'bool' && decision.accept.rank === 0,
        `${controller.name}.next`,
        `accept is ${decision.accept.toString()}`,
        { expected: 'a bool scalar' },
      );
      for (const size of [start.h, decision.h]) {
        demand(size.dtype === dtype && size.rank === 0, controller.name, `a step size is ${size.toString()}`, {
          expected: `${dtype}[], as the time`,
        });
      }
      state = decision.state;
      results.push(decision.accept, decision.h, ...flattenTree(controller.name, state, isTensor).leaves);
    });
    return results;
  });
  const inputs: HostArray[] = [scalar(0, dtype), scalar(10 * Math.sign(first.h), dtype)];
  for (const error of first.errors)
    inputs.push(
      vector(
        error.map(() => 1),
        dtype,
      ),
    );
  for (const { h, errors } of trials) inputs.push(scalar(h, dtype), ...errors.map((error) => vector(error, dtype)));
  const { outputs } = await run(inputs);
  const [start, ...rest] = outputs;
  const each = rest.length / trials.length;
  return trials.map((_, k) => {
    const [accept, h, ...state] = rest.slice(k * each, (k + 1) * each);
    return {
      accept: accept?.data[0] === 1,
      h: h?.data[0] ?? NaN,
      first: start?.data[0] ?? NaN,
      state: elementsOf(state),
    };
  });
}

const vector = (values: readonly number[], dtype: FloatDType): HostArray => array(values, { dtype });

/** A step of size h whose error is `ratio` times what the tolerances allow at |y| = 1. */
export const trial = (
  h: number,
  ratio: number,
  { rtol, atol }: { readonly rtol: number; readonly atol: number },
): Trial => ({
  h,
  errors: [[ratio * (rtol + atol), -ratio * (rtol + atol)]],
});
