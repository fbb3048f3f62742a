/** Series of a chart: lines with gaps where a value is missing, and markers. */
import { ShapeError } from '@node-ode/core';
import { line } from 'd3-shape';
import type { Plot } from './frame.ts';
import { dashes, type LegendEntry } from './legend.ts';
import { colourOf, markerPath } from './palette.ts';
import { element, round } from './svg.ts';

/** Points (xᵢ, yᵢ) drawn as a line, as markers or as both. Where either is not finite the line has a gap. */
export interface Series {
  /** Shown in the legend; an empty name is not. */
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Joined by a line: by default, yes, unless `points` is set. */
  readonly line?: boolean;
  /** The line is dashed. */
  readonly dashed?: boolean;
  /** With a marker at each point. */
  readonly points?: boolean;
  /** Index into the palette, the series' position by default: one index for data and fit of one quantity. */
  readonly colour?: number;
}

/** @throws ShapeError if x and y differ in length. */
export function checkSeries(operation: string, series: readonly Series[]): void {
  for (const { name, x, y } of series) {
    if (x.length !== y.length) {
      throw new ShapeError(operation, `series “${name}” has ${x.length} x values and ${y.length} y values`, {
        expected: 'one y for each x',
      });
    }
  }
}

const isLine = (series: Series): boolean => series.line ?? series.points !== true;
const colourIndex = (series: Series, index: number): number => series.colour ?? index;

/** How the legend shows the series. */
export const legendEntries = (list: readonly Series[]): LegendEntry[] =>
  list.map((series, i) => ({
    name: series.name,
    colour: colourOf(colourIndex(series, i)),
    line: isLine(series),
    dashed: series.dashed ?? false,
    ...(series.points === true ? { marker: colourIndex(series, i) } : {}),
  }));

/** The series' elements. */
export const drawSeries = (list: readonly Series[], plot: Plot): string[] =>
  list.map((series, i) => {
    const positions = Array.from({ length: series.x.length }, (_, k): [number, number] => [
      plot.x.place(series.x[k] ?? NaN),
      plot.y.place(series.y[k] ?? NaN),
    ]);
    const colour = colourOf(colourIndex(series, i));
    return [
      isLine(series) ? path(positions, colour, series.dashed ?? false) : '',
      series.points === true ? markers(positions, colour, markerPath(colourIndex(series, i))) : '',
    ].join('');
  });

const isPlaced = ([x, y]: [number, number]): boolean => Number.isFinite(x) && Number.isFinite(y);

function path(positions: readonly [number, number][], colour: string, dashed: boolean): string {
  const d = line<[number, number]>().defined(isPlaced).digits(2)(positions as [number, number][]) ?? '';
  return element('path', {
    d,
    fill: 'none',
    stroke: colour,
    'stroke-width': 2,
    'stroke-linejoin': 'round',
    'stroke-linecap': dashed ? 'butt' : 'round',
    'stroke-dasharray': dashed ? dashes : undefined,
  });
}

/** A marker of white edge, so that neighbours stay apart. */
const markers = (positions: readonly [number, number][], colour: string, d: string): string =>
  element(
    'g',
    { fill: colour, stroke: '#ffffff', 'stroke-width': 0.8 },
    positions.filter(isPlaced).map(([x, y]) => element('path', { d, transform: `translate(${round(x)},${round(y)})` })),
  );
