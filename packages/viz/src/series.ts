/** Series of a chart: lines with gaps where a value is missing, markers, and how far values spread round them. */
import { ShapeError } from '@node-ode/core';
import { line } from 'd3-shape';
import { clip, isInside } from './clip.ts';
import type { Plot } from './frame.ts';
import { dashes, type LegendEntry } from './legend.ts';
import { colourOf, markerPath } from './palette.ts';
import { endsOf, spreadBand, spreadBars, type Spread } from './spread.ts';
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
  /** With a marker at each point; `dots` are small and alike, for points by the thousand. */
  readonly points?: boolean | 'dots';
  /** How far values spread round y, such as their deviation over seeds: a band along a line, bars at markers. */
  readonly spread?: Spread;
  /** Of the line, in pixels; 2 by default. */
  readonly width?: number;
  /** Of lines and markers, from 0 to 1; 1 by default. Less lets what is behind show. */
  readonly opacity?: number;
  /** Index into the palette, the series' position by default: one index for data and fit of one quantity. */
  readonly colour?: number;
}

/** @throws ShapeError if x and y, or the spread, differ in length. */
export function checkSeries(operation: string, series: readonly Series[]): void {
  for (const { name, x, y, spread } of series) {
    if (x.length !== y.length) {
      throw new ShapeError(operation, `series “${name}” has ${x.length} x values and ${y.length} y values`, {
        expected: 'one y for each x',
      });
    }
    if (spread !== undefined) endsOf(operation, name, y, spread);
  }
}

const isLine = (series: Series): boolean => series.line ?? !hasPoints(series);
const hasPoints = ({ points = false }: Series): boolean => points !== false;
const colourIndex = (series: Series, index: number): number => series.colour ?? index;

/** All values that the vertical axis has to hold. */
export const heights = (list: readonly Series[]): number[] =>
  list.flatMap((series) => {
    const { low, high } = endsIn(series);
    return [...Array.from(series.y), ...low, ...high];
  });

const endsIn = ({ name, y, spread }: Series) =>
  spread === undefined ? { low: [], high: [] } : endsOf('chart', name, y, spread);

/** How the legend shows the series. */
export const legendEntries = (list: readonly Series[]): LegendEntry[] =>
  list.map((series, i) => ({
    name: series.name,
    colour: colourOf(colourIndex(series, i)),
    line: isLine(series),
    dashed: series.dashed ?? false,
    ...(hasPoints(series) ? { marker: series.points === 'dots' ? 0 : colourIndex(series, i) } : {}),
  }));

/** The series' elements, bands behind all lines; markers at an edge of the plot area are whole. */
export const drawSeries = (list: readonly Series[], plot: Plot): string[] => {
  const drawn = list.map((series, i) => ({ series, index: colourIndex(series, i) }));
  const bands = drawn.filter(({ series }) => series.spread !== undefined && isLine(series));
  return [
    clip(
      plot,
      bands.map(({ series, index }) => spreadBand(series.x, endsIn(series), plot, colourOf(index))),
    ),
    ...drawn.map(({ series, index }) => drawOne(series, index, plot)),
  ];
};

function drawOne(series: Series, index: number, plot: Plot): string {
  const positions = Array.from({ length: series.x.length }, (_, k): [number, number] => [
    plot.x.place(series.x[k] ?? NaN),
    plot.y.place(series.y[k] ?? NaN),
  ]);
  const colour = colourOf(index);
  const faded = (drawn: string): string =>
    series.opacity === undefined || drawn === '' ? drawn : element('g', { opacity: series.opacity }, [drawn]);
  const lines = [
    isLine(series) ? path(series, positions, colour) : '',
    series.spread !== undefined && !isLine(series) ? spreadBars(series.x, endsIn(series), plot, colour) : '',
  ];
  const inside = positions.filter((position) => isInside(plot, position));
  return [clip(plot, [faded(lines.join(''))]), hasPoints(series) ? faded(points(series, inside, index)) : ''].join('');
}

const isPlaced = ([x, y]: [number, number]): boolean => Number.isFinite(x) && Number.isFinite(y);

function path({ dashed = false, width = 2 }: Series, positions: readonly [number, number][], colour: string): string {
  const d = line<[number, number]>().defined(isPlaced).digits(2)(positions as [number, number][]) ?? '';
  return element('path', {
    d,
    fill: 'none',
    stroke: colour,
    'stroke-width': width,
    'stroke-linejoin': 'round',
    'stroke-linecap': dashed ? 'butt' : 'round',
    'stroke-dasharray': dashed ? dashes : undefined,
  });
}

const points = (series: Series, positions: readonly [number, number][], index: number): string =>
  series.points === 'dots' ? dots(positions, colourOf(index)) : markers(positions, colourOf(index), markerPath(index));

/** Round ends of lines without length: ten bytes for a dot. */
const dots = (positions: readonly [number, number][], colour: string): string =>
  element('path', {
    d: positions.map(([x, y]) => `M${round(x)},${round(y)}h0`).join(''),
    fill: 'none',
    stroke: colour,
    'stroke-width': dotWidth,
    'stroke-linecap': 'round',
  });

const dotWidth = 3;

/** A marker of white edge, so that neighbours stay apart. */
const markers = (positions: readonly [number, number][], colour: string, d: string): string =>
  element(
    'g',
    { fill: colour, stroke: '#ffffff', 'stroke-width': 0.8 },
    positions.map(([x, y]) => element('path', { d, transform: `translate(${round(x)},${round(y)})` })),
  );
