/** The ODE-RNN of Rubanova et al. 2019: a recurrent network whose state moves between observations. */
import {
  onesLike,
  zerosLike,
  type FloatDType,
  type Ode,
  type SolveOptions,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { unroll, type Cell, type Layer } from '@node-ode/nn';
import type { Encoder, MakeCell } from './encoder.ts';
import { requireSize } from './options.ts';
import { observationsSince, splitTime } from './series.ts';

/** What an ODE-RNN is made of. */
export interface OdeRnnEncoderOptions<CellParams, DynamicsParams> {
  /** Components of an observation. */
  readonly dimensions: number;
  /** Features of the hidden state. */
  readonly hidden: number;
  /** `gruCell`, `rnnCell` or one of yours whose state is one tensor. */
  readonly cell: MakeCell<CellParams, Tensor>;
  /** dh/dt = f(h), from `hidden` to `hidden` features. */
  readonly dynamics: Layer<DynamicsParams>;
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** What the solves between observations override: tolerances, solver, `maxSteps` … */
  readonly solve?: SolveOptions;
  /** Of the parameters of the cell; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of an ODE-RNN. */
export interface OdeRnnParams<CellParams, DynamicsParams> {
  readonly cell: CellParams;
  readonly dynamics: DynamicsParams;
}

/**
 * The ODE-RNN encoder (Rubanova et al. 2019, algorithm 1), run backwards: from one observation to the one before it the
 * hidden state follows dh/dt = f(h), where there is one the cell updates it with [y ⊙ m, m], and from the first it goes on to
 * t₀. Each series moves by times of its own in one solve for the batch: with s from 0 to 1, dh/ds = Δt · f(h).
 * A time at which a series has no observation leaves its state as it is.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the series or the dynamics don't fit.
 * @example
 * const encoder = odeRnnEncoder({
 *   dimensions: 2, hidden: 20, cell: gruCell, dynamics: mlp({ sizes: [20, 50, 20] }), ode,
 * });
 */
export function odeRnnEncoder<CellParams, DynamicsParams>(
  options: OdeRnnEncoderOptions<CellParams, DynamicsParams>,
): Encoder<OdeRnnParams<CellParams, DynamicsParams>> {
  const { dimensions, hidden, cell: makeCell, dynamics, ode, solve = {}, dtype = 'f32' } = options;
  requireSize('odeRnnEncoder', 'dimensions', dimensions);
  const inner = makeCell(2 * dimensions, hidden, { dtype });
  /** The hidden state after times `spans` [samples, 1]. */
  const move = (params: TensorsOf<DynamicsParams>, state: Tensor, spans: Tensor): Tensor =>
    ode
      .odeint((_s, h: Tensor) => dynamics.apply(params, h).mul(spans), state, [0, 1], { ...solve, perSample: false })
      .ys.at(1);
  const cell: Cell<OdeRnnParams<CellParams, DynamicsParams>, MovingState> = {
    name: `ode(${inner.name})`,
    init: (random) => ({ cell: inner.init(random), dynamics: dynamics.init(random) }),
    initialState: (input) => {
      const { time, values } = splitTime(input);
      return { hidden: inner.initialState(values), time: zerosLike(time), seen: zerosLike(time) };
    },
    apply: (params, { hidden: before, time, seen }, input) => {
      const { time: now, values } = splitTime(input);
      // Series that have nothing here don't move: their step must not make that of the others smaller.
      const isHere = values
        .notEqual(0)
        .any({ axes: [1], keepDims: true })
        .cast(input.dtype);
      const moved = move(params.dynamics, before, now.sub(time).mul(seen).mul(isHere));
      return { hidden: inner.apply(params.cell, moved, values), time: now, seen: onesLike(now) };
    },
    output: (state) => state.hidden,
  };
  return {
    name: 'odeRnnEncoder',
    dimensions,
    features: hidden,
    init: (random) => cell.init(random),
    apply: (params, series, t0) => {
      const { inputs, any } = observationsSince('odeRnnEncoder', series, dimensions, t0);
      const { hidden: first, time, seen } = unroll(cell, params, inputs, { mask: any, reverse: true }).state;
      return move(params.dynamics, first, time.mul(seen).neg());
    },
  };
}

/** A hidden state [samples, hidden], the time that it belongs to since t₀, and whether there was an observation: [samples, 1]. */
interface MovingState {
  readonly hidden: Tensor;
  readonly time: Tensor;
  readonly seen: Tensor;
}
