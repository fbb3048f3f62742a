/** Training as the page asks for it: what it wants may change at any moment, and is looked at between two steps. */
import { OptionError, random, SolveError, type Backend } from '@node-ode/core';
import { StepError } from '@node-ode/train';
import { odeOf } from '../scenes/compose.ts';
import { scenes } from '../scenes/index.ts';
import { buffersOf, type Picture } from '../scenes/picture.ts';
import type { Cost, SceneState, Trainer } from '../scenes/trainer.ts';
import { available, embedded, messageOf, openEngine, type EngineName } from './engines.ts';
import type { Phase, Post, Request, Task } from './protocol.ts';

/** Least milliseconds from one picture, or one report of costs, to the next. */
const [pictureEvery, progressEvery] = [70, 40];

/** What a session is asked for. */
export type TrainingRequest = Exclude<Request, { readonly type: 'file' }>;

/** Where a session has its engines from. */
export interface Engines {
  readonly available: typeof available;
  readonly open: typeof openEngine;
}

/** A training session: it gets requests, and reports. */
export function session(
  post: Post,
  engines: Engines = { available, open: openEngine },
): (request: TrainingRequest) => void {
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
  let wanted: EngineName = embedded;
  let engine: { readonly name: EngineName; readonly backend: Backend } | undefined;

  const tell = (phase: Phase): void => {
    post({ type: 'phase', phase, step });
  };
  const show = (picture: Picture): void => {
    post({ type: 'picture', picture }, buffersOf(picture));
  };

  /** Lets go of trainer and engine. */
  async function close(): Promise<void> {
    const [before, backend] = [trainer, engine?.backend];
    [trainer, engine] = [undefined, undefined];
    try {
      before?.dispose();
      await backend?.dispose();
    } catch {
      // An engine that is broken, its device lost, has nothing left to give back.
    }
  }

  /** Makes a trainer for the task; what was learned goes on in it if it fits and has the same seed. */
  async function prepare({ scene, settings, engine: name, seed }: Task): Promise<void> {
    tell('preparing');
    wanted = name;
    if (engine?.name === name) {
      trainer?.dispose();
      trainer = undefined;
    } else {
      await close();
      engine = { name, backend: await engines.open(name) };
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
    const first = step;
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
      // Without a state that could be read, all that is known is what this stretch began with.
      if (error instanceof StepError) state = error.state as SceneState;
      else step = first;
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
        const isEngines = wanted !== embedded && isOfEngine(error);
        // With another engine it goes on.
        if (isEngines) await close();
        else until = step;
        post({ type: 'problem', message: problemOf(error, step), ...(isEngines && { engine: wanted }) });
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
        void engines.available(request.software).then((offer) => {
          post({ type: 'engines', ...offer });
        });
        return;
    }
    stretch.abort();
    wake();
  };
}

/** What a step failed of; the error itself otherwise. */
const rootOf = (error: unknown): unknown => (error instanceof StepError ? error.cause : error);

/** Whether another engine may do better: not where a solve fails, a loss is not finite or a setting is wrong. */
function isOfEngine(error: unknown): boolean {
  const root = rootOf(error);
  return root !== undefined && !(root instanceof SolveError) && !(root instanceof OptionError);
}

/** What to tell the visitor; a step's number is that of the page, whatever stretch it was in. */
function problemOf(error: unknown, step: number): string {
  if (!(error instanceof StepError)) return messageOf(error);
  const root = rootOf(error);
  return root === undefined
    ? `The loss of step ${step + 1} is not finite. What was learned before is kept: try a lower learning rate.`
    : `Step ${step + 1}: ${messageOf(root)}`;
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
