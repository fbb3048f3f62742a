/** A recurrent network run backwards over the observations. */
import { concat, onesLike, zerosLike, type FloatDType, type Tensor } from '@node-ode/core';
import { unroll, type Cell } from '@node-ode/nn';
import { requireSize } from './options.ts';
import type { Encoder, MakeCell } from './encoder.ts';
import { observationsSince, splitTime } from './series.ts';

/** What a recurrent encoder is made of. */
export interface RecurrentEncoderOptions<Params, State> {
  /** Components of an observation. */
  readonly dimensions: number;
  /** Features of the hidden state. */
  readonly hidden: number;
  /** `gruCell`, `rnnCell`, `lstmCell` or one of yours. */
  readonly cell: MakeCell<Params, State>;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/**
 * The recognition network of Chen et al. 2018, section 5: a recurrent cell that sees the observations from the last to the
 * first. Its input at an observation is [y ⊙ m, m, Δt, t − t₀]: values, 0 where there are none, which there are, the time
 * to the observation seen before it, and the time since t₀. A time at which a series has no observation is not seen, so that
 * padding and the times of other series change nothing.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the series don't fit.
 * @example
 * const encoder = recurrentEncoder({ dimensions: 2, hidden: 25, cell: gruCell });
 */
export function recurrentEncoder<Params, State>(options: RecurrentEncoderOptions<Params, State>): Encoder<Params> {
  const { dimensions, hidden, cell: makeCell, dtype = 'f32' } = options;
  requireSize('recurrentEncoder', 'dimensions', dimensions);
  const inner = makeCell(2 * dimensions + 2, hidden, { dtype });
  const cell = withGaps(inner);
  return {
    name: 'recurrentEncoder',
    dimensions,
    features: hidden,
    init: (random) => inner.init(random),
    apply: (params, series, t0) => {
      const { inputs, any } = observationsSince('recurrentEncoder', series, dimensions, t0);
      return cell.output(unroll(cell, params, inputs, { mask: any, reverse: true }).state);
    },
  };
}

/** A state, and when the last observation was seen. */
interface GapState<State> {
  readonly inner: State;
  /** [samples, 1] */
  readonly time: Tensor;
  /** 1 once there was an observation, else 0: [samples, 1]. */
  readonly seen: Tensor;
}

/** The cell on [time, ...values] that sees [...values, time since the last step, time]. */
const withGaps = <Params, State>(inner: Cell<Params, State>): Cell<Params, GapState<State>> => ({
  name: `gaps(${inner.name})`,
  init: (random) => inner.init(random),
  initialState: (input) => {
    const { time, values } = splitTime(input);
    const zeros = zerosLike(time);
    return { inner: inner.initialState(concat([values, zeros, zeros], 1)), time: zeros, seen: zeros };
  },
  apply: (params, state, input) => {
    const { time, values } = splitTime(input);
    const gap = state.time.sub(time).mul(state.seen);
    return {
      inner: inner.apply(params, state.inner, concat([values, gap, time], 1)),
      time,
      seen: onesLike(time),
    };
  },
  output: (state) => inner.output(state.inner),
});
