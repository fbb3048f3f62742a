/** Line charts: trajectories over time, fits over data, training curves. */
import type { Figure } from './figure.ts';
import { frame, type Band, type FrameOptions } from './frame.ts';
import { checkSeries, drawSeries, heights, legendEntries, type Series } from './series.ts';

/** What a line chart shows. */
export interface LineChartOptions extends FrameOptions {
  readonly series: readonly Series[];
  /** Shaded ranges of x, such as a stretch that was held out. */
  readonly bands?: readonly Band[];
}

/**
 * A chart of series over one horizontal axis.
 *
 * @throws ShapeError if a series' x, y and spread differ in length.
 * @example
 * const { svg } = lineChart({
 *   title: 'Decay',
 *   x: { label: 'time', unit: 's' },
 *   y: { label: 'activity', unit: 'Bq', scale: 'log' },
 *   series: [{ name: 'model', x: [0, 1, 2], y: [8, 4, 2] }],
 * });
 */
export function lineChart(options: LineChartOptions): Figure {
  const { series, bands = [] } = options;
  checkSeries('lineChart', series);
  return frame(options, {
    xs: [...series.flatMap(({ x }) => Array.from(x)), ...bands.flatMap(({ from, to }) => [from, to])],
    ys: heights(series),
    entries: legendEntries(series),
    bands,
    draw: (plot) => drawSeries(series, plot),
  });
}
