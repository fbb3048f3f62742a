/** Panels of densities and of samples in the plane, all alike. */
import { cells, heatMap, scatter, type Figure, type FrameOptions } from '@node-ode/viz';

/** A square of the plane, [−bound, bound]². */
export interface Square {
  readonly bound: number;
  /** Of the whole panel, pixels. */
  readonly size?: number;
}

function frameOf({ bound, size = 240 }: Square): FrameOptions {
  const domain = [-bound, bound] as const;
  return { width: size, height: size + 24, equal: true, x: { label: 'z₁', domain }, y: { label: 'z₂', domain } };
}

/** A density on a square grid of cells, row by row from below; colours end at `most`. */
export const densityPanel = (title: string, values: readonly number[], square: Square, most?: number): Figure => {
  const { bound } = square;
  const ends = [-bound, bound] as const;
  return heatMap({
    ...frameOf(square),
    title,
    cells: cells({ x: ends, y: ends, columns: Math.round(Math.sqrt(values.length)) }),
    values,
    value: { label: 'density', domain: [0, most ?? Math.max(...values)] },
    bar: false,
  });
};

/** Points x, y, x, y … */
export const samplesPanel = (title: string, points: readonly number[], square: Square): Figure =>
  scatter({
    ...frameOf(square),
    title,
    series: [
      {
        name: '',
        x: points.filter((_, i) => i % 2 === 0),
        y: points.filter((_, i) => i % 2 === 1),
        points: 'dots',
      },
    ],
  });
