/** A line chart of what each step cost. */
import type { Palette } from '../theme.ts';
import { ticksOf } from './axes.ts';
import { surfaceOf } from './surface.ts';

/** One line. */
export interface Line {
  readonly name: string;
  readonly colour: 'first' | 'second' | 'third';
  readonly dash?: readonly number[];
  /** One number a step. */
  readonly values: readonly number[];
}

/** What a chart shows. */
export interface ChartData {
  readonly lines: readonly Line[];
  /** Steps before which a setting was changed. */
  readonly changes: readonly number[];
  readonly scale: 'linear' | 'log';
}

const margin = { left: 46, right: 8, top: 20, bottom: 22 };

/** Draws a chart. */
export function drawChart(canvas: HTMLCanvasElement, { lines, changes, scale }: ChartData, palette: Palette): void {
  const surface = surfaceOf(canvas);
  if (surface === undefined) return;
  const { context, width, height } = surface;
  const steps = Math.max(10, ...lines.map(({ values }) => values.length));
  const columns = Math.max(1, Math.floor(width - margin.left - margin.right));
  const drawn = lines.map((line) => ({ ...line, values: thinned(line.values, columns) }));
  const all = drawn.flatMap(({ values }) => values).filter(Number.isFinite);
  const isLog = scale === 'log' && spread(all) > 20;
  const shown = (value: number): number => (isLog ? Math.log10(value) : value);
  const range = rangeOf(all.map(shown), isLog, scale === 'log' && !isLog ? 0.97 : 1);
  const x = (step: number): number => margin.left + (step / steps) * columns;
  const y = (value: number): number =>
    margin.top + ((range[1] - value) / (range[1] - range[0])) * (height - margin.top - margin.bottom);

  context.font = '11px system-ui, sans-serif';
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const tick of isLog ? decadesOf(range) : ticksOf(range, 4)) {
    context.strokeStyle = palette.grid;
    context.beginPath();
    context.moveTo(margin.left, y(tick));
    context.lineTo(width - margin.right, y(tick));
    context.stroke();
    context.fillStyle = palette.soft;
    context.fillText(label(isLog ? 10 ** tick : tick), margin.left - 6, y(tick));
  }
  context.textBaseline = 'top';
  context.textAlign = 'center';
  const room = 34; // at the end, for the axis's name
  for (const tick of ticksOf([0, steps], 5)) {
    if (x(tick) < width - margin.right - room) context.fillText(String(tick), x(tick), height - margin.bottom + 6);
  }
  context.textAlign = 'right';
  context.fillText('step', width - margin.right, height - margin.bottom + 6);
  context.strokeStyle = palette.soft;
  context.setLineDash([2, 3]);
  for (const step of changes) {
    context.beginPath();
    context.moveTo(x(step), margin.top);
    context.lineTo(x(step), height - margin.bottom);
    context.stroke();
  }
  context.save();
  context.beginPath();
  context.rect(margin.left, margin.top - 2, columns, height - margin.top - margin.bottom + 4);
  context.clip();
  for (const { values, colour, dash = [] } of drawn) {
    context.strokeStyle = palette[colour];
    context.lineWidth = 1.6;
    context.setLineDash([...dash]);
    context.beginPath();
    values.forEach((value, i) => {
      context.lineTo(x(((i + 1) / values.length) * (lines[0]?.values.length ?? 0)), y(shown(value)));
    });
    context.stroke();
  }
  context.restore();
  if (lines.some(({ name }) => name !== '')) legend(context, lines, palette, width);
  context.setLineDash([]);
}

/** Logarithms of round numbers within a range of them: of powers of ten, or of 1, 2 and 5 times these where few fit. */
export function decadesOf([from, to]: readonly [number, number]): readonly number[] {
  const isWide = Math.floor(to) - Math.ceil(from) >= 1;
  const exponents = Array.from({ length: Math.floor(to) - Math.floor(from) + 1 }, (_, i) => Math.floor(from) + i);
  return exponents
    .flatMap((exponent) => (isWide ? [exponent] : [1, 2, 5].map((factor) => exponent + Math.log10(factor))))
    .filter((tick) => tick >= from && tick <= to);
}

/** The names of the lines, from the right, each with a piece of its line. */
function legend(context: CanvasRenderingContext2D, lines: readonly Line[], palette: Palette, width: number): void {
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  let right = width - margin.right;
  for (const { name, colour, dash = [] } of lines.filter((line) => line.name !== '').reverse()) {
    context.fillStyle = palette.soft;
    context.fillText(name, right, 8);
    const before = right - context.measureText(name).width - 4;
    context.strokeStyle = palette[colour];
    context.lineWidth = 2;
    context.setLineDash([...dash]);
    context.beginPath();
    context.moveTo(before - 18, 8);
    context.lineTo(before, 8);
    context.stroke();
    right = before - 28;
  }
}

/** No more values than there are columns: means of neighbours. */
export function thinned(values: readonly number[], columns: number): readonly number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: columns }, (_, i) => {
    const [from, to] = [Math.floor((i * values.length) / columns), Math.floor(((i + 1) * values.length) / columns)];
    let sum = 0;
    for (let k = from; k < to; k++) sum += values[k] ?? NaN;
    return sum / (to - from);
  });
}

/** How many times the least value the largest is; 0 where one is not positive. */
function spread(values: readonly number[]): number {
  let [least, most] = [Infinity, 0];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return least > 0 ? most / least : 0;
}

/** What an axis has to hold, with room at both ends: a share of the values, as losses of the first steps may be far off. */
function rangeOf(values: readonly number[], isLog: boolean, share: number): readonly [number, number] {
  if (values.length === 0) return isLog ? [-1, 0] : [0, 1];
  const sorted = Float64Array.from(values).sort();
  const least = sorted[0] ?? 0;
  const most = sorted[Math.floor(share * (sorted.length - 1))] ?? 1;
  const room = Math.max(0.08 * (most - least), isLog ? 0.1 : 1e-9 + 0.02 * Math.abs(most));
  return [least - room, most + room];
}

function label(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(0) : String(Number(value.toPrecision(3)));
  return text.replace('-', '−');
}
