/** The data: spheres, which no flow of their dimension separates, and the control, which one does. */
import type { Dataset } from '@node-ode/core';
import { shiftedSines, spheres, type TargetPoints } from '@node-ode/datasets';

/** The two data sets. */
export type DataName = 'spheres' | 'control';

/** In the order of tables. */
export const dataNames: readonly DataName[] = ['spheres', 'control'];

/** Points of a data set in so many dimensions. Of the spheres a quarter is in the ball, as in the authors' configuration. */
export const makeData = (name: DataName, dimensions: number, seed: number, train: number): Dataset<TargetPoints> =>
  name === 'spheres'
    ? spheres({ dimensions, train, test: 1000, seed, inside: 0.25 })
    : // In one dimension the sines overlap unless they are further apart.
      shiftedSines({ dimensions, train, test: 1000, seed, ...(dimensions === 1 && { shift: 3 }) });
