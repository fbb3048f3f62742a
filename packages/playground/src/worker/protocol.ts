/** What page and worker say to each other. */
import type { PanelPicture, Picture } from '../scenes/picture.ts';
import type { Settings } from '../scenes/settings.ts';
import type { SceneName } from '../scenes/specs.ts';
import type { Cost } from '../scenes/trainer.ts';
import type { EngineName, Offer } from './engines.ts';
import type { Window } from './model-picture.ts';

/** What is trained, and how. */
export interface Task {
  readonly scene: SceneName;
  readonly settings: Settings;
  readonly engine: EngineName;
  /** Another seed begins the training anew. */
  readonly seed: number;
}

/** What the page asks for. */
export type Request =
  /** The task as it is from now on. What was learned stays, where its shapes fit. */
  | { readonly type: 'task'; readonly task: Task }
  /** Train until there were so many steps in all. */
  | { readonly type: 'train'; readonly until: number }
  | { readonly type: 'pause' }
  /** What the visitor has drawn: [points, 2]. */
  | { readonly type: 'points'; readonly points: Float32Array }
  /** Draw the model in a file of `exportOnnx`. */
  | { readonly type: 'file'; readonly bytes: Uint8Array; readonly window: Window }
  /** Which engines there are besides the embedded one; software ones of WebGPU too, if asked. */
  | { readonly type: 'engines'; readonly software: boolean };

/** Where training is. */
export type Phase = 'preparing' | 'training' | 'resting' | 'failed';

/** What the worker tells. */
export type Report =
  | { readonly type: 'phase'; readonly phase: Phase; readonly step: number }
  /** The costs of the steps up to `step`, of each model. */
  | { readonly type: 'progress'; readonly step: number; readonly costs: readonly (readonly Cost[])[] }
  | { readonly type: 'picture'; readonly picture: Picture }
  /** What was learned does not fit the task: it begins anew. */
  | { readonly type: 'anew' }
  /** Something did not work, in words for the visitor; `engine`, if it was the engine: another has to be chosen. */
  | { readonly type: 'problem'; readonly message: string; readonly engine?: EngineName }
  | ({ readonly type: 'engines' } & Offer)
  /** What the model in a file does, and what there is to say of it. */
  | { readonly type: 'drawn'; readonly picture: PanelPicture; readonly said: string };

/** Sends a report to the page, handing over memory. */
export type Post = (report: Report, transfer?: readonly ArrayBuffer[]) => void;
