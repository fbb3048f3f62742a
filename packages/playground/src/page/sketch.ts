/** Drawing points: by a pointer, or by keys. */
import { random } from '@node-ode/core';
import { eightGaussians, pinwheel, twoMoons } from '@node-ode/datasets';
import type { Bounds } from '../scenes/picture.ts';
import type { Palette } from './theme.ts';
import { frameOf, type Frame } from './draw/surface.ts';

const presets = { moons: twoMoons, gaussians: eightGaussians, pinwheel } as const;

/** Points to begin from, [points, 2]; none for any other name. */
export function presetPoints(name: string): Float32Array {
  const found = Object.entries(presets).find(([preset]) => preset === name)?.[1];
  return found === undefined
    ? new Float32Array()
    : Float32Array.from(found({ train: 400, seed: 1 }).all('train').x.data);
}

/** A canvas that is drawn on. */
export interface Sketch {
  /** Draws the place at which keys would draw, while the canvas has the focus. */
  overlay(context: CanvasRenderingContext2D, frame: Frame, palette: Palette): void;
}

/** Points of one press of a key, and how far they scatter; the way of a key, and of one with Shift. */
const [spray, scatter, stride, fine] = [10, 0.14, 0.25, 0.05];
/** Least way of a pointer between two points, in the plane's units. */
const apart = 0.07;

/** Lets visitors draw on a canvas; `add` gets new points [points, 2]. */
export function sketchOn(canvas: HTMLCanvasElement, bounds: Bounds, add: (points: Float32Array) => void): Sketch {
  const source = random(7);
  let cursor = { x: 0, y: 0 };
  let last: { readonly x: number; readonly y: number } | undefined;
  const inside = (value: number, [from, to]: readonly [number, number]): number => Math.min(to, Math.max(from, value));
  const move = (x: number, y: number): void => {
    cursor = { x: inside(x, bounds.x), y: inside(y, bounds.y) };
  };
  const placeOf = (event: PointerEvent): { x: number; y: number } => {
    const frame = frameOf({ width: canvas.clientWidth, height: canvas.clientHeight }, bounds);
    const [x0, x1] = bounds.x;
    const [y0, y1] = bounds.y;
    return {
      x: x0 + ((event.offsetX - frame.left) / frame.width) * (x1 - x0),
      y: y1 - ((event.offsetY - frame.top) / frame.height) * (y1 - y0),
    };
  };
  const draw = (event: PointerEvent): void => {
    const place = placeOf(event);
    if (last !== undefined && Math.hypot(place.x - last.x, place.y - last.y) < apart) return;
    move(place.x, place.y);
    last = place;
    add(Float32Array.of(cursor.x, cursor.y));
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = undefined;
    draw(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) draw(event);
  });
  const ways: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
  };
  canvas.addEventListener('keydown', (event) => {
    const way = ways[event.key];
    if (way !== undefined) {
      const size = event.shiftKey ? fine : stride;
      move(cursor.x + size * way[0], cursor.y + size * way[1]);
    } else if (event.key === ' ' || event.key === 'Enter') {
      const { x, y } = cursor;
      add(Float32Array.from({ length: 2 * spray }, (_, k) => (k % 2 === 0 ? x : y) + scatter * source.normal()));
    } else return;
    event.preventDefault();
  });
  return {
    overlay: (context, frame, palette) => {
      if (document.activeElement !== canvas) return;
      const [x, y] = [frame.x(cursor.x), frame.y(cursor.y)];
      context.strokeStyle = palette.ink;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(x, y, 7, 0, 2 * Math.PI);
      context.moveTo(x - 11, y);
      context.lineTo(x + 11, y);
      context.moveTo(x, y - 11);
      context.lineTo(x, y + 11);
      context.stroke();
    },
  };
}
