/** The augmented Neural ODE of Dupont, Doucet and Teh 2019 (arXiv:1904.01681) from its parts: lift, flow, head. */
import {
  OptionError,
  type Model,
  type Ode,
  type Random,
  type Solution,
  type SolveOptions,
  type Tensor,
  type TensorsOf,
  type Times,
} from '@node-ode/core';

/** Where and how the flow is solved. */
export interface FlowOptions {
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** The flow goes from 0 to here; 1 by default. */
  readonly t1?: number;
  /** What the model's solves override: tolerances, solver, `maxSteps` … */
  readonly solve?: SolveOptions;
}

/** The parts of an augmented Neural ODE. All functions are traced. */
export interface AugmentedOdeParts<Params> extends FlowOptions {
  readonly name: string;
  /** Fresh parameters of all parts: a tree of host arrays. */
  init(random: Random): Params;
  /** From the input to the state at t = 0, of more dimensions. */
  lift(params: TensorsOf<Params>, x: Tensor): Tensor;
  /** dh/dt, of the state's shape. */
  field(params: TensorsOf<Params>, t: Tensor, h: Tensor): Tensor;
  /** From a state to the model's output. */
  head(params: TensorsOf<Params>, h: Tensor): Tensor;
}

/** An augmented Neural ODE: `apply(params, x)` is head(h(t1)). */
export interface AugmentedOde<Params>
  extends Model<Params, Tensor, Tensor>, Pick<AugmentedOdeParts<Params>, 'lift' | 'field' | 'head'> {
  /** Where the flow ends. */
  readonly t1: number;
  /**
   * The features [times, ...state] of an input at the times `ts`, of which the first is that of the lifted input, with the
   * solve's statistics, `stats.nfe` among them.
   */
  solve(params: TensorsOf<Params>, x: Tensor, ts: Times, options?: SolveOptions): Solution<Tensor>;
  /** The flow from any state, augmented dimensions included: h at `ts`, from h(ts[0]). From t1 to 0 it is the inverse. */
  flow(params: TensorsOf<Params>, h: Tensor, ts: Times, options?: SolveOptions): Solution<Tensor>;
}

/**
 * The model d/dt h = f(t, h), h(0) = lift(x), y = head(h(t1)), from functions of one's own. `anode` and `convAnode` are made
 * of it.
 *
 * @throws OptionError if t1 is 0 or not finite. What `odeint` throws, when applied.
 * @example
 * const turned = augmentedOde({
 *   name: 'turned', ode, init: () => ({ rate: array(Math.PI) }),
 *   lift: (_, x) => concat([x, zerosLike(x)], -1),
 *   field: ({ rate }, _t, h) => concat([h.slice([0, 1], [4, 1]).neg(), h.slice([0, 0], [4, 1])], -1).mul(rate),
 *   head: (_, h) => h.slice([0, 0], [4, 1]),
 * }); // x ↦ −x, which no flow of the line is
 */
export function augmentedOde<Params>(parts: AugmentedOdeParts<Params>): AugmentedOde<Params> {
  const { name, ode, t1 = 1, solve: defaults = {} } = parts;
  if (!Number.isFinite(t1) || t1 === 0) {
    throw new OptionError(name, `t1 ${t1}`, { expected: 'a finite time other than 0, where the flow starts' });
  }
  const flow: AugmentedOde<Params>['flow'] = (params, h, ts, options = {}) =>
    ode.odeint((t: Tensor, y: Tensor) => parts.field(params, t, y), h, ts, { ...defaults, ...options });
  const solve: AugmentedOde<Params>['solve'] = (params, x, ts, options) =>
    flow(params, parts.lift(params, x), ts, options);
  return {
    name,
    t1,
    init: (random) => parts.init(random),
    lift: (params, x) => parts.lift(params, x),
    field: (params, t, h) => parts.field(params, t, h),
    head: (params, h) => parts.head(params, h),
    flow,
    solve,
    apply: (params, x) => parts.head(params, solve(params, x, [0, t1]).ys.at(-1)),
  };
}
