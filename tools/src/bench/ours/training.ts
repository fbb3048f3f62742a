/** Training by RMSprop: parameters and the optimiser's state stay on the device, a step is one call. */
import { array, valueAndGrad, type ArgumentOf, type HostArray, type Ode, type Tensor } from '@node-ode/core';
import { applyGradients, mae, rmsprop, trainState, type TrainState } from '@node-ode/nn';
import type { Problem, TrainingTask } from '../problem.ts';
import { fieldOf, inOrder } from './dynamics.ts';
import type { ParamTensors } from './field.ts';
import { countsOf, elementsOf, free, readLeaves, resident, rowsOf, type Program } from './program.ts';

interface Batch {
  readonly y0: HostArray;
  readonly ys: HostArray;
}

/** The windows of a batch, [window][batch][features]. */
function batchOf(problem: Problem, { ys, window }: TrainingTask, starts: readonly number[]): Batch {
  const rows = Array.from({ length: window }, (_, k) => starts.map((start) => ys[start + k] ?? []));
  return { y0: rowsOf(rows[0] ?? [], problem), ys: array(rows, { dtype: problem.dtype }) };
}

export async function trainingProgram(ode: Ode, problem: Problem, task: TrainingTask): Promise<Program> {
  const { dtype } = problem;
  const field = fieldOf(problem);
  const optimizer = rmsprop({ learningRate: task.learningRate });
  const batches = task.batches.map((starts) => batchOf(problem, task, starts));
  const times = array(task.ts.slice(0, task.window), { dtype });
  const lossOf = (y0: Tensor, ys: Tensor) => (params: ParamTensors) =>
    mae(ode.odeint(field.at(params), y0, times).ys, ys);

  type State = TrainState<Tensor, ParamTensors>;
  const initial = trainState(optimizer, field.params) as ArgumentOf<State>;
  const step = ode.compile(
    (state: State, y0: Tensor, ys: Tensor) => {
      const { value, grad } = valueAndGrad(lossOf(y0, ys))(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    },
    { donate: [0] },
  );
  const evaluate = ode.compile((params: ParamTensors, y0: Tensor, ys: Tensor) => valueAndGrad(lossOf(y0, ys))(params));
  let [state, done] = [initial, 0];

  const restart = (): void => {
    free(state);
    [state, done] = [initial, 0];
  };
  const run = async (): Promise<void> => {
    const batch = batches[done % batches.length] as Batch;
    const { state: next, loss } = await step(state, batch.y0, batch.ys);
    await readLeaves(loss);
    [state, done] = [next as ArgumentOf<State>, done + 1];
  };

  /** The mean absolute error over the whole trajectory. */
  const testLoss = ode.compile((params: ParamTensors, whole: Tensor, ts: Tensor) =>
    mae(ode.odeint(field.at(params), whole.at(0).expandDims(0), ts).ys, whole.expandDims(1)),
  );
  const [whole, ts] = await resident(ode, [rowsOf(task.ys, problem), array(task.ts, { dtype })] as const);
  const test = async (): Promise<number> =>
    elementsOf(await readLeaves(await testLoss(state.params, whole, ts)))[0] ?? NaN;

  return {
    restart,
    run,
    answer: async () => {
      const { y0, ys } = batches[0] as Batch;
      const { result, stats } = await evaluate.run(field.params, y0, ys);
      const [loss, gradient] = [await readLeaves(result.value), await readLeaves(inOrder(result.grad))];
      return { answer: { loss: elementsOf(loss), gradient: elementsOf(gradient) }, counts: countsOf(stats) };
    },
    test,
  };
}
