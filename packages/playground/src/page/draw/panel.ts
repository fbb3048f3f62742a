/** A panel: its layers from the ground up. */
import type { PanelPicture } from '../../scenes/picture.ts';
import type { PanelSpec } from '../../scenes/scene.ts';
import type { Palette } from '../theme.ts';
import { drawAxes } from './axes.ts';
import { drawField } from './field.ts';
import { drawFlow, drawMarkers, type FlowClock } from './flow.ts';
import { drawFloor } from './space.ts';
import { drawCurve, drawDots } from './lines.ts';
import { drawMap } from './map.ts';
import { frameOf, surfaceOf, type Frame } from './surface.ts';

/** Draws a picture on a panel's canvas; gives the frame for what is drawn over it, if the panel is shown. */
export function drawPanel(
  canvas: HTMLCanvasElement,
  { bounds, axes, space = false }: Pick<PanelSpec, 'bounds' | 'axes' | 'space'>,
  { map, field, curves = [], dots, flow, markers }: PanelPicture,
  clock: FlowClock,
  palette: Palette,
): { readonly context: CanvasRenderingContext2D; readonly frame: Frame } | undefined {
  const surface = surfaceOf(canvas);
  if (surface === undefined) return undefined;
  const { context } = surface;
  const frame = frameOf(surface, bounds);
  if (space) drawFloor(context, frame, axes, clock.seconds, palette);
  else drawAxes(context, frame, axes, palette);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  if (map !== undefined) drawMap(context, frame, map, palette);
  if (field !== undefined) drawField(context, frame, field, clock.moment, palette);
  const [ground, others] = [
    curves.filter(({ role }) => role === 'truth'),
    curves.filter(({ role }) => role !== 'truth'),
  ];
  for (const curve of ground) drawCurve(context, frame, curve, palette);
  if (dots !== undefined) drawDots(context, frame, dots, palette);
  if (flow !== undefined) drawFlow(context, frame, flow, clock, palette);
  for (const curve of others) drawCurve(context, frame, curve, palette);
  if (markers !== undefined) drawMarkers(context, frame, markers, clock.moment, palette);
  context.restore();
  return { context, frame };
}
