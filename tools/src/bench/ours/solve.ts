/** Forward solves. */
import { array, type Ode, type Tensor } from '@node-ode/core';
import type { Problem, SolveTask } from '../problem.ts';
import { fieldOf } from './dynamics.ts';
import type { ParamTensors } from './field.ts';
import { countsOf, elementsOf, readLeaves, resident, rowsOf, type Program } from './program.ts';

export async function solveProgram(ode: Ode, problem: Problem, task: SolveTask): Promise<Program> {
  const field = fieldOf(problem);
  const solve = ode.compile((params: ParamTensors, y0: Tensor, ts: Tensor) => {
    const { ys } = ode.odeint(field.at(params), y0, ts);
    return ys.slice([1, 0, 0], [task.ts.length - 1, ...y0.shape]);
  });
  const params = await resident(ode, field.params);
  const [y0, ts] = await resident(ode, [rowsOf(task.y0, problem), array(task.ts, { dtype: problem.dtype })] as const);
  const answer: Program['answer'] = async () => {
    const { result, stats } = await solve.run(params, y0, ts);
    return { answer: { ys: elementsOf(await readLeaves(result)) }, counts: countsOf(stats) };
  };
  return {
    restart: () => undefined,
    run: async () => void (await readLeaves(await solve(params, y0, ts))),
    answer,
  };
}
