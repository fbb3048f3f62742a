/** Scatter plots: points of several classes in the plane. */
import type { Figure } from './figure.ts';
import { frame, type FrameOptions } from './frame.ts';
import { checkSeries, drawSeries, heights, legendEntries, type Series } from './series.ts';

/** What a scatter plot shows. */
export interface ScatterOptions extends FrameOptions {
  /** Points, each class in a colour of its own; lines where a series asks for them. */
  readonly series: readonly Series[];
}

/** Up to so many points have markers, which differ in shape too; more are dots, unless a series says what it wants. */
const mostMarkers = 200;

/** Points as markers, or as dots where there are many of them. */
export const asPoints = (series: Series): Series => ({
  ...series,
  points: series.points ?? (series.line === true ? false : series.x.length > mostMarkers ? 'dots' : true),
});

/**
 * Points of classes in the plane.
 *
 * @throws ShapeError if a series' x, y and spread differ in length.
 * @example
 * const { svg } = scatter({
 *   x: { label: 'x₁' },
 *   y: { label: 'x₂' },
 *   equal: true,
 *   series: [
 *     { name: 'inner', x: [0.1, -0.2], y: [0.3, 0.1] },
 *     { name: 'outer', x: [1.1, -0.9], y: [0.2, 0.7] },
 *   ],
 * });
 */
export function scatter(options: ScatterOptions): Figure {
  checkSeries('scatter', options.series);
  const series = options.series.map(asPoints);
  return frame(options, {
    xs: series.flatMap(({ x }) => Array.from(x)),
    ys: heights(series),
    entries: legendEntries(series),
    draw: (plot) => drawSeries(series, plot),
  });
}
