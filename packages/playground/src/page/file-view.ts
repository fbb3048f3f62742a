/** A model from a file on the stage. */
import { planeOf, type Window } from '../worker/model-picture.ts';
import type { Clock } from './clock.ts';
import type { PanelPicture } from '../scenes/picture.ts';
import type { PanelSpec } from '../scenes/scene.ts';
import type { Report } from '../worker/protocol.ts';
import { byId } from './element.ts';
import { startWorker, type Link } from './link.ts';
import { stageOf } from './stage.ts';
import { problem } from './problem.ts';
import type { View } from './view.ts';

const panelOf = (window: Pick<Window, 'from' | 'to'>): PanelSpec => ({
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
  const field = (id: string): HTMLInputElement => byId(id, HTMLInputElement);
  const [input, from, to, end] = [field('file'), field('from'), field('to'), field('end')];
  const status = byId('file-status', HTMLParagraphElement);
  const panels = byId('panels', HTMLDivElement);
  const windowOf = (): Window => ({ from: from.valueAsNumber, to: to.valueAsNumber, end: end.valueAsNumber });
  let stage = stageOf(panels, [panelOf({ from: -3, to: 3 })]);
  const listeners = new AbortController();
  let picture: PanelPicture = {};
  // Kept, with the runtime that it has loaded, unless another file is opened while it works.
  let worker: Link | undefined;
  let isBusy = false;
  let opened = 0;

  const fail = (message: string): void => {
    problem(message);
    status.textContent = 'Not drawn.';
  };
  const stop = (): void => {
    worker?.end();
    [worker, isBusy] = [undefined, false];
  };
  const onReport = (report: Report): void => {
    if (report.type === 'problem') fail(report.message);
    else if (report.type === 'drawn') {
      picture = report.picture;
      status.textContent = report.said;
    } else {
      if (report.type === 'phase') stop(); // of a worker that has ended
      return;
    }
    isBusy = false;
    onNews();
  };
  const load = async (file: File): Promise<void> => {
    opened += 1;
    const turn = opened;
    if (isBusy) stop();
    problem(undefined);
    picture = {};
    const window = windowOf();
    if (!(window.from < window.to && window.end > 0)) {
      fail('The plane goes from one number to a larger one, and the flow until a time above 0.');
      onNews();
      return;
    }
    status.textContent = `Running ${file.name} …`;
    stage = stageOf(panels, [panelOf(window)]);
    clock.span(0, window.end);
    onNews();
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (turn !== opened || listeners.signal.aborted) return;
      worker ??= startWorker(onReport);
      isBusy = true;
      worker.send({ type: 'file', bytes, window });
    } catch (error) {
      fail(`${file.name} can not be read (${String(error)}). Open it again.`);
    }
  };
  for (const field of [input, from, to, end]) {
    field.addEventListener(
      'change',
      () => {
        const [file] = input.files ?? [];
        if (file !== undefined) void load(file);
      },
      { signal: listeners.signal },
    );
  }
  input.value = '';
  status.textContent = '';
  problem(undefined);
  return {
    draw: (time, palette) => {
      stage.draw({ yours: picture }, time, palette);
    },
    end: () => {
      listeners.abort();
      stop();
    },
  };
}
