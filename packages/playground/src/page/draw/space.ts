/** Space, seen from above at an angle, turning slowly. */
import type { Palette } from '../theme.ts';
import type { Frame } from './surface.ts';

const [tilt, rise] = [0.4, 0.85];

/** From a place in space to pixels, at a time. */
export function projection(
  frame: Frame,
  seconds: number,
  scale = 1,
): (h1: number, h2: number, height: number) => { readonly x: number; readonly y: number } {
  const angle = 0.5 + 0.2 * seconds;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (h1, h2, height) => {
    const [right, back] = [cos * h1 - sin * h2, sin * h1 + cos * h2];
    return { x: frame.x(scale * right), y: frame.y(scale * (tilt * back + rise * height)) };
  };
}

/** The plane of the inputs, where all points begin, and the axis of height. */
export function drawFloor(
  context: CanvasRenderingContext2D,
  frame: Frame,
  [name1, name2]: readonly [string, string],
  seconds: number,
  palette: Palette,
): void {
  const at = projection(frame, seconds);
  const reach = 2;
  context.strokeStyle = palette.grid;
  context.lineWidth = 1;
  context.beginPath();
  const line = (from: readonly [number, number, number], to: readonly [number, number, number]): void => {
    const [a, b] = [at(...from), at(...to)];
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
  };
  for (let k = -reach; k <= reach; k++) {
    line([k, -reach, 0], [k, reach, 0]);
    line([-reach, k, 0], [reach, k, 0]);
  }
  context.stroke();
  context.strokeStyle = palette.arrow;
  context.beginPath();
  line([0, 0, -2.6], [0, 0, 2.9]);
  context.stroke();
  context.fillStyle = palette.soft;
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const name = (text: string, place: readonly [number, number, number]): void => {
    const { x, y } = at(...place);
    context.fillText(text, x, y);
  };
  name(name1, [reach + 0.3, 0, 0]);
  name(name2, [0, reach + 0.3, 0]);
  name('a', [0, 0, 3.1]);
}
