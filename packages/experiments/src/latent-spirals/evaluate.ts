/** What trained models make of spirals that they have not seen. */
import { array, hostArray, type Backend, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import type { SeriesBatch } from '@node-ode/model-latent-ode';
import type { Spirals } from './data.ts';
import { latentModel, rnnModel, type Inferred, type LatentParams, type RnnParams, type Settings } from './models.ts';

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
export const drawn = 3;

/** The latent ODE at the posterior's mean: of the state at the start of the piece, or at its end, whence both directions are solved. */
export async function evaluateLatent(
  backend: Backend,
  settings: Settings,
  inferred: Inferred,
  params: LatentParams,
  test: Spirals,
): Promise<Scores> {
  const { ode, model } = latentModel(backend, settings);
  const { observed, grid, truth, future, futureT } = test;
  const times = [...grid.t.data, ...futureT.data];
  const [points, back] = [grid.t.data.length, Math.floor(grid.t.data.length / 2)];
  const begin = inferred === 'start' ? 0 : points - 1;
  const before = [...Array.from(times.slice(1, back + 1), (t) => -t).reverse(), ...times.slice(0, begin)].reverse();
  const [t0 = NaN] = times.slice(begin, begin + 1);
  const decode = ode.compile((p: TensorsOf<LatentParams>, series: SeriesBatch, ts: Tensor) =>
    model.decode(p, model.encode(p, series, ts.at(0)).mean, ts),
  );
  const [ahead, behind] = [
    await (await decode(params, observed, array(times.slice(begin)))).read(),
    await (await decode(params, observed, array([t0, ...before]))).read(),
  ];
  // From the earliest time to the latest
  const whole = joined(reversed(behind), ahead);
  const [piece, next] = [timesOf(whole, back, points), timesOf(whole, back + points, future.shape[1] ?? 0)];
  const past = timesOf(whole, 0, back + 1);
  return {
    reconstruction: rmse(piece, truth),
    extrapolation: rmse(next, future),
    examples: Array.from({ length: drawn }, (_, i) => ({
      piece: curveOf(piece, i),
      past: curveOf(past, i),
      future: curveOf(next, i),
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

/** Rows of each sample in the opposite order, without the first. */
function reversed({ data, shape }: HostArray): HostArray {
  const [samples = 0, times = 0] = shape;
  const rows = Array.from({ length: samples }, (_, i) =>
    Array.from({ length: times - 1 }, (__, k) => {
      const at = 2 * (i * times + times - 1 - k);
      return [data[at] ?? NaN, data[at + 1] ?? NaN];
    }),
  );
  return hostArray(Float32Array.from(rows.flat(2)), [samples, times - 1, 2], 'f32');
}

/** The times of one behind those of the other, for each sample. */
function joined(a: HostArray, b: HostArray): HostArray {
  const [samples = 0, first = 0] = a.shape;
  const second = b.shape[1] ?? 0;
  const row = (x: HostArray, times: number, i: number): number[] =>
    Array.from(x.data.slice(2 * i * times, 2 * (i + 1) * times));
  const rows = Array.from({ length: samples }, (_, i) => [...row(a, first, i), ...row(b, second, i)]);
  return hostArray(Float32Array.from(rows.flat()), [samples, first + second, 2], 'f32');
}

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
