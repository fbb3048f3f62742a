/** One step, made or not: what it fails of, the run stays as it was. */
import { isDeviceArray, ShapeError, type DeviceArray } from '@node-ode/core';
import { disposeState } from './device-state.ts';
import type { FitOptions, OnDevice, StepStats } from './options.ts';
import { hostState, save, type Run } from './run.ts';
import { StepError } from './step-error.ts';

/** A step that was made. */
export interface MadeStep<State> {
  readonly state: OnDevice<State>;
  /** Its scalars. */
  readonly values: Readonly<Record<string, number>>;
  readonly stats: StepStats;
}

/**
 * Makes a step.
 *
 * @throws StepError if it fails or a scalar is not finite; the run is unchanged, and a checkpoint of it is written.
 */
export async function attempt<State, Batch>(
  options: FitOptions<State, Batch>,
  run: Run<State>,
  batch: Batch,
): Promise<MadeStep<State>> {
  try {
    const { result, stats } = await options.step.run(run.state.tree, batch);
    const { state, ...scalars } = result;
    const values = await readScalars(scalars);
    const wrong = Object.entries(values).find(([, value]) => !Number.isFinite(value));
    if (wrong !== undefined) {
      disposeState(state, run.state.on === 'device' ? run.state.tree : []);
      throw new Error(`${wrong[0]} is ${wrong[1]}; try a smaller learning rate, or clip the gradient`);
    }
    const { nfe, nfeBackward, accepted, rejected } = stats;
    return { state, values, stats: { nfe, nfeBackward, accepted, rejected } };
  } catch (cause) {
    throw await failure(options, run, cause);
  }
}

/** The error to throw; what was reached is saved. */
async function failure<State, Batch>(
  options: FitOptions<State, Batch>,
  run: Run<State>,
  reason: unknown,
): Promise<StepError> {
  const step = run.step + 1;
  const state = await hostState(run);
  const problem = (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, '');
  try {
    await save(options, run);
    return new StepError({ step, state, cause: reason }, problem);
  } catch (second) {
    const cause = new AggregateError([reason, second], 'the step failed, and so did saving what was reached');
    return new StepError({ step, state, cause }, `${problem}; what was reached could not be saved (${String(second)})`);
  }
}

async function readScalars(scalars: Readonly<Record<string, unknown>>): Promise<Record<string, number>> {
  const entries = Object.entries(scalars).map(async ([name, value]) => [name, await readScalar(name, value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function readScalar(name: string, value: unknown): Promise<number> {
  if (!isDeviceArray(value) || value.shape.length > 0) {
    const given = isDeviceArray(value) ? `of shape [${value.shape.join(', ')}]` : 'no array';
    throw new ShapeError('fit', `the step's result “${name}” is ${given}`, {
      expected: 'a scalar for everything beside the state',
      advice: 'Reduce it, or move it into the state.',
    });
  }
  const array: DeviceArray = value;
  const { data } = await array.read();
  array.dispose();
  return data[0] ?? NaN;
}
