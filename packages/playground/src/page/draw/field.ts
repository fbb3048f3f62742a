/** A vector field as arrows: their direction is the field's, their length grows with the root of its size. */
import type { FieldLayer } from '../../scenes/picture.ts';
import type { Palette } from '../theme.ts';
import { between, valueAt } from './in-time.ts';
import type { Frame } from './surface.ts';

/** Draws the field at a moment from 0 to 1. */
export function drawField(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { side, times, data }: FieldLayer,
  moment: number,
  palette: Palette,
): void {
  const { bounds, width, height } = frame;
  const size = 2 * side * side;
  const now = between(data, size, times, moment);
  // Pixels for a unit of each axis.
  const [across, up] = [width / (bounds.x[1] - bounds.x[0]), height / (bounds.y[1] - bounds.y[0])];
  let most = 0;
  for (let k = 0; k < data.length; k += 2) most = Math.max(most, Math.hypot(data[k] ?? 0, data[k + 1] ?? 0) || 0);
  const cell = width / (side - 1);
  context.strokeStyle = palette.arrow;
  context.lineWidth = 1.1;
  context.beginPath();
  for (let node = 0; node < side * side; node++) {
    const vx = valueAt(now, 2 * node);
    const vy = valueAt(now, 2 * node + 1);
    const speed = Math.hypot(vx, vy);
    if (!(speed > 0) || !Number.isFinite(speed)) continue;
    const [dx, dy] = [vx * across, -vy * up];
    const length = (0.85 * cell * Math.sqrt(speed / most)) / Math.hypot(dx, dy);
    const x = frame.left + (node % side) * cell;
    const y = frame.top + height - (Math.floor(node / side) * height) / (side - 1);
    arrow(context, x, y, dx * length, dy * length);
  }
  context.stroke();
}

function arrow(context: CanvasRenderingContext2D, x: number, y: number, dx: number, dy: number): void {
  const [tipX, tipY] = [x + dx, y + dy];
  context.moveTo(x, y);
  context.lineTo(tipX, tipY);
  context.moveTo(tipX - 0.32 * dx - 0.18 * dy, tipY - 0.32 * dy + 0.18 * dx);
  context.lineTo(tipX, tipY);
  context.lineTo(tipX - 0.32 * dx + 0.18 * dy, tipY - 0.32 * dy - 0.18 * dx);
}
