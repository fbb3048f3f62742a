/** Bar charts: a number for each of some names, such as models, with its deviation. */
import { ShapeError } from '@node-ode/core';
import type { Axis } from './axis.ts';
import { clip } from './clip.ts';
import type { Figure } from './figure.ts';
import { frame, type FrameOptions, type Plot } from './frame.ts';
import { colourOf, ink } from './palette.ts';
import { endsOf, spreadBars, type Spread } from './spread.ts';
import { element } from './svg.ts';

/** Bars of one colour, one over each name. */
export interface Bars {
  /** Shown in the legend; an empty name is not. */
  readonly name: string;
  /** One for each category; NaN where there is none. */
  readonly values: ArrayLike<number>;
  /** How far values spread, such as their deviation over seeds. */
  readonly spread?: Spread;
  /** Index into the palette, the position in the list by default. */
  readonly colour?: number;
}

/** What a bar chart shows. */
export interface BarChartOptions extends Omit<FrameOptions, 'equal' | 'x' | 'y'> {
  /** Names along the horizontal axis. */
  readonly categories: readonly string[];
  readonly bars: readonly Bars[];
  /** What the names are; nothing by default. */
  readonly x?: Pick<Axis, 'label'>;
  /** Bars stand on zero, and the axis is linear, so that their lengths can be compared. */
  readonly y: Omit<Axis, 'scale'>;
}

/**
 * A bar for each name and series.
 *
 * @throws ShapeError if there is not a value for each category.
 * @example
 * const { svg } = barChart({
 *   categories: ['ResNet', 'ODE-Net'],
 *   y: { label: 'test error', unit: '%' },
 *   bars: [{ name: 'ours', values: [0.6, 0.7], spread: [0.05, 0.1] }],
 * });
 */
export function barChart(options: BarChartOptions): Figure {
  const { categories, bars, x = { label: '' } } = options;
  const ends = bars.map(({ name, values, spread = { low: values, high: values } }) => {
    if (values.length !== categories.length) {
      throw new ShapeError('barChart', `“${name}” has ${values.length} values for ${categories.length} categories`, {
        expected: 'one for each',
      });
    }
    return endsOf('barChart', name, values, spread);
  });
  const ys = [
    0,
    ...bars.flatMap(({ values }) => Array.from(values)),
    ...ends.flatMap(({ low, high }) => [...low, ...high]),
  ];
  const share = 0.76 / Math.max(1, bars.length);
  const middle = (category: number, group: number): number => category + (group - (bars.length - 1) / 2) * share;
  return frame(
    { ...options, x: { ...x, scale: 'linear' }, y: { domain: onZero(ys), ...options.y } },
    {
      xs: [],
      ys,
      categories,
      entries: bars.map(({ name, colour }, i) => ({
        name,
        colour: colourOf(colour ?? i),
        line: false,
        dashed: false,
        marker: 1,
      })),
      draw: (plot) =>
        bars.map(({ values, colour, spread }, group) => {
          const at = Array.from(values, (_, category) => middle(category, group));
          const drawn = at.map((x, i) => bar(plot, x, values[i] ?? NaN, 0.92 * share, colourOf(colour ?? group)));
          const limits = ends[group];
          if (spread !== undefined && limits !== undefined) drawn.push(spreadBars(at, limits, plot, ink.text));
          return clip(plot, drawn);
        }),
    },
  );
}

/** From zero to the largest value, or wherever values reach, with some room. */
function onZero(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const room = 0.06 * (high - low || 1);
  return [low < 0 ? low - room : 0, high > 0 || low === 0 ? high + room : 0];
}

function bar(plot: Plot, at: number, value: number, width: number, fill: string): string {
  if (!Number.isFinite(value)) return '';
  const [left, right] = [plot.x.place(at - width / 2), plot.x.place(at + width / 2)];
  const [zero, end] = [plot.y.place(0), plot.y.place(value)];
  return element('rect', { x: left, y: Math.min(zero, end), width: right - left, height: Math.abs(end - zero), fill });
}
