/** The contract of a scene: what it learns from, how, and what it shows of that. */
import type { Ode } from '@node-ode/core';
import type { Bounds } from './picture.ts';
import type { Settings } from './settings.ts';
import type { Trainer } from './trainer.ts';

/** A square of the stage. */
export interface PanelSpec {
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly describes: string;
  readonly bounds: Bounds;
  /** What both axes are: name, and unit where there is one. */
  readonly axes: readonly [x: string, y: string];
  /** `particles` come and go each at its own time; `together` all points are at the time of the clock. */
  readonly clock: 'particles' | 'together';
  /** Whether its flow is one of space, seen from above at an angle. */
  readonly space?: boolean;
  /** Whether visitors draw in it. */
  readonly drawable?: boolean;
}

/** What a scene's models are put together from. */
export interface SceneParts {
  readonly ode: Ode;
  readonly settings: Settings;
  readonly seed: number;
  /** What the visitor has drawn so far, [points, 2]. Scenes with data of their own do not ask. */
  readonly points: () => Float32Array;
}

/** What the page has to know of a scene. */
export interface SceneSpec {
  readonly defaults: Settings;
  /** What its models are called: each has a curve of its own. */
  readonly models: readonly string[];
  /** What is minimised, with its unit. */
  readonly loss: string;
  readonly panels: readonly PanelSpec[];
  /** The span of the clock. */
  readonly time: { readonly from: number; readonly to: number };
  /** What further dimensions are called here, and how many there may be. */
  readonly augment: { readonly label: string; readonly least: number; readonly most: number };
  /** Training rests after so many steps, until the visitor goes on. */
  readonly steps: number;
}

/** Puts a scene's models on an engine. */
export type Prepare = (parts: SceneParts) => Trainer;
