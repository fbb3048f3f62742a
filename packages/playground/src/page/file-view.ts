/** A model from a file on the stage. */
import { planeOf, type Window } from '../worker/model-file.ts';
import type { Clock } from './clock.ts';
import type { PanelPicture } from '../scenes/picture.ts';
import type { PanelSpec } from '../scenes/scene.ts';
import type { Report } from '../worker/protocol.ts';
import { byId } from './element.ts';
import { startWorker, type Link } from './link.ts';
import { stageOf } from './stage.ts';
import { problem } from './training-view.ts';
import type { View } from './view.ts';

const panelOf = (window: Window): PanelSpec => ({
  id: 'yours',
  title: 'What your model does to the plane',
  describes: 'Points of a grid carried by the model, or the plane coloured by its numbers.',
  bounds: planeOf(window),
  axes: ['x₁', 'x₂'],
  clock: 'together',
});

/** What a file's view is told. */
export interface FileOptions {
  readonly clock: Clock;
  /** There is something new to draw. */
  readonly onNews: () => void;
}

/** Puts a place for a file on the stage. */
export function fileView({ clock, onNews }: FileOptions): View {
  const [from, to, end] = (['from', 'to', 'end'] as const).map((id) => byId(id, HTMLInputElement));
  const windowOf = (): Window => {
    const [least, most, last] = [from, to, end].map((field) => field?.valueAsNumber ?? NaN);
    const isPlane = least !== undefined && most !== undefined && least < most;
    return {
      ...(isPlane ? { from: least, to: most } : { from: -3, to: 3 }),
      end: last !== undefined && last > 0 ? last : 1,
    };
  };
  const panels = byId('panels', HTMLDivElement);
  let stage = stageOf(panels, [panelOf(windowOf())]);
  const [input, status] = [byId('file', HTMLInputElement), byId('file-status', HTMLParagraphElement)];
  const listeners = new AbortController();
  let picture: PanelPicture = {};
  let worker: Link | undefined;

  const onReport = (report: Report): void => {
    if (report.type === 'problem') {
      problem(report.message);
      status.textContent = 'Not drawn.';
    } else if (report.type === 'drawn') {
      picture = report.picture;
      status.textContent = report.said;
    } else return;
    worker?.end();
    worker = undefined;
    onNews();
  };
  const load = async (file: File): Promise<void> => {
    problem(undefined);
    status.textContent = `Running ${file.name} …`;
    const window = windowOf();
    stage = stageOf(panels, [panelOf(window)]);
    picture = {};
    clock.span(0, window.end);
    worker?.end();
    worker = startWorker(onReport);
    worker.send({ type: 'file', bytes: new Uint8Array(await file.arrayBuffer()), window });
  };
  for (const field of [input, from, to, end]) {
    field?.addEventListener(
      'change',
      () => {
        const [file] = input.files ?? [];
        if (file !== undefined) void load(file);
      },
      { signal: listeners.signal },
    );
  }
  input.value = '';
  status.textContent = 'No file yet.';
  problem(undefined);
  return {
    draw: (time, palette) => {
      stage.draw({ yours: picture }, time, palette);
    },
    end: () => {
      listeners.abort();
      worker?.end();
    },
  };
}
