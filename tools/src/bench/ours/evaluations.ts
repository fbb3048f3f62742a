/** The right-hand side alone: what a solve would cost if nothing else did. */
import type { Ode, Tensor } from '@node-ode/core';
import type { EvaluationsTask, Problem } from '../problem.ts';
import { fieldOf } from './dynamics.ts';
import type { ParamTensors } from './field.ts';
import { elementsOf, readLeaves, resident, rowsOf, type Program } from './program.ts';

export async function evaluationsProgram(ode: Ode, problem: Problem, task: EvaluationsTask): Promise<Program> {
  const field = fieldOf(problem);
  const repeated = (count: number) =>
    ode.compile((params: ParamTensors, y0: Tensor) => {
      const f = field.at(params);
      let y = y0;
      for (let i = 0; i < count; i++) y = f(y0, y);
      return y;
    });
  const [once, all] = [repeated(1), repeated(task.count)];
  const params = await resident(ode, field.params);
  const y0 = await resident(ode, rowsOf(task.y0, problem));
  return {
    restart: () => undefined,
    run: async () => void (await readLeaves(await all(params, y0))),
    // Of the first alone: a network that is fed its own output may amplify rounding beyond any bound.
    answer: async () => ({
      answer: { dy: elementsOf(await readLeaves(await once(params, y0))) },
      counts: { nfe: task.count, nfeBackward: 0, steps: null },
    }),
  };
}
