/** The baseline: a recurrent network that is told how long ago it saw what it sees. */
import {
  concat,
  constant,
  isTensor,
  mapTree,
  onesLike,
  scan,
  select,
  zerosLike,
  type FloatDType,
  type Model,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import type { Layer } from '@node-ode/nn';
import type { MakeCell } from './encoder.ts';
import { gaussianLogLikelihood, requireSigma, type Sigma } from './gaussian.ts';
import { requireSize } from './options.ts';
import { timeFirst, timesOfSamples, type SeriesBatch, type TimeFirst } from './series.ts';

/** What the baseline is made of. */
export interface GapRnnOptions<CellParams, State, DecoderParams> {
  /** Components of an observation. */
  readonly dimensions: number;
  /** Features of the hidden state. */
  readonly hidden: number;
  /** `rnnCell`, `gruCell`, `lstmCell` or one of yours. */
  readonly cell: MakeCell<CellParams, State>;
  /** The mean of an observation, from `hidden` features to `dimensions`. */
  readonly decoder: Layer<DecoderParams>;
  /** Standard deviation of the observations' noise: one number, or one for each component. */
  readonly sigma: Sigma;
  /** Of the parameters of the cell; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of the baseline. */
export interface GapRnnParams<CellParams, DecoderParams> {
  readonly cell: CellParams;
  readonly decoder: DecoderParams;
}

/** What the baseline is trained on. */
export interface GapRnnBatch {
  readonly observed: SeriesBatch;
  /** What is to be predicted, at the times of `observed`; `observed` itself by default. */
  readonly target?: SeriesBatch;
}

/** The baseline. */
export interface GapRnn<CellParams, DecoderParams> extends Model<
  GapRnnParams<CellParams, DecoderParams>,
  GapRnnBatch,
  Tensor
> {
  /**
   * Goes on behind the observations: means [samples, future, dimensions] at `future`, times [future] or [samples, future]
   * that follow the last observation, where each prediction is taken for an observation.
   */
  forecast(params: TensorsOf<GapRnnParams<CellParams, DecoderParams>>, observed: SeriesBatch, future: Tensor): Tensor;
  /** −log likelihood of the targets behind a series' first observation, the mean over the series. */
  readonly loss: (params: TensorsOf<GapRnnParams<CellParams, DecoderParams>>, batch: GapRnnBatch) => Tensor;
}

/**
 * The recurrent baseline of Chen et al. 2018, section 5.1: it predicts the next observation from those before it, and each
 * observation comes to it with the time from there to the prediction. At time t its input is [y ⊙ m, m, t − t′], y the
 * observation before t and t′ its time. `apply` gives the means at all times of the batch [samples, times, dimensions], each
 * from what was observed before it, also where nothing is observed; before the first observation they mean nothing.
 *
 * @throws OptionError if a size is no positive integer or σ is not positive; ShapeError, when applied, if parts don't fit.
 * @example
 * const baseline = gapRnn({ dimensions: 2, hidden: 25, cell: rnnCell, decoder: linear(25, 2), sigma: 0.3 });
 */
export function gapRnn<CellParams, State, DecoderParams>(
  options: GapRnnOptions<CellParams, State, DecoderParams>,
): GapRnn<CellParams, DecoderParams> {
  const { dimensions, hidden, cell: makeCell, decoder, sigma, dtype = 'f32' } = options;
  requireSize('gapRnn', 'dimensions', dimensions);
  requireSigma('gapRnn', sigma, dimensions);
  const cell = makeCell(2 * dimensions + 1, hidden, { dtype });
  type Parameters = TensorsOf<GapRnnParams<CellParams, DecoderParams>>;
  type Seen = Memory<State>;
  const start = (y: Tensor): Seen => {
    const [zeros, none] = [zerosLike(y), constant(0, [y.shape[0] ?? 0, 1], y.dtype)];
    const inner = cell.initialState(concat([zeros, zeros, none], 1));
    return { inner, values: zeros, observed: zeros, time: none, seen: none };
  };
  /** The state of the network at a time, and what it predicts there. */
  const reach = (
    params: Parameters,
    memory: Seen,
    t: Tensor,
  ): { readonly inner: State; readonly predicted: Tensor } => {
    const gap = t.sub(memory.time).mul(memory.seen);
    const inner = cell.apply(params.cell, memory.inner, concat([memory.values, memory.observed, gap], 1));
    return { inner, predicted: decoder.apply(params.decoder, cell.output(inner)) };
  };
  const alongObserved = (params: Parameters, series: SeriesBatch) => {
    const steps = timeFirst('gapRnn', series, dimensions);
    return scan(start(steps.y.at(0)), steps, (memory: Seen, { t, y, observed, any }: TimeFirst) => {
      const { inner, predicted } = reach(params, memory, t);
      const next = { inner, values: y, observed, time: t, seen: onesLike(t) };
      return { carry: where(any, next, memory), output: { predicted, seen: memory.seen } };
    });
  };
  const loss = (params: Parameters, { observed, target = observed }: GapRnnBatch): Tensor => {
    const { predicted, seen } = alongObserved(params, observed).outputs;
    const { y, observed: wanted } = timeFirst('gapRnn', target, dimensions);
    return gaussianLogLikelihood(predicted, y, wanted.mul(seen), sigma)
      .sum({ axes: [0, 2] })
      .mean()
      .neg();
  };
  return {
    name: 'gapRnn',
    init: (random) => ({ cell: cell.init(random), decoder: decoder.init(random) }),
    apply: (params, { observed }) => alongObserved(params, observed).outputs.predicted.transpose([1, 0, 2]),
    forecast: (params, observed, future) => {
      const times = timesOfSamples(future, observed.y.shape[0] ?? 0).expandDims(2);
      return scan(alongObserved(params, observed).carry, times, (memory: Seen, t) => {
        const { inner, predicted } = reach(params, memory, t);
        const next = { inner, values: predicted, observed: onesLike(predicted), time: t, seen: onesLike(t) };
        return { carry: next, output: predicted };
      }).outputs.transpose([1, 0, 2]);
    },
    loss,
  };
}

/** What the network knows: its state, and the last observation that it has not taken in yet. */
interface Memory<State> {
  readonly inner: State;
  readonly values: Tensor;
  readonly observed: Tensor;
  /** [samples, 1], as `seen`: 1 once there was an observation, else 0. */
  readonly time: Tensor;
  readonly seen: Tensor;
}

/** `next` for samples where `condition` [samples] holds, `before` for the others. */
const where = <M>(condition: Tensor, next: M, before: M): M =>
  mapTree(
    'gapRnn',
    isTensor,
    (a, b) => select(condition.reshape([...condition.shape, ...a.shape.slice(1).map(() => 1)]), a, b),
    next,
    before,
  ) as M;
