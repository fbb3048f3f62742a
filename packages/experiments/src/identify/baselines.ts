/** What a forecast has to beat: the last observation, and linear autoregressions on a regular grid. */
import { hostArray } from '@node-ode/core';
import { leastSquares } from '../lab/least-squares.ts';
import { coordinatesOf, statesOf } from './coordinates.ts';
import type { Path, Problem, State } from './problem.ts';

/** The last observation, at each time. */
export const persistence = ({ train }: Problem, times: readonly number[]): Path => ({
  t: times,
  y: times.map(() => train.y.at(-1) ?? []),
});

/** States between those of a path, linearly. */
export function interpolate({ t, y }: Path, times: readonly number[]): readonly State[] {
  return times.map((time) => {
    const after = t.findIndex((next) => next >= time);
    const right = after < 0 ? t.length - 1 : Math.max(1, after);
    const [t0, t1] = [t[right - 1] ?? NaN, t[right] ?? NaN];
    const share = (time - t0) / (t1 - t0);
    return (y[right - 1] ?? []).map((value, k) => value + share * ((y[right]?.[k] ?? NaN) - value));
  });
}

/**
 * y(t + h) = c + Σ Aⱼ·y(t − jh), j < `lags`, by least squares in the model's coordinates, iterated from the end of what is learned from.
 * Its grid has as many times as there are observations, which are interpolated linearly; so are its forecasts.
 */
export function autoregression(problem: Problem, times: readonly number[], lags: number): Path {
  const { train } = problem;
  const coordinates = coordinatesOf(problem);
  const [t0, t1] = [train.t[0] ?? NaN, train.t.at(-1) ?? NaN];
  const h = (t1 - t0) / (train.t.length - 1);
  const grid = train.t.map((_, i) => t0 + i * h);
  const path = { t: train.t, y: statesOf(coordinates.to(train.y)) };
  const states = [...interpolate(path, grid)];
  const features = (i: number): readonly number[] => [
    ...Array.from({ length: lags }, (_, j) => states[i - j] ?? []).flat(),
    1,
  ];
  const rows = states.slice(lags).map((_, i) => features(i + lags - 1));
  const width = states[0]?.length ?? 0;
  const weights = Array.from({ length: width }, (_, k) =>
    leastSquares(
      rows,
      states.slice(lags).map((state) => state[k] ?? NaN),
    ),
  );
  const known = states.length;
  while (t0 + (states.length - 1) * h < (times.at(-1) ?? NaN)) {
    const x = features(states.length - 1);
    states.push(weights.map((w) => w.reduce((sum, weight, i) => sum + weight * (x[i] ?? NaN), 0)));
  }
  const future = { t: states.map((_, i) => t0 + i * h).slice(known - 1), y: states.slice(known - 1) };
  const z = interpolate(future, times);
  return { t: times, y: coordinates.from(hostArray(Float32Array.from(z.flat()), [z.length, width], 'f32')) };
}
