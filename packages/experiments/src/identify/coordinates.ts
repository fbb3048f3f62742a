/** The model's coordinates: standardised over what is learned from, logarithms where the problem says so. */
import { array, type HostArray } from '@node-ode/core';
import { standardize } from '@node-ode/datasets';
import type { Problem, State } from './problem.ts';

/** There and back. */
export interface Coordinates {
  to(states: readonly State[]): HostArray;
  from(z: HostArray): readonly State[];
  /** dy/dt of a state from dz/dt. */
  rate(state: State, zRate: State): State;
}

/** Coordinates of a problem, fitted on its training observations. */
export function coordinatesOf({ train, logarithms }: Pick<Problem, 'train' | 'logarithms'>): Coordinates {
  const raw = (states: readonly State[]): HostArray =>
    array(
      states.map((state) => (logarithms ? state.map(Math.log) : [...state])),
      { dtype: 'f32' },
    );
  const scale = standardize(raw(train.y));
  const std = Array.from(scale.std.data);
  return {
    to: (states) => scale.apply(raw(states)),
    from: (z) => statesOf(scale.invert(z)).map((state) => (logarithms ? state.map(Math.exp) : state)),
    rate: (state, zRate) => zRate.map((value, k) => value * (std[k] ?? NaN) * (logarithms ? (state[k] ?? NaN) : 1)),
  };
}

/** Rows of an array whose last axis is the state. */
export function statesOf({ data, shape }: HostArray): readonly State[] {
  const width = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
}
