/** The fit loop: step after step, with the state on the device. */
import { cursor } from './cursor.ts';
import {
  batchesOf,
  checkFitOptions,
  totalSteps,
  type FitOptions,
  type FitResult,
  type OnDevice,
  type Progress,
  type StepStats,
} from './options.ts';
import { pace, yieldToEventLoop } from './pace.ts';
import { advance, hostState, isDue, releaseRun, save, startRun, type Run } from './run.ts';
import { attempt } from './attempt.ts';

/**
 * Trains: calls a compiled step with the state and one batch after another. The state stays on the device; between two
 * steps the event loop has a turn. The same options give the same run, whether it is interrupted and resumed or not, as
 * long as `batches` depends on nothing but its argument.
 *
 * @throws StepError if a step fails or its scalars are not finite. State and files are as they were before the step.
 * @throws OptionError if the options are wrong, or an epoch has no batch.
 * @throws FormatError if the checkpoint to resume from does not fit the state.
 * @example
 * const { state, history } = await fit({
 *   step: ode.compile((state, { x, y }) => {
 *     const { value, grad } = valueAndGrad((params) => mse(model.apply(params, x), y))(state.params);
 *     return { state: optimiser.update(state, grad), loss: value };
 *   }),
 *   state: { params, ...optimiser.init(params) },
 *   dataset: spirals, batchSize: 20, epochs: 10, random: random(0),
 * });
 */
export async function fit<State, Batch>(options: FitOptions<State, Batch>): Promise<FitResult<State>> {
  checkFitOptions(options);
  const run = await startRun(options);
  try {
    const interrupted = await train(options, run);
    await save(options, run);
    const { step, history, position } = run;
    return { state: await hostState(run), step, epoch: position.epoch, history: history.columns, interrupted };
  } finally {
    releaseRun(run);
  }
}

/** Step after step; gives whether the signal ended it. */
async function train<State, Batch>(options: FitOptions<State, Batch>, run: Run<State>): Promise<boolean> {
  const { steps = Infinity, epochs = Infinity, signal } = options;
  const speed = pace(() => performance.now());
  if (run.step >= steps) return false;
  for await (const { batch, position } of cursor(batchesOf(options), run.position)) {
    if (position.epoch >= epochs) break;
    if (signal?.aborted === true) return true;
    const { state, values, stats } = await attempt(options, run, batch);
    advance(run, state, position);
    speed.tick();
    const progress = { ...place(options, run), ...stats, values, stepsPerSecond: speed.stepsPerSecond() };
    await record(options, run, state, progress);
    if (run.step >= steps) break;
    if (isDue(options, run)) await save(options, run);
    await yieldToEventLoop();
  }
  return false;
}

const place = <State, Batch>(
  options: FitOptions<State, Batch>,
  run: Run<State>,
): Pick<Progress, 'step' | 'steps' | 'epoch' | 'epochs' | 'seconds'> => ({
  step: run.step,
  steps: totalSteps(options),
  epoch: run.position.epoch,
  epochs: options.epochs,
  seconds: run.seconds(),
});

/** Adds the step, and metrics that are due after it, to the history, and tells of it. */
async function record<State, Batch>(
  { metrics, onProgress }: FitOptions<State, Batch>,
  { history }: Run<State>,
  state: OnDevice<State>,
  progress: Progress & StepStats,
): Promise<void> {
  const { step, epoch, seconds, nfe, nfeBackward, accepted, rejected } = progress;
  const computed = metrics !== undefined && step % metrics.every === 0 ? await metrics.compute(state, step) : {};
  const values = { ...progress.values, ...computed };
  history.add({ step, epoch, seconds, nfe, nfeBackward, accepted, rejected, ...values });
  await onProgress?.({ ...progress, values });
}
