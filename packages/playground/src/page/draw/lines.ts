/** Curves and points that stay where they are. */
import type { CurveLayer, DotsLayer } from '../../scenes/picture.ts';
import type { Palette } from '../theme.ts';
import type { Frame } from './surface.ts';

interface Pen {
  readonly colour: keyof Palette;
  readonly width: number;
  readonly dash: readonly number[];
}

/** Told apart without colour too. */
const pens: Readonly<Record<CurveLayer['role'], Pen>> = {
  truth: { colour: 'truth', width: 1.6, dash: [5, 4] },
  model: { colour: 'second', width: 2.2, dash: [] },
  beyond: { colour: 'third', width: 2, dash: [9, 3, 2, 3] },
};

/** Draws a curve; where it is not finite it is broken. */
export function drawCurve(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { role, data }: CurveLayer,
  palette: Palette,
): void {
  const { colour, width, dash } = pens[role];
  context.strokeStyle = palette[colour];
  context.lineWidth = width;
  context.setLineDash([...dash]);
  context.beginPath();
  let isOpen = false;
  for (let k = 0; k < data.length; k += 2) {
    const [x, y] = [frame.x(data[k] ?? NaN), frame.y(data[k + 1] ?? NaN)];
    if (!Number.isFinite(x + y)) isOpen = false;
    else if (isOpen) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      isOpen = true;
    }
  }
  context.stroke();
  context.setLineDash([]);
}

/** Draws points: of the first class full, of the second as rings. */
export function drawDots(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { data, groups }: DotsLayer,
  palette: Palette,
): void {
  const radius = groups === undefined ? 1.8 : 2.4;
  const paths = [new Path2D(), new Path2D()] as const;
  for (let i = 0; i < data.length / 2; i++) {
    const [x, y] = [frame.x(data[2 * i] ?? NaN), frame.y(data[2 * i + 1] ?? NaN)];
    const path = paths[groups?.[i] === 1 ? 1 : 0];
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.lineWidth = 1.2;
  if (groups === undefined) {
    context.globalAlpha = 0.75;
    context.fillStyle = palette.ink;
    context.fill(paths[0]);
    context.globalAlpha = 1;
    return;
  }
  context.fillStyle = palette.first;
  context.fill(paths[0]);
  context.strokeStyle = palette.second;
  context.stroke(paths[1]);
}
