/** The frame of a chart: title, legend, axes with their names, grid lines and shaded ranges round a plot area. */
import { OptionError } from '@node-ode/core';
import { placeAxis, placeCategories, type Axis, type PlacedAxis } from './axis.ts';
import { figure, type Figure } from './figure.ts';
import { legend, type LegendEntry } from './legend.ts';
import { ink } from './palette.ts';
import { element, label, round, translate } from './svg.ts';
import { fontSize, textWidth, wrap } from './text.ts';

/** A shaded range of the horizontal axis, such as a stretch that was held out. An infinite end is the picture's edge. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly label?: string;
}

/** What every chart has round its data. */
export interface FrameOptions {
  readonly title?: string;
  /** Of the whole picture, in pixels; 640 by default. */
  readonly width?: number;
  /** Of the whole picture, in pixels; 400 by default. */
  readonly height?: number;
  /** A unit of x is as long as a unit of y, for which the picture becomes narrower or lower than it was asked to be. */
  readonly equal?: boolean;
  readonly x: Axis;
  readonly y: Axis;
}

/** The plot area with its axes. */
export interface Plot {
  readonly x: PlacedAxis;
  readonly y: PlacedAxis;
  readonly width: number;
  readonly height: number;
}

/** What stands to the right of the plot, from its upper right corner, for its height in pixels. */
export type Beside = (height: number) => { readonly svg: string; readonly width: number };

/** What is put into a frame. */
export interface FrameContent {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly entries: readonly LegendEntry[];
  readonly bands?: readonly Band[];
  readonly beside?: Beside;
  /** Names in the place of numbers on the horizontal axis: the first at 0, the next at 1. */
  readonly categories?: readonly string[];
  /** Draws the data in the plot area's own pixels, from its top left corner; `clip` keeps it there. */
  readonly draw: (plot: Plot) => readonly string[];
}

const edge = 16;
const tickLength = 5;
const lineHeight = 1.3;

/** A chart from its frame and its content. */
export function frame(options: FrameOptions, content: FrameContent): Figure {
  const { plot, left, beside } = layout(options, content);
  const width = left + plot.width + beside.width + edge + 8;
  const { heading, keys, top } = above(options, content, width);
  const bands = content.bands ?? [];
  const below = bottom(content, plot.width);
  return figure(Math.round(width), Math.round(top + plot.height + below), [
    heading.svg,
    translate(edge, edge + heading.height, [keys.svg]),
    translate(left, top, [
      shades(bands, plot),
      gridLines(plot, content.categories === undefined),
      shadeNames(bands, plot),
      ...content.draw(plot),
      axes(plot),
      axisNames(plot, left - edge, below - edge),
      beside.svg === '' ? '' : translate(plot.width, 0, [beside.svg]),
    ]),
  ]);
}

/** Title and legend of a picture of this width. */
function above(options: FrameOptions, content: FrameContent, width: number) {
  const heading = title(options.title ?? '', width);
  const keys = legend(content.entries, width - 2 * edge);
  const names = hasNames(content) ? fontSize.tick + 6 : 0;
  return { heading, keys, top: edge + heading.height + keys.height + (keys.height > 0 ? 8 : 0) + names };
}

const hasNames = ({ bands = [] }: FrameContent): boolean => bands.some(({ label: name = '' }) => name !== '');

/** Lines of text under the ticks of the horizontal axis. */
const tickLines = ({ categories = [] }: FrameContent, width: number): number =>
  Math.max(1, ...placeCategories({ label: '' }, categories, width).ticks.map((tick) => tick.label.split('\n').length));

/** Pixels below the plot area. */
const bottom = (content: FrameContent, width: number): number =>
  edge + fontSize.label + 8 + fontSize.tick * (1 + lineHeight * (tickLines(content, width) - 1)) + tickLength + 6;

/** The plot area, what is left of it and what is to its right. */
function layout(options: FrameOptions, content: FrameContent) {
  const { width = 640, height = 400, equal = false } = options;
  if (equal && [options.x, options.y].some(({ scale }) => scale === 'log')) {
    throw new OptionError('chart', 'equal with a logarithmic axis', { expected: 'linear axes x and y' });
  }
  const yAxis = (inner: number): PlacedAxis =>
    placeAxis(options.y, content.ys, inner, 0, Math.max(2, Math.floor(inner / 40)));
  const xAxis = (inner: number): PlacedAxis =>
    placeAxis(options.x, content.xs, 0, inner, Math.max(2, Math.floor(inner / 80)));
  const tall = Math.max(20, height - above(options, content, width).top - bottom(content, width - 80));
  const widest = Math.max(0, ...yAxis(tall).ticks.map((tick) => textWidth(tick.label, fontSize.tick)));
  const left = edge + fontSize.label * lineHeight + 6 + widest + tickLength + 4;
  const beside = content.beside ?? (() => ({ svg: '', width: 0 }));
  const wide = Math.max(20, width - left - beside(tall).width - edge - 8);
  const ratio = span(xAxis(wide)) / span(yAxis(tall));
  const inner = equal
    ? { width: Math.min(wide, tall * ratio), height: Math.min(tall, wide / ratio) }
    : { width: wide, height: tall };
  const x =
    content.categories === undefined ? xAxis(inner.width) : placeCategories(options.x, content.categories, inner.width);
  const plot: Plot = { x, y: yAxis(inner.height), ...inner };
  return { plot, left, beside: beside(inner.height) };
}

const span = ({ domain: [low, high] }: PlacedAxis): number => Math.abs(high - low);

function title(text: string, width: number): { readonly svg: string; readonly height: number } {
  const lines = wrap(text, width - 2 * edge, fontSize.title, true);
  const step = fontSize.title * lineHeight;
  const svg = lines.map((line, i) =>
    label(line, {
      x: edge,
      y: edge + fontSize.title * 0.85 + i * step,
      'font-size': fontSize.title,
      'font-weight': 'bold',
      fill: ink.text,
    }),
  );
  return { svg: svg.join(''), height: lines.length === 0 ? 0 : lines.length * step + 6 };
}

/** The pixels of a range, as far as it is in the picture. */
function placeBand({ from, to, label: name = '' }: Band, { x }: Plot): { name: string; left: number; right: number } {
  const [least, most] = [Math.min(...x.domain), Math.max(...x.domain)];
  const ends = [from, to].map((value) => x.place(Math.min(most, Math.max(least, value))));
  return { name, left: Math.min(...ends), right: Math.max(...ends) };
}

function shades(bands: readonly Band[], plot: Plot): string {
  return bands
    .map((band) => {
      const { left, right } = placeBand(band, plot);
      return element('rect', { x: left, width: right - left, height: plot.height, fill: ink.shade });
    })
    .join('');
}

/** Names of shaded ranges, over the plot area, where they cover no data. */
function shadeNames(bands: readonly Band[], plot: Plot): string {
  return bands
    .filter(({ label: name = '' }) => name !== '')
    .map((band) => {
      const { name, left, right } = placeBand(band, plot);
      const half = textWidth(name, fontSize.tick) / 2;
      return label(name, {
        x: Math.min(plot.width - half, Math.max(half, (left + right) / 2)),
        y: -5,
        'text-anchor': 'middle',
        'font-size': fontSize.tick,
        fill: ink.axis,
      });
    })
    .join('');
}

function gridLines({ x, y, width, height }: Plot, columns: boolean): string {
  const vertical = (columns ? x.ticks : [])
    .filter((tick) => tick.label !== '')
    .map(({ at }) => `M${round(at)},0V${round(height)}`);
  const horizontal = y.ticks.filter((tick) => tick.label !== '').map(({ at }) => `M0,${round(at)}H${round(width)}`);
  return element('path', { d: [...vertical, ...horizontal].join(''), stroke: ink.grid, fill: 'none' });
}

function axes({ x, y, width, height }: Plot): string {
  const length = (text: string): number => (text === '' ? tickLength / 2 : tickLength);
  const marks = [
    `M0,0V${round(height)}H${round(width)}`,
    ...x.ticks.map((tick) => `M${round(tick.at)},${round(height)}v${length(tick.label)}`),
    ...y.ticks.map((tick) => `M0,${round(tick.at)}h${-length(tick.label)}`),
  ];
  const size = { 'font-size': fontSize.tick, fill: ink.text };
  const below = x.ticks
    .filter((tick) => tick.label !== '')
    .flatMap((tick) =>
      tick.label.split('\n').map((line, i) => {
        const y = height + tickLength + fontSize.tick * (1 + i * lineHeight) + 2;
        return label(line, { x: tick.at, y, 'text-anchor': 'middle', ...size });
      }),
    );
  const beside = y.ticks
    .filter((tick) => tick.label !== '')
    .map((tick) =>
      label(tick.label, { x: -tickLength - 4, y: tick.at + fontSize.tick * 0.36, 'text-anchor': 'end', ...size }),
    );
  return [
    element('path', { d: marks.join(''), stroke: ink.axis, fill: 'none' }),
    element('g', {}, below),
    element('g', {}, beside),
  ].join('');
}

/** Names of the axes: below and, turned, to the left. */
function axisNames({ x, y, width, height }: Plot, left: number, bottom: number): string {
  const size = { 'font-size': fontSize.label, fill: ink.text, 'text-anchor': 'middle' };
  const below = label(x.title, { x: width / 2, y: height + bottom - 2, ...size });
  const across = -left + fontSize.label * 0.85;
  const beside = label(y.title, { transform: `translate(${round(across)},${round(height / 2)}) rotate(-90)`, ...size });
  return below + beside;
}
