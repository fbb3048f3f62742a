/** Training as the page asks for it: what it wants may change at any moment, and is looked at between two steps. */
import { random, type Backend } from '@node-ode/core';
import { StepError } from '@node-ode/train';
import { odeOf } from '../scenes/compose.ts';
import { scenes } from '../scenes/index.ts';
import { buffersOf, type Picture } from '../scenes/picture.ts';
import type { Cost, SceneState, Trainer } from '../scenes/trainer.ts';
import { available, messageOf, openEngine, type EngineName } from './engines.ts';
import type { Phase, Post, Request, Task } from './protocol.ts';

/** Least milliseconds from one picture, or one report of costs, to the next. */
const [pictureEvery, progressEvery] = [70, 40];

/** What a session is asked for. */
export type TrainingRequest = Exclude<Request, { readonly type: 'file' }>;

/** A training session: it gets requests, and reports. */
export function session(post: Post): (request: TrainingRequest) => void {
  let task: Task | undefined;
  let until = 0;
  let isChanged = false;
  let points: Float32Array = new Float32Array();
  let isStale = false;
  let stretch = new AbortController();
  let wake = (): void => undefined;

  let trainer: Trainer | undefined;
  let state: SceneState | undefined;
  let step = 0;
  let begun: number | undefined;
  let engine: { readonly name: EngineName; readonly backend: Backend } | undefined;

  const tell = (phase: Phase): void => {
    post({ type: 'phase', phase, step });
  };
  const show = (picture: Picture): void => {
    post({ type: 'picture', picture }, buffersOf(picture));
  };

  /** Makes a trainer for the task; what was learned goes on in it if it fits and has the same seed. */
  async function prepare({ scene, settings, engine: wanted, seed }: Task): Promise<void> {
    tell('preparing');
    trainer?.dispose();
    trainer = undefined;
    if (engine?.name !== wanted) {
      const before = engine;
      engine = undefined;
      await before?.backend.dispose();
      engine = { name: wanted, backend: await openEngine(wanted) };
    }
    const made = scenes[scene]({ ode: odeOf(engine.backend, settings), settings, seed, points: () => points });
    if (state === undefined || begun !== seed || !fits(state, made.state)) {
      // What was asked for before is no reason to train what is new.
      if (step >= until) until = 0;
      [state, step, begun] = [made.state, 0, seed];
      post({ type: 'anew' });
    }
    trainer = made;
    show(await made.view(state));
    tell('resting');
  }

  /** Trains until it is told otherwise, or has made the steps it was asked for. */
  async function train(using: Trainer, from: SceneState, seed: number): Promise<void> {
    stretch = new AbortController();
    tell('training');
    const costs = batched((found) => {
      post({ type: 'progress', step, costs: found });
    });
    const looks = pictures(show);
    try {
      state = await using.train({
        state: from,
        steps: until - step,
        random: random(seed + 1 + step),
        signal: stretch.signal,
        onStep: (found) => {
          step += 1;
          costs.add(found);
        },
        look: looks,
      });
    } catch (error) {
      if (error instanceof StepError) state = error.state as SceneState;
      throw error;
    } finally {
      costs.flush();
    }
    show(await using.view(state));
    tell('resting');
  }

  async function work(): Promise<never> {
    for (;;) {
      try {
        if (isChanged && task !== undefined) {
          isChanged = false;
          await prepare(task);
        } else if (trainer !== undefined && state !== undefined && task !== undefined && step < until) {
          await train(trainer, state, task.seed);
        } else if (isStale && trainer !== undefined && state !== undefined) {
          isStale = false;
          show(await trainer.view(state));
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } catch (error) {
        until = step;
        const failed = engine === undefined && task !== undefined ? { engine: task.engine } : {};
        post({ type: 'problem', message: messageOf(error), ...failed });
        tell('failed');
      }
    }
  }
  void work();

  return (request) => {
    switch (request.type) {
      case 'task':
        [task, isChanged] = [request.task, true];
        break;
      case 'train':
        until = request.until;
        break;
      case 'pause':
        until = step;
        break;
      case 'points':
        // Training takes its next batch from them.
        [points, isStale] = [request.points, true];
        wake();
        return;
      case 'engines':
        void available(request.software).then((engines) => {
          post({ type: 'engines', engines });
        });
        return;
    }
    stretch.abort();
    wake();
  };
}

/** Whether parameters of one state can be those of another. */
function fits(a: SceneState, b: SceneState): boolean {
  const shapes = (state: SceneState): string =>
    JSON.stringify(state.map(({ params }) => params.map(({ shape }) => shape)));
  return shapes(a) === shapes(b);
}

/** Costs of several steps in one report. */
function batched(post: (costs: readonly (readonly Cost[])[]) => void) {
  let waiting: (readonly Cost[])[] = [];
  let last = performance.now();
  const flush = (): void => {
    if (waiting.length > 0) post(waiting);
    [waiting, last] = [[], performance.now()];
  };
  return {
    add: (costs: readonly Cost[]): void => {
      waiting.push(costs);
      if (performance.now() - last > progressEvery) flush();
    },
    flush,
  };
}

/** Pictures now and then, so that they take no more than a third of the time. */
function pictures(show: (picture: Picture) => void): (view: () => Promise<Picture>) => Promise<void> {
  let next = 0;
  return async (view) => {
    const begin = performance.now();
    if (begin < next) return;
    show(await view());
    const end = performance.now();
    next = end + Math.max(pictureEvery, 2 * (end - begin));
  };
}
