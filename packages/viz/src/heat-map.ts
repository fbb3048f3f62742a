/** Heat maps: a quantity over the plane as colour, such as a density, with points and lines over it. */
import { OptionError } from '@node-ode/core';
import { placeAxis, type Axis } from './axis.ts';
import { valuesOf, type Cells, type CellValues } from './cells.ts';
import { clip } from './clip.ts';
import { colourBar } from './colour-bar.ts';
import { colourAt, colourTable, type ColourMap, type Rgb } from './colour-map.ts';
import type { Figure } from './figure.ts';
import { frame, type FrameOptions, type Plot } from './frame.ts';
import { rasterImage } from './raster.ts';
import { checkSeries, drawSeries, legendEntries, type Series } from './series.ts';

/** What a heat map shows. */
export interface HeatMapOptions extends FrameOptions {
  /** Where the values are. */
  readonly cells: Cells;
  readonly values: CellValues;
  /** What the colours measure; its domain is by default all of the values, round zero for the `signed` map. */
  readonly value: Axis;
  /** `viridis` by default. */
  readonly colours?: ColourMap;
  /** Lines and points over the map. */
  readonly series?: readonly Series[];
  /** A bar that says which value a colour stands for; by default, yes. */
  readonly bar?: boolean;
}

/**
 * Values of cells as colours. Cells whose value is NaN, or not positive where `value` is logarithmic, stay white.
 *
 * @throws ShapeError if there are not as many values as cells, or a series' parts differ in length.
 * @throws OptionError if the horizontal or vertical axis is logarithmic.
 * @example
 * const square = cells({ x: [-3, 3], y: [-3, 3] });
 * const { svg } = heatMap({
 *   title: 'A normal distribution',
 *   x: { label: 'z₁' },
 *   y: { label: 'z₂' },
 *   equal: true,
 *   cells: square,
 *   values: (x, y) => Math.exp(-(x * x + y * y) / 2) / (2 * Math.PI),
 *   value: { label: 'density' },
 * });
 */
export function heatMap(options: HeatMapOptions): Figure {
  const { cells, series = [], colours = 'viridis', bar = true } = options;
  checkSeries('heatMap', series);
  const values = valuesOf('heatMap', cells, options.values);
  const value = { ...options.value, domain: options.value.domain ?? rangeOf(values, options.value, colours) };
  const table = colourTable(colours);
  const scale = placeAxis(value, [], 0, 1, 2);
  return frame(onCells('heatMap', options, cells), {
    xs: [],
    ys: [],
    entries: legendEntries(series),
    ...(bar ? { beside: colourBar(value, table) } : {}),
    draw: (plot) => [
      drawCells(cells, plot, (i) => colourAt(table, scale.place(values[i] ?? NaN))),
      ...drawSeries(series, plot),
    ],
  });
}

/** Axes that are linear and, unless they say otherwise, end where the cells do. */
export function onCells<O extends FrameOptions>(operation: string, options: O, { x, y }: Cells): O {
  if (options.x.scale === 'log' || options.y.scale === 'log') {
    throw new OptionError(operation, 'a logarithmic axis over cells of equal size', {
      expected: 'linear axes x and y',
      advice: 'Make the cells over logarithms, and say so in the name of the axis.',
    });
  }
  return { ...options, x: { domain: x, ...options.x }, y: { domain: y, ...options.y } };
}

/** The cells in the colours that are given; those without one are transparent. */
export function drawCells(
  { x, y, columns, rows }: Cells,
  plot: Plot,
  colour: (cell: number) => Rgb | undefined,
): string {
  // pictures begin at the top, cells at the bottom
  const cellAt = (pixel: number): number => (rows - 1 - Math.floor(pixel / columns)) * columns + (pixel % columns);
  const found = Array.from({ length: columns * rows }, (_, pixel) => colour(cellAt(pixel)));
  const whole = found.every((c) => c !== undefined);
  const data = Uint8Array.from(
    found.flatMap((c) => (whole ? [...(c ?? [])] : c === undefined ? [0, 0, 0, 0] : [...c, 255])),
  );
  const [left, right, top, bottom] = [plot.x.place(x[0]), plot.x.place(x[1]), plot.y.place(y[1]), plot.y.place(y[0])];
  const place = { x: left, y: top, width: right - left, height: bottom - top };
  return clip(plot, [rasterImage({ columns, rows, channels: whole ? 3 : 4, data }, place)]);
}

function rangeOf(values: Float64Array, { scale }: Axis, map: ColourMap): readonly [number, number] {
  const shown = values.filter((v) => Number.isFinite(v) && (scale !== 'log' || v > 0));
  const low = shown.reduce((a, b) => Math.min(a, b), Infinity);
  const high = shown.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return scale === 'log' ? [0.1, 1] : [0, 1];
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (map === 'signed' && scale !== 'log') return [-most, most];
  if (low < high) return [low, high];
  return scale === 'log' ? [low / 2, low * 2] : [low - most / 2, low + most / 2];
}
