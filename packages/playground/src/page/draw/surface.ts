/** A canvas as a piece of a plane. */
import type { Bounds } from '../../scenes/picture.ts';

/** Where to draw, in CSS pixels. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Clears a canvas and fits it to its size on the screen; undefined if it is not shown. */
export function surfaceOf(canvas: HTMLCanvasElement): Surface | undefined {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext('2d');
  if (context === null || width === 0 || height === 0) return undefined;
  const scale = Math.min(devicePixelRatio, 2);
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** From coordinates of the plane to pixels. */
export interface Frame {
  /** The inner rectangle: left, top, width, height. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly bounds: Bounds;
  x(value: number): number;
  y(value: number): number;
}

/** Room for numbers and names of the axes, in pixels. */
const margin = { left: 30, bottom: 24, top: 6, right: 6 };

/** The frame of a plane on a surface. */
export function frameOf({ width, height }: Pick<Surface, 'width' | 'height'>, bounds: Bounds): Frame {
  const [left, top] = [margin.left, margin.top];
  const inner = { width: width - left - margin.right, height: height - top - margin.bottom };
  const [x0, x1] = bounds.x;
  const [y0, y1] = bounds.y;
  return {
    left,
    top,
    ...inner,
    bounds,
    x: (value) => left + ((value - x0) / (x1 - x0)) * inner.width,
    y: (value) => top + ((y1 - value) / (y1 - y0)) * inner.height,
  };
}
