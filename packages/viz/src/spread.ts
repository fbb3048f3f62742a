/** How far values spread round a series: shaded bands along a line, bars at points. */
import { ShapeError } from '@node-ode/core';
import { area } from 'd3-shape';
import type { PlacedAxis } from './axis.ts';
import type { Plot } from './frame.ts';
import { element, round } from './svg.ts';

/** Half the width of the spread at each point, such as a deviation; or both of its ends. */
export type Spread = ArrayLike<number> | { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };

/** The lower and the upper end of a spread round y. */
export interface Ends {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** @throws ShapeError if the spread has not an entry for each y. */
export function endsOf(operation: string, name: string, y: ArrayLike<number>, spread: Spread): Ends {
  const isWidth = 'length' in spread;
  const lengths = isWidth ? [spread.length] : [spread.low.length, spread.high.length];
  if (lengths.some((length) => length !== y.length)) {
    throw new ShapeError(
      operation,
      `the spread of “${name}” has ${lengths.join(' and ')} values for ${y.length} points`,
      {
        expected: 'one for each point',
      },
    );
  }
  if (!isWidth) return { low: Array.from(spread.low), high: Array.from(spread.high) };
  return {
    low: Array.from(y, (value, i) => value - (spread[i] ?? NaN)),
    high: Array.from(y, (value, i) => value + (spread[i] ?? NaN)),
  };
}

/** What has no place below (zero and less on a logarithmic axis) is at the edge. */
const placeLow = ({ place, domain }: PlacedAxis, value: number): number => {
  const at = place(value);
  return Number.isNaN(at) && !Number.isNaN(value) ? place(Math.min(...domain)) : at;
};

interface Placed {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

const placed = (x: ArrayLike<number>, { low, high }: Ends, plot: Plot): Placed[] =>
  Array.from(x, (value, i) => ({
    x: plot.x.place(value),
    low: placeLow(plot.y, low[i] ?? NaN),
    high: plot.y.place(high[i] ?? NaN),
  }));

const isPlaced = (point: Placed): boolean => [point.x, point.low, point.high].every(Number.isFinite);

/** A band between both ends, with gaps where one is missing. */
export function spreadBand(x: ArrayLike<number>, ends: Ends, plot: Plot, colour: string): string {
  const shape = area<Placed>()
    .defined(isPlaced)
    .x((p) => p.x)
    .y0((p) => p.low)
    .y1((p) => p.high)
    .digits(2);
  return element('path', { d: shape(placed(x, ends, plot)) ?? '', fill: colour, 'fill-opacity': 0.2 });
}

const cap = 3.5;

/** A bar with caps from end to end of each point. */
export function spreadBars(x: ArrayLike<number>, ends: Ends, plot: Plot, colour: string): string {
  const d = placed(x, ends, plot)
    .filter(isPlaced)
    .map(({ x, low, high }) => {
      const across = `h${2 * cap}`;
      return `M${round(x - cap)},${round(low)}${across}M${round(x - cap)},${round(high)}${across}M${round(x)},${round(low)}V${round(high)}`;
    });
  return element('path', { d: d.join(''), fill: 'none', stroke: colour, 'stroke-width': 1.4 });
}
