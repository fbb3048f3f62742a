/** A scene on the stage: buttons and switches in, pictures and curves out. */
import type { Picture } from '../scenes/picture.ts';
import { specs, type SceneName } from '../scenes/specs.ts';
import type { Phase, Report } from '../worker/protocol.ts';
import { controlsOf, type Choice } from './controls.ts';
import { drawChart } from './draw/chart.ts';
import { byId } from './element.ts';
import { historyOf } from './history.ts';
import { startWorker } from './link.ts';
import { problem } from './problem.ts';
import { readouts, speedometer } from './readout.ts';
import { presetPoints, sketchOn } from './sketch.ts';
import { stageOf } from './stage.ts';
import type { View } from './view.ts';

/** What a scene's view is told. */
export interface TrainingOptions {
  readonly scene: SceneName;
  /** Buttons of the scene's text: `data-set` has settings, `data-points` a preset. */
  readonly story: ParentNode;
  /** Software WebGPU will do. */
  readonly software: boolean;
  /** There is something new to draw. */
  readonly onNews: () => void;
}

/** Puts a scene on the stage. */
export function trainingView({ scene, story, software, onNews }: TrainingOptions): View {
  const spec = specs[scene];
  const stage = stageOf(byId('panels', HTMLDivElement), spec.panels);
  const history = historyOf(spec.models);
  const listeners = new AbortController();
  let choice: Choice = { settings: spec.defaults, engine: 'wasm' };
  let [seed, step, pace] = [0, 0, 0];
  let phase: Phase = 'preparing';
  let picture: Picture = {};
  let areCurvesNew = true;
  let palette: unknown;
  let speed = speedometer();

  const show = readouts();
  const refresh = (): void => {
    show({ phase, step, pace, costs: history.last() });
  };
  /** What stays on the page until the visitor chooses or asks for something. */
  let notice: string | undefined;
  const onReport = (report: Report): void => {
    switch (report.type) {
      case 'phase':
        [phase, step] = [report.phase, report.step];
        if (phase === 'preparing' || phase === 'training') problem(notice);
        [pace, speed] = [0, speedometer()];
        break;
      case 'progress': {
        history.add(report.costs);
        pace = speed(report.step);
        [step, areCurvesNew] = [report.step, true];
        break;
      }
      case 'picture':
        picture = report.picture;
        break;
      case 'anew':
        history.clear();
        areCurvesNew = true;
        break;
      case 'problem':
        if (report.engine !== undefined && report.engine === choice.engine) {
          notice = `${report.message.replace(/\.$/, '')}. The built-in engine goes on.`;
          choose({ ...choice, engine: 'wasm' });
        }
        problem(notice ?? report.message);
        break;
      case 'engines':
        controls.offer(report);
        break;
      case 'drawn': // of files
        break;
    }
    refresh();
    onNews();
  };
  const worker = startWorker(onReport);
  const sendTask = (): void => {
    worker.send({ type: 'task', task: { scene, ...choice, seed } });
  };
  const choose = (next: Choice): void => {
    choice = next;
    controls.set(choice);
    history.mark();
    sendTask();
  };
  const asked = (): void => {
    notice = undefined;
    problem(undefined);
  };
  const chosen = (next: Choice): void => {
    asked();
    choose(next);
  };
  const controls = controlsOf(byId('controls', HTMLFormElement), spec, choice, chosen);

  const onClick = (button: HTMLButtonElement, action: () => void): void => {
    const act = (): void => {
      asked();
      action();
    };
    button.addEventListener('click', act, { signal: listeners.signal });
  };
  const listen = (id: string, action: () => void): void => {
    onClick(byId(id, HTMLButtonElement), action);
  };
  listen('train', () => {
    if (phase === 'training') worker.send({ type: 'pause' });
    else worker.send({ type: 'train', until: step < spec.steps ? spec.steps : step + spec.steps });
  });
  listen('one', () => {
    worker.send({ type: 'train', until: step + 1 });
  });
  listen('anew', () => {
    seed += 1;
    worker.send({ type: 'pause' });
    sendTask();
  });
  for (const button of story.querySelectorAll<HTMLButtonElement>('button[data-set]')) {
    const settings = JSON.parse(button.dataset['set'] ?? '{}') as Partial<Choice['settings']>;
    onClick(button, () => {
      choose({ ...choice, settings: { ...choice.settings, ...settings } });
    });
  }

  const drawable = spec.panels.find((panel) => panel.drawable === true);
  if (drawable !== undefined) {
    let points: Float32Array = presetPoints('moons');
    const canvas = stage.canvas(drawable.id);
    const send = (): void => {
      worker.send({ type: 'points', points });
    };
    const replace = (next: Float32Array): void => {
      points = next;
      // At once on the screen; the worker's picture follows.
      const before = picture[drawable.id];
      picture = { ...picture, [drawable.id]: { ...before, dots: { data: points } } };
      send();
      onNews();
    };
    if (canvas !== undefined) {
      const sketch = sketchOn(canvas, drawable.bounds, (more) => {
        replace(Float32Array.of(...points, ...more));
      });
      stage.overlay(drawable.id, sketch.overlay);
      for (const event of ['focus', 'blur', 'keydown']) canvas.addEventListener(event, onNews);
    }
    for (const button of story.querySelectorAll<HTMLButtonElement>('button[data-points]')) {
      onClick(button, () => {
        replace(presetPoints(button.dataset['points'] ?? ''));
      });
    }
    send();
  }

  byId('loss-title', HTMLElement).textContent = `Loss: ${spec.loss}`;
  byId('loss-of', HTMLElement).textContent = spec.models.length > 1 ? `Loss: ${spec.models.join(' · ')}` : 'Loss';
  problem(undefined);
  refresh();
  worker.send({ type: 'engines', software });
  sendTask();

  return {
    draw: (time, colours) => {
      stage.draw(picture, time, colours);
      if (areCurvesNew || palette !== colours) {
        drawChart(byId('loss-chart', HTMLCanvasElement), history.loss(), colours);
        drawChart(byId('nfe-chart', HTMLCanvasElement), history.nfe(), colours);
        [areCurvesNew, palette] = [false, colours];
      }
    },
    end: () => {
      listeners.abort();
      worker.end();
    },
  };
}
