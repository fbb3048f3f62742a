/** What trained models make of spirals that they have not seen. */
import { hostArray, type Backend, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import type { SeriesBatch } from '@node-ode/model-latent-ode';
import { someOf, type Spirals } from './data.ts';
import { latentModel, rnnModel, type LatentParams, type RnnParams, type Settings } from './models.ts';

/** Points of the plane, one after another. */
export type Curve = readonly (readonly [number, number])[];

/** A trained model on the spirals to test on: root mean square errors of coordinates, against points without noise. */
export interface Scores {
  /** At all times of the piece, observed or not; the baseline, which goes forwards from what it has seen, has none. */
  readonly reconstruction: number | null;
  /** At the 100 times behind the piece. */
  readonly extrapolation: number;
  /** Of the first spirals, for the pictures. */
  readonly examples: readonly Example[];
}

/** What a model draws of one spiral. */
export interface Example {
  /** The latent ODE's, over the piece and before it. */
  readonly piece?: Curve;
  readonly past?: Curve;
  readonly future: Curve;
}

/** How many spirals are drawn. */
export const drawn = 4;

/** The latent ODE at the posterior's mean. */
export async function evaluateLatent(
  backend: Backend,
  settings: Settings,
  params: LatentParams,
  test: Spirals,
): Promise<Scores> {
  const { ode, model } = latentModel(backend, settings);
  const decode = ode.compile((p: TensorsOf<LatentParams>, series: SeriesBatch, ts: Tensor) =>
    model.decode(p, model.encode(p, series, ts.at(0)).mean, ts),
  );
  const { observed, grid, truth, future, futureT } = test;
  const [points = 0, horizon = 0] = [grid.t.shape[0], futureT.shape[0]];
  const along = await (await decode(params, observed, joined(grid.t, futureT))).read();
  const [piece, ahead] = [timesOf(along, 0, points), timesOf(along, points, horizon)];
  const first = Int32Array.from({ length: drawn }, (_, i) => i);
  const shown = { t: someOf(observed.t, first), y: someOf(observed.y, first), mask: someOf(observed.mask, first) };
  const back = Float32Array.from(grid.t.data.slice(0, Math.floor(points / 2)), (t) => -t);
  const past = await (await decode(params, shown, hostArray(back, [back.length], 'f32'))).read();
  return {
    reconstruction: rmse(piece, truth),
    extrapolation: rmse(ahead, future),
    examples: Array.from(first, (i) => ({
      piece: curveOf(piece, i),
      past: curveOf(past, i),
      future: curveOf(ahead, i),
    })),
  };
}

/** The baseline, which goes on by its own predictions. */
export async function evaluateRnn(
  backend: Backend,
  settings: Settings,
  params: RnnParams,
  { observed, future, futureT }: Spirals,
): Promise<Scores> {
  const model = rnnModel();
  const forecast = latentModel(backend, settings).ode.compile(
    (p: TensorsOf<RnnParams>, series: SeriesBatch, ts: Tensor) => model.forecast(p, series, ts),
  );
  const ahead = await (await forecast(params, observed, futureT)).read();
  return {
    reconstruction: null,
    extrapolation: rmse(ahead, future),
    examples: Array.from({ length: drawn }, (_, i) => ({ future: curveOf(ahead, i) })),
  };
}

/** Root mean square difference. */
export function rmse(a: HostArray, b: HostArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += ((a.data[i] ?? NaN) - (b.data[i] ?? NaN)) ** 2;
  return Math.sqrt(sum / a.data.length);
}

/** The points of a sample [samples, times, 2]. */
export function curveOf({ data, shape }: HostArray, sample: number): Curve {
  const [, times = 0] = shape;
  const at = (k: number): number => data[2 * (sample * times + k)] ?? NaN;
  return Array.from({ length: times }, (_, k) => [at(k), at(k + 0.5)]);
}

const joined = (a: HostArray, b: HostArray): HostArray =>
  hostArray(Float32Array.from([...a.data, ...b.data]), [a.data.length + b.data.length], 'f32');

/** Some times of [samples, times, 2]. */
function timesOf({ data, shape }: HostArray, from: number, count: number): HostArray {
  const [samples = 0, times = 0] = shape;
  const out = new Float32Array(samples * count * 2);
  for (let i = 0; i < samples; i++) {
    const start = 2 * (i * times + from);
    out.set(data.slice(start, start + 2 * count), 2 * i * count);
  }
  return hostArray(out, [samples, count, 2], 'f32');
}
