/** The panels of a scene on the page, drawn frame by frame. */
import type { Picture } from '../scenes/picture.ts';
import type { PanelSpec } from '../scenes/scene.ts';
import type { FlowTime } from './clock.ts';
import { drawPanel } from './draw/panel.ts';
import type { Frame } from './draw/surface.ts';
import { make } from './element.ts';
import type { Palette } from './theme.ts';

/** What is drawn over a panel. */
export type Overlay = (context: CanvasRenderingContext2D, frame: Frame, palette: Palette) => void;

/** Panels with their canvases. */
export interface Stage {
  canvas(id: string): HTMLCanvasElement | undefined;
  overlay(id: string, draw: Overlay): void;
  draw(picture: Picture, time: FlowTime, palette: Palette): void;
}

/** Seconds that a particle lives. */
const life = 4;

/** Puts a scene's panels on the page. */
export function stageOf(root: HTMLElement, panels: readonly PanelSpec[]): Stage {
  const made = panels.map((spec) => {
    const caption = make('figcaption', { id: `${spec.id}-title` }, spec.title);
    const kind = spec.drawable === true ? { role: 'application', tabindex: '0', 'data-drawable': '' } : { role: 'img' };
    const canvas = make('canvas', { ...kind, 'aria-label': `${spec.title}. ${spec.describes}` });
    return { spec, canvas, figure: make('figure', { 'data-panel': spec.id }, caption, canvas) };
  });
  root.replaceChildren(...made.map(({ figure }) => figure));
  const overlays = new Map<string, Overlay>();
  return {
    canvas: (id) => made.find(({ spec }) => spec.id === id)?.canvas,
    overlay: (id, draw) => overlays.set(id, draw),
    draw: (picture, { moment, seconds }, palette) => {
      for (const { spec, canvas } of made) {
        const clock = { moment, seconds, kind: spec.clock, life };
        const drawn = drawPanel(canvas, spec, picture[spec.id] ?? {}, clock, palette);
        if (drawn !== undefined) overlays.get(spec.id)?.(drawn.context, drawn.frame, palette);
      }
    },
  };
}
