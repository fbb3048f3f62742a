/** The edge of a plot area: lines and colours end there, markers on it are whole. */
import type { Plot } from './frame.ts';
import { element, round } from './svg.ts';

/** Elements as far as they are in the plot area: a nested document clips what is drawn in it. */
export const clip = ({ width, height }: Plot, children: readonly string[]): string =>
  children.join('') === ''
    ? ''
    : element('svg', { width: round(width), height: round(height), overflow: 'hidden' }, children);

/** Half a pixel beyond the edge is on it. */
const slack = 0.5;

/** Whether a point is in the plot area, or on its edge; what has no place is not. */
export const isInside = ({ width, height }: Plot, [x, y]: readonly [number, number]): boolean =>
  x >= -slack && x <= width + slack && y >= -slack && y <= height + slack;
