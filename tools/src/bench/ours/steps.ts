/** Steps of dopri5 of one size, of core's parts or by hand. */
import {
  array,
  constant,
  leafNorm,
  whileLoop,
  type Backend,
  type Executable,
  type Graph,
  type Ode,
  type Tensor,
} from '@node-ode/core';
import type { OnnxExecutable } from '@node-ode/backend-onnx';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { Problem, StepsTask } from '../problem.ts';
import { fieldOf } from './dynamics.ts';
import type { ParamTensors } from './field.ts';
import { plainDopri5 } from './plain-dopri5.ts';
import { elementsOf, readLeaves, resident, rowsOf, type Program } from './program.ts';

/** What a step leaves to the next. */
interface Moment {
  readonly t: Tensor;
  readonly y: Tensor;
  /** f(t, y) */
  readonly k: Tensor;
}

/** A step of size h: the new state, f there, and the error norm. */
export type StepForm = (
  f: (t: Tensor, y: Tensor) => Tensor,
  h: Tensor,
  from: Moment,
  tolerances: Pick<Problem, 'rtol' | 'atol'>,
) => { readonly y: Tensor; readonly k: Tensor; readonly norm: Tensor };

/** The solver's step, and the error norm as the controller takes it. */
const ofParts: StepForm = (f, h, { t, y, k }, { rtol, atol }) => {
  const taken = dopri5().step((s, [x]) => [f(s, x as Tensor)], t, h, [y], { k: [k] });
  const scalar = (x: number): Tensor => constant(x, [], y.dtype);
  const norm = leafNorm(taken.error ?? [], [y], taken.y, [{ rtol: scalar(rtol), atol: scalar(atol) }], undefined);
  const [[y1], [k1]] = [taken.y, 'k' in taken.state ? taken.state.k : []];
  return { y: y1 as Tensor, k: k1 as Tensor, norm };
};

const forms: Readonly<Record<StepsTask['form'], StepForm>> = { parts: ofParts, plain: plainDopri5 };

export async function stepsProgram(ode: Ode, problem: Problem, task: StepsTask): Promise<Program> {
  const field = fieldOf(problem);
  const next = (params: ParamTensors, h: Tensor, { t, y, k }: Moment) => ({
    t: t.add(h),
    ...forms[task.form](field.at(params), h, { t, y, k }, problem),
  });
  const step = ode.compile(next);
  const steps = ode.compile((params: ParamTensors, y0: Tensor, h: Tensor, end: Tensor) => {
    const t0 = constant(0, [], y0.dtype);
    const { carry } = whileLoop(
      { t: t0, y: y0, k: field.at(params)(t0, y0), norm: t0 },
      ({ t }) => t.less(end),
      (moment) => ({ carry: next(params, h, moment) }),
    );
    return { y: carry.y, norm: carry.norm };
  });
  const number = (x: number) => array(x, { dtype: problem.dtype });
  const params = await resident(ode, field.params);
  const [y0, h, end] = await resident(ode, [
    rowsOf(task.y0, problem),
    number(task.h),
    number(task.h * task.count),
  ] as const);
  const run = async () => await steps(params, y0, h, end);
  return {
    restart: () => undefined,
    run: async () => void (await readLeaves(await run())),
    answer: async () => {
      const { y, norm } = await run();
      return {
        answer: { y: elementsOf(await readLeaves(y)), norm: elementsOf(await readLeaves(norm)) },
        counts: { nfe: 1 + 6 * task.count, nfeBackward: 0, steps: task.count },
        ...(await nodesOf(ode.backend, step.graph(params, h, { t: h, y: y0, k: y0 }))),
      };
    },
  };
}

/** How many nodes an engine makes of a graph, if it tells. */
async function nodesOf(backend: Backend, graph: Graph): Promise<{ readonly nodesPerStep?: number }> {
  const executable = await backend.compile(graph);
  const nodes = isPlaced(executable) ? executable.placement.reduce((sum, part) => sum + part.nodes, 0) : undefined;
  executable.dispose();
  return nodes === undefined ? {} : { nodesPerStep: nodes };
}

const isPlaced = (executable: Executable): executable is OnnxExecutable => 'placement' in executable;
