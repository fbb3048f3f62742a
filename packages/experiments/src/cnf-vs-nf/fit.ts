/** One flow fitted to one unnormalised density, and what it is worth. */
import { random, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import type { FlowSample, Sampler } from '@node-ode/model-cnf';
import { adam, cosineDecay } from '@node-ode/nn';
import { planeGrid } from '../flows/plane-grid.ts';
import { numbersOf, trainFlow, type Evaluation } from '../flows/train-flow.ts';
import type { Lab } from '../lab/index.ts';

/** How all flows are trained. */
export interface FitSettings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Points of the Monte Carlo estimate. */
  readonly points: number;
}

/** A flow, and the density that it is fitted to. */
export interface Subject<Params> extends Pick<Sampler<Params>, 'init' | 'base'> {
  /** KL less log Z, solved loosely. */
  reverseKl(params: TensorsOf<Params>, base: Tensor): Tensor;
  /** What is reported is solved tightly. */
  sample(params: TensorsOf<Params>, base: Tensor): FlowSample;
  logProb(params: TensorsOf<Params>, x: Tensor): Tensor;
  inverse(params: TensorsOf<Params>, x: Tensor): Tensor;
  energy(x: Tensor): Tensor;
  readonly logZ: number;
}

/** What a trained flow is worth. */
export interface Fit {
  /** KL(q ‖ p) in nats, by Monte Carlo, and its standard error. */
  readonly kl: number;
  readonly standardError: number;
  /** KL by the batches of training, averaged over each fiftieth of it. */
  readonly curve: readonly number[];
  /** Of the median step. */
  readonly secondsPerStep: number;
  /** Evaluations of f in the last step, forwards and backwards; 0 of a discrete flow. */
  readonly nfe: number;
  /** Seconds to carry the points forwards, and back: the least of three. */
  readonly forwardSeconds: number;
  readonly inverseSeconds: number;
  /** Largest distance of a coordinate from where it began, after both ways. */
  readonly roundTrip: number;
  /** The density on `pictureGrid`. */
  readonly density: readonly number[];
}

/** Points that the pictures' densities are computed at: 64 × 64 over [−4, 4]². */
export const pictureGrid = planeGrid(4, 64);

/** Trains and evaluates one flow. */
export async function fitFlow<Params>(
  lab: Lab,
  id: string,
  subject: Subject<Params>,
  seed: number,
  { steps, batchSize, learningRate, points }: FitSettings,
): Promise<Fit> {
  const trained = await trainFlow(lab, id, {
    params: subject.init(random(seed)),
    loss: (params: TensorsOf<Params>, { x }) => subject.reverseKl(params, x),
    batch: (source) => ({ x: subject.base(source, batchSize) }),
    optimizer: adam({ learningRate: cosineDecay({ initial: learningRate, steps }) }),
    steps,
    seed: seed + 100,
  });
  const base = subject.base(random(1_000_000 + seed), points);
  const sampled = trained.compiled((params, { x }) => {
    const drawn = subject.sample(params, x);
    return [drawn.x, drawn.logProb.add(subject.energy(drawn.x))];
  });
  const back = trained.compiled((params, { x }) => [subject.inverse(params, x)]);
  const density = trained.compiled((params, { x }) => [subject.logProb(params, x).exp()]);
  const [x = base, free] = await sampled({ x: base });
  const divergences = numbersOf(free).map((value) => value + subject.logZ);
  const [noise] = await back({ x });
  const [picture] = await density({ x: pictureGrid.points });
  return {
    ...meanAndError(divergences),
    curve: windows(trained.losses, 50).map((loss) => loss + subject.logZ),
    secondsPerStep: trained.secondsPerStep,
    nfe: (trained.nfe.at(-1) ?? 0) + (trained.nfeBackward.at(-1) ?? 0),
    forwardSeconds: await leastSeconds(sampled, base),
    inverseSeconds: await leastSeconds(back, x),
    roundTrip: largestDifference(numbersOf(noise), numbersOf(base)),
    density: numbersOf(picture).map((value) => Number(value.toPrecision(4))),
  };
}

function meanAndError(values: readonly number[]): Pick<Fit, 'kl' | 'standardError'> {
  const kl = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - kl) ** 2, 0) / (values.length - 1);
  return { kl, standardError: Math.sqrt(variance / values.length) };
}

/** Means of `count` equal stretches. */
function windows(values: readonly number[], count: number): readonly number[] {
  const length = Math.max(1, Math.floor(values.length / count));
  return Array.from({ length: Math.floor(values.length / length) }, (_, i) => {
    const part = values.slice(i * length, (i + 1) * length);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

async function leastSeconds(run: Evaluation, x: HostArray): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    await run({ x });
    least = Math.min(least, (performance.now() - began) / 1000);
  }
  return least;
}

const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
