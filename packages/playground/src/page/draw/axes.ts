/** Axes: a few numbers, and names. */
import type { Palette } from '../theme.ts';
import type { Frame } from './surface.ts';

/** Round numbers within a range, about `count` of them. */
export function ticksOf([from, to]: readonly [number, number], count: number): readonly number[] {
  const raw = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
}

/** Pixels at the end of an axis that its name takes. */
const room = 20;

/** Draws the axes of a frame. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  frame: Frame,
  [nameX, nameY]: readonly [string, string],
  palette: Palette,
): void {
  const { left, top, width, height, bounds } = frame;
  const bottom = top + height;
  context.strokeStyle = palette.grid;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  context.fillStyle = palette.soft;
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'top';
  // The names stand at the ends, where no number goes.
  for (const value of ticksOf(bounds.x, 4)) {
    if (frame.x(value) < left + width - room) context.fillText(text(value), frame.x(value), bottom + 5);
  }
  context.textAlign = 'right';
  context.fillText(nameX, left + width, bottom + 5);
  context.textBaseline = 'middle';
  for (const value of ticksOf(bounds.y, 4)) {
    if (frame.y(value) > top + room) context.fillText(text(value), left - 5, frame.y(value));
  }
  context.textBaseline = 'top';
  context.fillText(nameY, left - 5, top);
}

const text = (value: number): string => String(value).replace('-', '−');
