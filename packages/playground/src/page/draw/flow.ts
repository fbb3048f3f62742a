/** Points on their way, each with a short trail. */
import type { FlowLayer } from '../../scenes/picture.ts';
import type { Palette } from '../theme.ts';
import { between, valueAt } from './in-time.ts';
import { projection } from './space.ts';
import type { Frame } from './surface.ts';

/** When each point is where. */
export interface FlowClock {
  /** Of points that move together, from 0 to 1. */
  readonly moment: number;
  /** In seconds, for points that each have a phase of their own and for the turn of space. */
  readonly seconds: number;
  readonly kind: 'particles' | 'together';
  /** Seconds that a particle lives. */
  readonly life: number;
}

/** How far back a trail reaches, in parts of the whole way, and in how many pieces. */
const [reach, pieces] = [0.09, 5];
const golden = 0.6180339887;

/** Draws the points of a flow. */
export function drawFlow(
  context: CanvasRenderingContext2D,
  frame: Frame,
  flow: FlowLayer,
  clock: FlowClock,
  palette: Palette,
): void {
  const { points, groups } = flow;
  const places = flow.dimensions === 3 ? inSpace(frame, flow, clock.seconds) : inPlane(frame, flow);
  const trailOf = (moment: number): Trail =>
    Array.from({ length: pieces + 1 }, (_, k) => places(Math.max(0, moment - (reach * (pieces - k)) / pieces)));
  const common = clock.kind === 'together' ? trailOf(clock.moment) : undefined;
  const colours = [palette.first, palette.second] as const;
  const trails = [new Path2D(), new Path2D()] as const;
  const dots = [new Path2D(), new Path2D()] as const;
  for (let i = 0; i < points; i++) {
    const group = groups?.[i] === 1 ? 1 : 0;
    const moment = clock.kind === 'together' ? clock.moment : (clock.seconds / clock.life + i * golden) % 1;
    const trail = (common ?? trailOf(moment)).map((place) => place(i));
    const at = trail[pieces];
    if (at === undefined || !Number.isFinite(at.x + at.y)) continue;
    const path = trails[group];
    trail.forEach(({ x, y }, k) => {
      if (k === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    });
    // Particles grow and shrink again, so that none appears out of nothing.
    const radius = clock.kind === 'together' ? 2.6 : 2.6 * Math.sqrt(Math.sin(Math.PI * moment));
    dots[group].moveTo(at.x + radius, at.y);
    dots[group].arc(at.x, at.y, radius, 0, 2 * Math.PI);
  }
  context.lineWidth = 1.3;
  for (const group of [0, 1] as const) {
    context.globalAlpha = 0.4;
    context.strokeStyle = colours[group];
    context.stroke(trails[group]);
    context.globalAlpha = 1;
    // The second class is rings: told apart without colour too.
    if (group === 0) {
      context.fillStyle = colours[group];
      context.fill(dots[group]);
    } else {
      context.fillStyle = palette.card;
      context.fill(dots[group]);
      context.stroke(dots[group]);
    }
  }
}

/** Draws points that are looked at one by one. */
export function drawMarkers(
  context: CanvasRenderingContext2D,
  frame: Frame,
  markers: FlowLayer,
  moment: number,
  palette: Palette,
): void {
  const place = inPlane(frame, markers)(moment);
  context.fillStyle = palette.second;
  context.strokeStyle = palette.card;
  context.lineWidth = 2;
  for (let i = 0; i < markers.points; i++) {
    const { x, y } = place(i);
    if (!Number.isFinite(x + y)) continue;
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

interface Pixel {
  readonly x: number;
  readonly y: number;
}
/** Where points were, up to where they are. */
type Trail = readonly ((point: number) => Pixel)[];
/** Where points are at a moment. */
type Places = (moment: number) => (point: number) => Pixel;

function inPlane(frame: Frame, { data, points, times }: FlowLayer): Places {
  return (moment) => {
    const now = between(data, 2 * points, times, moment);
    return (point) => ({ x: frame.x(valueAt(now, 2 * point)), y: frame.y(valueAt(now, 2 * point + 1)) });
  };
}

/** In space; what does not fit into the frame is scaled down as a whole. */
function inSpace(frame: Frame, { data, points, times }: FlowLayer, seconds: number): Places {
  const project = projection(frame, seconds, shrink(data, frame.bounds.x[1]));
  return (moment) => {
    const now = between(data, 3 * points, times, moment);
    return (point) => project(valueAt(now, 3 * point), valueAt(now, 3 * point + 1), valueAt(now, 3 * point + 2));
  };
}

const scales = new WeakMap<Float32Array, number>();

/** What brings all of it within a reach; 1 if it is. */
function shrink(data: Float32Array, reach: number): number {
  const known = scales.get(data);
  if (known !== undefined) return known;
  let most = 0;
  for (const value of data) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  const scale = Math.min(1, (0.95 * reach) / most);
  scales.set(data, scale);
  return scale;
}
