/** A long series as short segments side by side, each of which begins where the one before ends. */
import { array, type HostArray } from '@node-ode/core';
import type { Coordinates } from './coordinates.ts';
import type { Path } from './problem.ts';

/** What a training step fits: `times` observations of each of `segments`. */
export interface Segments {
  /** From the beginning of each segment; shape [segments, times]. */
  readonly ts: HostArray;
  /** Observations in the model's coordinates; shape [times, segments, components]. */
  readonly target: HostArray;
}

/** Cuts a series so that neighbours share an observation; what is left over at the beginning is not used. */
export function segmentsOf({ t, y }: Path, length: number, { to }: Coordinates): Segments {
  const count = Math.floor((t.length - 1) / length);
  const first = t.length - 1 - count * length;
  const index = (segment: number, k: number): number => first + segment * length + k;
  const [places, numbers] = [range(length + 1), range(count)];
  const states = places.flatMap((k) => numbers.map((segment) => y[index(segment, k)] ?? []));
  const at = (i: number): number => t[i] ?? NaN;
  return {
    ts: array(
      numbers.map((segment) => places.map((k) => at(index(segment, k)) - at(index(segment, 0)))),
      { dtype: 'f32' },
    ),
    target: array(Array.from(to(states).data), { shape: [length + 1, count, y[0]?.length ?? 0], dtype: 'f32' }),
  };
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Root mean square of the slopes between observations some steps apart, in the model's coordinates: how fast the system is. */
export function rateOf({ t, y }: Path, { to }: Coordinates, apart: number): number {
  const { data, shape } = to(y);
  const width = shape[1] ?? 1;
  const squares: number[] = [];
  for (let i = 0; i + apart < t.length; i++) {
    for (let k = 0; k < width; k++) {
      const rise = (data[(i + apart) * width + k] ?? NaN) - (data[i * width + k] ?? NaN);
      squares.push((rise / ((t[i + apart] ?? NaN) - (t[i] ?? NaN))) ** 2);
    }
  }
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
}
