/** Axes: from the values on them to a scale with ticks and their labels. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { fontSize, wrap } from './text.ts';

/** One axis of a chart. */
export interface Axis {
  /** What is measured. */
  readonly label: string;
  /** Its unit, shown in brackets. */
  readonly unit?: string;
  /** `linear` by default; values that are not positive are left out of a `log` axis. */
  readonly scale?: 'linear' | 'log';
  /** Smallest and largest value shown; by default those of the data with a small margin. */
  readonly domain?: readonly [number, number];
  /** What is counted, such as epochs, has ticks at whole numbers only. */
  readonly whole?: boolean;
}

/** A tick in pixels; one without a label is short. A label may have several lines. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** An axis laid out along a range of pixels. */
export interface PlacedAxis {
  readonly title: string;
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
  /** Pixel of a value; NaN where the axis has no place for it. */
  place(value: number): number;
}

/** Name and unit. */
export const axisTitle = ({ label, unit }: Axis): string => (unit === undefined ? label : `${label} [${unit}]`);

/** Lays an axis out over pixels `from` to `to`, with about `count` ticks. */
export function placeAxis(axis: Axis, values: Iterable<number>, from: number, to: number, count: number): PlacedAxis {
  const domain = axis.domain ?? domainOf(values, axis.scale === 'log');
  return axis.scale === 'log' ? placeLog(axis, domain, from, to, count) : placeLinear(axis, domain, from, to, count);
}

/** Names along pixels 0 to `width`, at 0, 1, and so on, broken into the lines that their room allows. */
export function placeCategories(axis: Axis, names: readonly string[], width: number): PlacedAxis {
  const domain = [-0.5, names.length - 0.5] as const;
  const place = scaleLinear([...domain], [0, width]);
  const lines = (name: string): string => wrap(name, width / names.length - 8, fontSize.tick).join('\n');
  return {
    title: axisTitle(axis),
    domain,
    ticks: names.map((name, i) => ({ at: place(i), label: lines(name) })),
    place,
  };
}

function placeLinear(
  axis: Axis,
  domain: readonly [number, number],
  from: number,
  to: number,
  count: number,
): PlacedAxis {
  const scale = scaleLinear([...domain], [from, to]);
  const { whole = false } = axis;
  const most = whole ? Math.min(count, Math.max(1, Math.abs(domain[1] - domain[0]))) : count;
  const asked = atLeastTwo(most, (n) => scale.ticks(n).length);
  const values = scale.ticks(asked).filter((value) => !whole || Number.isInteger(value));
  const largest = Math.max(...values.map(Math.abs));
  const format = scale.tickFormat(asked, specifier(largest));
  return {
    title: axisTitle(axis),
    domain,
    ticks: values.map((value) => ({ at: scale(value), label: value === 0 ? '0' : format(value) })),
    place: scale,
  };
}

/** As many ticks as were asked for, or the fewest more that make two: from one of them no one reads a scale. */
function atLeastTwo(count: number, ticks: (asked: number) => number): number {
  const more = [0, 1, 2, 3, 4].find((extra) => ticks(count + extra) >= 2);
  return count + (more ?? 0);
}

/** Plain digits (1900, never 1,900), but 200k for large numbers and exponents for very small ones. */
function specifier(largest: number): string {
  if (largest >= 1e5) return '~s';
  return largest < 1e-3 ? '~e' : 'f';
}

function placeLog(axis: Axis, domain: readonly [number, number], from: number, to: number, count: number): PlacedAxis {
  const scale = scaleLog([...domain], [from, to]);
  const powers = scale.ticks().filter((value) => isPower(value));
  const every = Math.ceil(powers.length / Math.max(2, count));
  const labelled = (value: number): boolean =>
    powers.length < 3 ? isRound(value) : isPower(value) && exponentOf(value) % every === 0;
  return {
    title: axisTitle(axis),
    domain,
    ticks: scale.ticks().map((value) => ({ at: scale(value), label: labelled(value) ? logLabel(value) : '' })),
    place: (value) => (value > 0 ? scale(value) : NaN),
  };
}

const exponentOf = (value: number): number => Math.round(Math.log10(value));
const mantissa = (value: number): number => value / 10 ** Math.floor(Math.log10(value) + 1e-9);
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;
const isPower = (value: number): boolean => near(mantissa(value), 1);
const isRound = (value: number): boolean => [1, 2, 5].some((digit) => near(mantissa(value), digit));

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 0.01, 5, 1000, and 10⁻⁵ beyond four digits. */
function logLabel(value: number): string {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  if (Math.abs(exponent) <= 3) return String(Number(value.toPrecision(3)));
  const raised = [...String(Math.abs(exponent))].map((digit) => superscripts[Number(digit)] ?? '').join('');
  const power = `10${exponent < 0 ? '⁻' : ''}${raised}`;
  return isPower(value) ? power : `${Math.round(mantissa(value))}·${power}`;
}

/** Smallest and largest value with a margin of 4 %; without values, a range to draw an empty axis. */
function domainOf(values: Iterable<number>, log: boolean): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) {
    const factor = low === high ? 2 : (high / low) ** 0.04;
    return [low / factor, high * factor];
  }
  const margin = low === high ? Math.max(0.5, Math.abs(low) / 2) : 0.04 * (high - low);
  return [low - margin, high + margin];
}
