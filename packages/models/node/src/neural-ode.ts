/** The Neural ODE block of Chen et al. 2018 (arXiv:1806.07366): a layer whose output is the solution of an ODE. */
import {
  isTensor,
  mapTree,
  OptionError,
  type Dynamics,
  type Model,
  type Ode,
  type Solution,
  type SolveOptions,
  type Tensor,
  type TensorsOf,
  type Times,
} from '@node-ode/core';
import type { NodeDynamics } from './dynamics.ts';

/** What both kinds of output need. */
export interface NeuralOdeParts<Params, Y> {
  readonly dynamics: NodeDynamics<Params, Y>;
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** What the block's solves override: tolerances, solver, `maxSteps` … */
  readonly solve?: SolveOptions;
}

/** A block from y(t0) to y(t1). */
export interface TerminalOptions<Params, Y> extends NeuralOdeParts<Params, Y> {
  readonly output?: 'terminal';
  /** 0 by default. */
  readonly t0?: number;
  /** 1 by default; may lie before t0. */
  readonly t1?: number;
}

/** A block from y(ts[0]) to y at all of `ts`. */
export interface TrajectoryOptions<Params, Y> extends NeuralOdeParts<Params, Y> {
  readonly output: 'trajectory';
  /** Increasing or decreasing; the state that is put in belongs to the first. */
  readonly ts: Times;
}

/** A Neural ODE block. `Y` is the state: any tree of tensors. */
export interface NeuralOde<Params, Y> extends Model<Params, Y, Y> {
  /** The solution from y(ts[0]) = y0 at other times, with its statistics: for plots, or to run the flow backwards. */
  solve(params: TensorsOf<Params>, y0: Y, ts: Times, options?: SolveOptions): Solution<Y>;
}

/**
 * The block dy/dt = f(t, y, θ). `apply(params, y0)` gives y(t1) (`output: 'terminal'`, the default), or y at each of `ts`
 * (`output: 'trajectory'`), where each leaf has the time axis first. Gradients reach parameters and input by the gradient
 * method of `ode`.
 *
 * @throws OptionError if t0 or t1 is not finite, if they are equal, or if options of both kinds are mixed. What `odeint`
 * throws, when applied.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: adjoint() });
 * const block = neuralOde({ dynamics: timeMlp({ sizes: [2, 50, 2] }), ode });
 * const params = block.init(random(0));
 * const y1 = await ode.compile((p: TensorsOf<typeof params>, y0: Tensor) => block.apply(p, y0))(params, array([[2, 0]]));
 */
export function neuralOde<Params, Y>(
  options: TerminalOptions<Params, Y> | TrajectoryOptions<Params, Y>,
): NeuralOde<Params, Y> {
  const { dynamics, ode, solve: defaults = {} } = options;
  const ts = timesOf(options);
  const solve: NeuralOde<Params, Y>['solve'] = (params, y0, times, overrides = {}) =>
    solveTensors(ode, (t, y: Y) => dynamics.apply(params, t, y), y0, times, { ...defaults, ...overrides });
  const isTerminal = options.output !== 'trajectory';
  return {
    name: 'neuralOde',
    init: (random) => dynamics.init(random),
    solve,
    apply: (params, y0) => {
      const { ys } = solve(params, y0, ts);
      return isTerminal ? atLast(ys) : ys;
    },
  };
}

/** `odeint` of a tree of tensors, which is its own `StateOf`: TypeScript can't see that while Y is open. */
function solveTensors<Y>(
  ode: Pick<Ode, 'odeint'>,
  f: Dynamics<Y>,
  y0: Y,
  ts: Times,
  options: SolveOptions,
): Solution<Y>;
function solveTensors(
  ode: Pick<Ode, 'odeint'>,
  f: Dynamics<Tensor>,
  y0: Tensor,
  ts: Times,
  options: SolveOptions,
): Solution<Tensor> {
  return ode.odeint(f, y0, ts, options);
}

/** A tree of trajectories at the last time. */
function atLast<Y>(ys: Y): Y;
function atLast(ys: unknown): unknown {
  return mapTree('neuralOde', isTensor, (leaf) => leaf.at(-1), ys);
}

function timesOf<Params, Y>(options: TerminalOptions<Params, Y> | TrajectoryOptions<Params, Y>): Times {
  if (options.output === 'trajectory') {
    if ('t0' in options || 't1' in options || options.ts === undefined) {
      throw new OptionError('neuralOde', "output 'trajectory' with t0 or t1, or without ts", {
        expected: 'ts: the times of the output, of which the first is that of the input',
      });
    }
    return options.ts;
  }
  const { t0 = 0, t1 = 1, output = 'terminal' } = options;
  if (output !== 'terminal' || 'ts' in options) {
    throw new OptionError('neuralOde', `output '${String(output)}'${'ts' in options ? ' with ts' : ''}`, {
      expected: "'terminal' with t0 and t1, or 'trajectory' with ts",
    });
  }
  if (!Number.isFinite(t0) || !Number.isFinite(t1) || t0 === t1) {
    throw new OptionError('neuralOde', `t0 ${t0} and t1 ${t1}`, { expected: 'two different finite times' });
  }
  return [t0, t1];
}
