/** A scene on the stage: buttons and switches in, pictures and curves out. */
import type { Picture } from '../scenes/picture.ts';
import { specs, type SceneName } from '../scenes/specs.ts';
import type { Phase, Report } from '../worker/protocol.ts';
import { controlsOf, numberText, type Choice } from './controls.ts';
import { drawChart } from './draw/chart.ts';
import { byId } from './element.ts';
import { historyOf } from './history.ts';
import { startWorker } from './link.ts';
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
  const status = (): string => {
    if (phase === 'preparing') return 'Compiling the training step …';
    if (phase === 'failed') return 'Stopped.';
    if (phase === 'training')
      return pace === 0 ? 'Training …' : `${pace < 10 ? pace.toFixed(1) : Math.round(pace)} steps a second`;
    return step === 0 ? 'Ready.' : `Resting after ${step} ${step === 1 ? 'step' : 'steps'}.`;
  };
  const refresh = (): void => {
    show({ phase, step, status: status(), costs: history.last() });
  };
  const onReport = (report: Report): void => {
    switch (report.type) {
      case 'phase':
        [phase, step] = [report.phase, report.step];
        if (phase === 'preparing' || phase === 'training') problem(undefined);
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
        problem(report.message);
        if (report.engine !== undefined && report.engine !== 'wasm') {
          choose({ ...choice, engine: 'wasm' });
          problem(`${report.message}. The built-in engine goes on.`);
        }
        break;
      case 'engines':
        controls.offer(report.engines);
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
  const controls = controlsOf(byId('controls', HTMLFormElement), spec, choice, choose);

  const listen = (id: string, action: () => void): void => {
    byId(id, HTMLButtonElement).addEventListener('click', action, { signal: listeners.signal });
  };
  listen('train', () => {
    problem(undefined);
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
    button.addEventListener(
      'click',
      () => {
        choose({ ...choice, settings: { ...choice.settings, ...settings } });
      },
      { signal: listeners.signal },
    );
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
      button.addEventListener(
        'click',
        () => {
          replace(presetPoints(button.dataset['points'] ?? ''));
        },
        { signal: listeners.signal },
      );
    }
    send();
  }

  byId('loss-title', HTMLElement).textContent = `Loss: ${spec.loss}`;
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

/** Shows what went wrong, or that nothing did. */
export function problem(message: string | undefined): void {
  const box = byId('problem', HTMLParagraphElement);
  box.hidden = message === undefined;
  box.textContent = message ?? '';
}

/** Steps a second over the last second or so. */
function speedometer(): (step: number) => number {
  const seen: { readonly at: number; readonly step: number }[] = [];
  return (step) => {
    const at = performance.now();
    seen.push({ at, step });
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > 1500) seen.shift();
    const [first] = seen;
    return first === undefined || at <= first.at ? 0 : (1000 * (step - first.step)) / (at - first.at);
  };
}

interface Readout {
  readonly phase: Phase;
  readonly step: number;
  readonly status: string;
  readonly costs: ReturnType<ReturnType<typeof historyOf>['last']>;
}

/** Writes the numbers above the panels. */
function readouts(): (readout: Readout) => void {
  const [train, one] = [byId('train', HTMLButtonElement), byId('one', HTMLButtonElement)];
  const [stepBox, loss, nfe] = ['step', 'loss', 'nfe'].map((id) => byId(id, HTMLElement));
  const status = byId('status', HTMLParagraphElement);
  const write = (element: HTMLElement | undefined, text: string): void => {
    if (element !== undefined && element.textContent !== text) element.textContent = text;
  };
  return ({ phase, step, status: text, costs }) => {
    document.documentElement.dataset['phase'] = phase;
    write(train, phase === 'training' ? 'Pause' : 'Train');
    one.disabled = phase === 'training';
    write(stepBox, String(step));
    write(loss, costs.length === 0 ? '–' : costs.map((cost) => lossText(cost.loss)).join(' · '));
    write(nfe, costs.length === 0 ? '–' : costs.map((cost) => `${cost.nfe} + ${cost.nfeBackward}`).join(' · '));
    write(status, text);
  };
}

const lossText = (loss: number): string =>
  Math.abs(loss) < 1e-3 ? numberText(loss) : loss.toPrecision(3).replace('-', '−');
