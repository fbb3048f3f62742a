/** The composition root: plugins are values, put together and checked here. */
import { array, isHostArray, type HostArray } from '../array.ts';
import { CompositionError, OptionError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { constantStep } from '../ode/constant-step.ts';
import type { GradientMethod } from '../ode/gradient-method.ts';
import { requireCompatible, requirePerSample } from '../ode/compatibility.ts';
import type { Dynamics } from '../ode/dynamics.ts';
import { odeint, type EventSolution, type Solution } from '../ode/odeint.ts';
import {
  requireMaxSteps,
  requireOnFailure,
  requireSolveOptions,
  type EventOptions,
  type OdeParts,
  type SolveOptions,
} from '../ode/solve-options.ts';
import type { StateOf } from '../ode/state.ts';
import { requireKnownOptions, type OptionNames } from '../options.ts';
import { pid, type Tolerance } from '../ode/pid.ts';
import type { Solver } from '../ode/solver.ts';
import { requireMonotone, type HostTimes, type Times } from '../ode/times.ts';
import type { StepController } from '../ode/step-controller.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import { flattenTree, mapTree, type MapLeaves } from '../tree.ts';
import type { Backend, DeviceArray } from './backend.ts';
import { checkBackend } from './engine-checks.ts';
import { isDeviceArray, type ArgumentOf } from './arguments.ts';
import { compile, type Compiled, type CompileOptions, type RunStats } from './compile.ts';

export interface OdeOptions {
  readonly backend: Backend;
  readonly solver: Solver;
  /** By default `pid({ rtol, atol })` for a solver with an error estimate, `constantStep({ h })` for others. */
  readonly controller?: StepController;
  /** How derivatives of solves are found; backprop through the steps by default. */
  readonly gradient?: GradientMethod;
  /** Tolerances of the default controller: 1e-3 and 1e-6 by default. */
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  /** Step of the default controller of a solver without an error estimate. */
  readonly h?: number;
  /** Largest number of steps that a solve tries, of each sample with `perSample`; 10,000 by default. */
  readonly maxSteps?: number;
  /** Steps for each sample of a batch: `SolveOptions.perSample`. False by default. */
  readonly perSample?: boolean;
  /** What a solve that fails does: `SolveOptions.onFailure`. 'throw' by default. */
  readonly onFailure?: 'throw' | 'nan';
  /** Dtype of JavaScript numbers; f32 by default. */
  readonly dtype?: DType;
}

const odeOptions: OptionNames<OdeOptions> = {
  backend: true,
  solver: true,
  controller: true,
  gradient: true,
  rtol: true,
  atol: true,
  h: true,
  maxSteps: true,
  perSample: true,
  onFailure: true,
  dtype: true,
};

/** A state on the host: numbers and host arrays, as a tree of host arrays. */
export type HostState<Y> = MapLeaves<Y, TensorLike, HostArray>;

/** A solution on the host. */
export interface HostSolution<Y> {
  readonly ts: HostArray;
  /** Each leaf has the times as its first axis. */
  readonly ys: HostState<Y>;
  readonly stats: RunStats;
  /** With `perSample`, or `onFailure: 'nan'`: what the solve took and how it ended. `stats` has the sums over samples. */
  readonly outcome?: SolveOutcome;
}

/** A solution on the host that an event may have ended: `ys` holds the event's state at later times. */
export interface HostEventSolution<Y> extends HostSolution<Y> {
  readonly event: HostEvent<Y>;
}

/** Where a solve with events ended. */
export interface HostEvent<Y> {
  /** Whether an event happened. If none did, `t` and `y` are those of the last time. */
  readonly occurred: boolean;
  /** Which of the events, −1 if none happened. */
  readonly index: number;
  readonly t: number;
  readonly y: HostState<Y>;
}

/** Steps and status of a solve, i32: scalars, or vectors of one for each sample. A status of 0 is success. */
export interface SolveOutcome {
  readonly accepted: HostArray;
  readonly rejected: HostArray;
  readonly status: HostArray;
}

/** Plugins put together. */
export interface Ode {
  readonly backend: Backend;
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
  /** Solves dy/dt = f(t, y) inside a traced function; differentiable by the gradient method. */
  odeint<Y>(
    f: Dynamics<StateOf<Y>>,
    y0: Y,
    ts: Times,
    options: SolveOptions & EventOptions<StateOf<Y>>,
  ): EventSolution<StateOf<Y>>;
  odeint<Y>(f: Dynamics<StateOf<Y>>, y0: Y, ts: Times, options?: SolveOptions): Solution<StateOf<Y>>;
  /** Solves once, from host to host. */
  solve<Y>(
    f: Dynamics<StateOf<Y>>,
    y0: Y,
    ts: HostTimes,
    options: SolveOptions & EventOptions<StateOf<Y>>,
  ): Promise<HostEventSolution<Y>>;
  solve<Y>(f: Dynamics<StateOf<Y>>, y0: Y, ts: HostTimes, options?: SolveOptions): Promise<HostSolution<Y>>;
  /** Compiles a function that may solve, differentiate and update: one call into the engine. */
  compile<A extends readonly unknown[], R>(fn: (...args: A) => R, options?: CompileOptions): Compiled<A, R>;
  /** The same parts but for some. */
  with(changes: Partial<OdeOptions>): Ode;
}

const backprop: GradientMethod = {
  name: 'backprop',
  perSample: true,
  handlesEvents: true,
  solve: (problem, integrate) => integrate(problem),
};

/**
 * Puts a backend, a solver, a controller and a gradient method together.
 *
 * @throws CompositionError if they do not work together, with the reason; OptionError for an option out of range, or one that is not known.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: adjoint(), rtol: 1e-6, atol: 1e-8 });
 * const { ys } = await ode.solve((t, y) => y.neg(), 1, [0, 1]);
 */
export function createOde(options: OdeOptions): Ode {
  requireKnownOptions('createOde', options, odeOptions);
  const { backend, solver, gradient = backprop, dtype = 'f32', perSample = false } = options;
  const onFailure = requireOnFailure('createOde', options.onFailure ?? 'throw');
  checkBackend('createOde', backend);
  const maxSteps = requireMaxSteps('createOde', options.maxSteps ?? 10_000);
  if (dtype !== 'f32' && dtype !== 'f64') {
    throw new OptionError('createOde', `dtype = ${dtype}`, { expected: "'f32' or 'f64'" });
  }
  const controller = options.controller ?? defaultController(options);
  requireCompatible(solver, controller);
  if (perSample) requirePerSample({ solver, controller, gradient });
  requireNoneIgnored(options);
  const parts: OdeParts = { solver, controller, gradient, maxSteps, dtype, perSample, onFailure };
  const compileHere = <A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    given: CompileOptions = {},
  ): Compiled<A, R> => compile(backend, fn, { dtype, ...given });
  const odeintHere = <Y>(f: Dynamics<StateOf<Y>>, y0: Y, ts: Times, given?: Given<Y>) =>
    odeint(parts, f, y0, ts, given);
  const solve = async <Y>(f: Dynamics<StateOf<Y>>, y0: Y, ts: HostTimes, given: Given<Y> = {}) => {
    requireSolveOptions('solve', given);
    requireMonotone(ts);
    const { leaves, structure } = flattenTree('solve', y0, isStateLeaf, 'a number or a host array');
    const of = leaves.find((leaf) => typeof leaf !== 'number')?.dtype ?? dtype;
    const start = structure.rebuild(
      leaves.map((leaf) => (typeof leaf === 'number' ? array(leaf, { dtype: of }) : leaf)),
    );
    const times = 'data' in ts ? ts : array(ts, { dtype: of });
    const hasOutcome = (given.perSample ?? perSample) || (given.onFailure ?? onFailure) === 'nan';
    const program = compileHere((y: StateOf<Y>, times: Tensor) => {
      const solution = odeint(parts, f, y as Y, times, given);
      const { accepted, rejected, status } = solution.stats;
      return {
        ts: solution.ts,
        ys: solution.ys,
        ...(hasOutcome ? { outcome: { accepted, rejected, status } } : {}),
        ...(solution.event === undefined ? {} : { event: solution.event }),
      };
    });
    try {
      const { result, stats } = await program.run(start as ArgumentOf<StateOf<Y>>, times);
      const host = (await readTree(result)) as Omit<HostSolution<Y>, 'stats'> & { readonly event?: EventArrays<Y> };
      const { event, ...others } = host;
      return { ...others, stats, ...(event === undefined ? {} : { event: hostEvent(event) }) };
    } finally {
      program.dispose();
    }
  };
  return {
    backend,
    solver,
    controller,
    gradient,
    odeint: odeintHere as Ode['odeint'],
    solve: solve as Ode['solve'],
    compile: compileHere,
    with: (changes) => createOde({ ...options, ...changes }),
  };
}

/** What a solve can be given. */
type Given<Y> = SolveOptions & Partial<EventOptions<StateOf<Y>>>;

/** An event as it is read from the device. */
type EventArrays<Y> = Readonly<Record<'occurred' | 'index' | 't', HostArray>> & Pick<HostEvent<Y>, 'y'>;

const hostEvent = <Y>({ occurred, index, t, y }: EventArrays<Y>): HostEvent<Y> => ({
  occurred: occurred.data[0] === 1,
  index: index.data[0] as number,
  t: t.data[0] as number,
  y,
});

/** Reads all arrays of a tree to the host, and frees them. */
async function readTree(tree: unknown): Promise<unknown> {
  const { leaves } = flattenTree('solve', tree, isDeviceArray);
  const arrays = new Map<DeviceArray, HostArray>();
  await Promise.all(
    leaves.map(async (leaf) => {
      try {
        arrays.set(leaf, await leaf.read());
      } finally {
        leaf.dispose();
      }
    }),
  );
  return mapTree('solve', isDeviceArray, (x) => arrays.get(x), tree);
}

const isStateLeaf = (x: unknown): x is number | HostArray => typeof x === 'number' || isHostArray(x);

function defaultController({ solver, rtol, atol, h }: OdeOptions): StepController {
  if (h !== undefined) return constantStep({ h });
  if (solver.hasErrorEstimate) {
    return pid({ ...(rtol === undefined ? {} : { rtol }), ...(atol === undefined ? {} : { atol }) });
  }
  throw new CompositionError('createOde', `solver '${solver.name}' has no error estimate, and no step was given`, {
    expected: 'h, or a controller',
    advice: 'Pass h: 0.1 or controller: constantStep({ h: 0.1 }).',
  });
}

function requireNoneIgnored({ controller, rtol, atol, h, solver }: OdeOptions): void {
  const ignoresTolerances = controller !== undefined || h !== undefined || !solver.hasErrorEstimate;
  if (ignoresTolerances && (rtol !== undefined || atol !== undefined)) {
    throw new OptionError('createOde', 'rtol or atol with a controller that is given or has constant steps', {
      expected: 'tolerances for the default adaptive controller only',
      advice: 'Pass them to the controller: pid({ rtol, atol }).',
    });
  }
  if (controller !== undefined && h !== undefined) {
    throw new OptionError('createOde', 'both h and a controller', { expected: 'one of them' });
  }
}
