/** A model from a file on the stage. */
import type { PanelPicture } from '../scenes/picture.ts';
import type { PanelSpec } from '../scenes/scene.ts';
import type { Report } from '../worker/protocol.ts';
import { byId } from './element.ts';
import { startWorker, type Link } from './link.ts';
import { stageOf } from './stage.ts';
import { problem } from './training-view.ts';
import type { View } from './view.ts';

const panel: PanelSpec = {
  id: 'yours',
  title: 'What your model does to the plane',
  describes: 'Points of a grid carried by the model, or the plane coloured by its numbers.',
  bounds: { x: [-3, 3], y: [-3, 3] },
  axes: ['x₁', 'x₂'],
  clock: 'together',
};

/** Puts a place for a file on the stage. */
export function fileView({ onNews }: { readonly onNews: () => void }): View {
  const stage = stageOf(byId('panels', HTMLDivElement), [panel]);
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
    worker?.end();
    worker = startWorker(onReport);
    worker.send({ type: 'file', bytes: new Uint8Array(await file.arrayBuffer()) });
  };
  input.addEventListener(
    'change',
    () => {
      const [file] = input.files ?? [];
      if (file !== undefined) void load(file);
    },
    { signal: listeners.signal },
  );
  input.value = '';
  status.textContent = 'No file yet.';
  problem(undefined);
  return {
    draw: (time, palette) => {
      stage.draw({ [panel.id]: picture }, time, palette);
    },
    end: () => {
      listeners.abort();
      worker?.end();
    },
  };
}
