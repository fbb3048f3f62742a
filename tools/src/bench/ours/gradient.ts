/** Gradients of the mean squared last state. */
import { array, valueAndGrad, type DeviceArray, type Ode, type Tensor } from '@node-ode/core';
import type { GradientTask, Problem } from '../problem.ts';
import { fieldOf, inOrder } from './dynamics.ts';
import type { ParamTensors } from './field.ts';
import { countsOf, elementsOf, readLeaves, resident, rowsOf, type Answered, type Program } from './program.ts';

export async function gradientProgram(ode: Ode, problem: Problem, task: GradientTask): Promise<Program> {
  const field = fieldOf(problem);
  const evaluate = ode.compile((params: ParamTensors, y0: Tensor, ts: Tensor) =>
    valueAndGrad((p: ParamTensors) => ode.odeint(field.at(p), y0, ts).ys.at(-1).square().mean())(params),
  );
  const params = await resident(ode, field.params);
  const y0 = await resident(ode, rowsOf(task.y0, problem));
  const times = (ts: readonly number[]): Promise<DeviceArray> => resident(ode, array(ts, { dtype: problem.dtype }));
  const over = async (ts: readonly number[]): Promise<Answered> => {
    const { result, stats } = await evaluate.run(params, y0, await times(ts));
    const [loss, gradient] = [await readLeaves(result.value), await readLeaves(inOrder(result.grad))];
    return { answer: { loss: elementsOf(loss), gradient: elementsOf(gradient) }, counts: countsOf(stats) };
  };
  const ts = await times(task.ts);
  return {
    restart: () => undefined,
    run: async () => void (await readLeaves(await evaluate(params, y0, ts))),
    answer: () => over(task.ts),
    over,
  };
}
