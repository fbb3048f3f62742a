/** One flow fitted to samples of one density, and what it is worth. */
import { random, type TensorsOf } from '@node-ode/core';
import { adam, cosineDecay } from '@node-ode/nn';
import { rowsOf, type PlaneData } from '../flows/data.ts';
import { planeGrid } from '../flows/plane-grid.ts';
import { numbersOf, trainFlow } from '../flows/train-flow.ts';
import type { Lab } from '../lab/index.ts';
import type { DensityModel } from './models.ts';

/** How all flows are trained. */
export interface FitSettings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Points that the likelihood is measured on. */
  readonly points: number;
}

/** What an animation shows of a flow. */
export interface Film {
  /** Parts of the flow's time, one for each frame. */
  readonly parts: readonly number[];
  /** On `pictureGrid`. */
  readonly densities: readonly (readonly number[])[];
  /** Points x, y, x, y … */
  readonly samples: readonly (readonly number[])[];
}

/** What a trained flow is worth. */
export interface Fit {
  /** −log p of fresh points, mean, in nats; with augmentation by 16 draws, which bound it from above. */
  readonly nll: number;
  readonly standardError: number;
  /** With augmentation, by one draw. */
  readonly bound: number | null;
  /** The same mean of the density itself, where it is known. */
  readonly entropy: number | null;
  readonly secondsPerStep: number;
  readonly nfe: number;
  /** Densities on `pictureGrid` at `parts` of the flow's time, or at its end alone. */
  readonly densities: readonly (readonly number[])[];
  /** Points at the same times: x, y, x, y … */
  readonly samples: readonly (readonly number[])[];
  /** Of flows in time with exact densities, where it was asked for. */
  readonly film: Film | null;
}

/** Parts of the flow's time that are drawn, as in the paper's Figure 5. */
export const parts = [0.05, 0.2, 0.4, 0.6, 0.8, 1];

const filmParts = Array.from({ length: 24 }, (_, i) => (i + 1) / 24);

/** Points of the pictures: 56 × 56 over [−4.5, 4.5]². */
export const pictureGrid = planeGrid(4.5, 56);

/** Samples that are drawn into the pictures. */
const drawn = 400;

const short = (values: readonly number[]): readonly number[] => values.map((value) => Number(value.toPrecision(3)));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Trains and evaluates one flow. */
export async function fitDensity<Params>(
  lab: Lab,
  id: string,
  model: DensityModel<Params>,
  data: PlaneData,
  seed: number,
  { steps, batchSize, learningRate, points }: FitSettings,
  filmed = false,
): Promise<Fit> {
  const trained = await trainFlow(lab, id, {
    params: model.init(random(seed)),
    loss: (params: TensorsOf<Params>, batch) => model.loss(params, batch),
    batch: (source) => ({ x: data.draw(source, batchSize), ...model.noise(source, batchSize, 1) }),
    optimizer: adam({ learningRate: cosineDecay({ initial: learningRate, steps }) }),
    steps,
    seed: seed + 100,
  });
  const fresh = random(1_000_000 + seed);
  const x = data.draw(fresh, points);
  const logProb = async (draws: number, part: number, at = x): Promise<readonly number[]> => {
    const run = trained.compiled((params, batch) => [model.logProb(params, batch, part)]);
    const [values] = await run({ x: at, ...model.noise(fresh, at.shape[0] ?? 0, draws) });
    return numbersOf(values);
  };
  const densitiesAt = async (times: readonly number[]): Promise<(readonly number[])[]> => {
    const densities: (readonly number[])[] = [];
    for (const part of times) {
      const values = await logProb(model.draws, part, pictureGrid.points);
      densities.push(short(values.map(Math.exp)));
    }
    return densities;
  };
  const samplesAt = async (times: readonly number[]): Promise<(readonly number[])[]> => {
    const draw = trained.compiled((params, batch) => [model.samples(params, batch.x, times)]);
    const [moved] = await draw({ x: model.base(fresh, drawn) });
    const coordinates = numbersOf(moved);
    return times.map((_, i) => short(coordinates.slice(2 * drawn * i, 2 * drawn * (i + 1))));
  };
  const isExact = model.isContinuous && model.draws === 1;
  const times = isExact ? parts : [1];
  const [densities, samples] = [await densitiesAt(times), await samplesAt(times)];
  const values = await logProb(model.draws, 1);
  const { logDensity } = data;
  return {
    nll: -mean(values),
    standardError: Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) / (values.length - 1)),
    bound: model.draws === 1 ? null : -mean(await logProb(1, 1)),
    entropy: logDensity === undefined ? null : -mean(rowsOf(x).map(([a, b]) => logDensity(a, b))),
    secondsPerStep: trained.secondsPerStep,
    nfe: (trained.nfe.at(-1) ?? 0) + (trained.nfeBackward.at(-1) ?? 0),
    densities,
    samples,
    film:
      filmed && isExact
        ? { parts: filmParts, densities: await densitiesAt(filmParts), samples: await samplesAt(filmParts) }
        : null,
  };
}
