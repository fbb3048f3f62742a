/** A third party's step-size controller. */
import { pid, select, type PidOptions, type StepController, type Tensor } from '@node-ode/core';

/** Steps that are halved when they are refused, and doubled after one whose error leaves room for it. */
export const halving = (options: Pick<PidOptions, 'rtol' | 'atol' | 'minStep' | 'maxStep'> = {}) =>
  around(pid(options), options.maxStep ?? Infinity);

function around(tolerances: ReturnType<typeof pid>, maxStep: number): StepController<readonly Tensor[]> {
  const { measure, withTensors, withTolerances, forLeaves } = tolerances;
  return {
    ...tolerances,
    name: 'halving',
    next: ({ h, y1, error = [], errorOrder }, state) => {
      const ratio = measure!(error, y1, h.shape);
      const accept = ratio.lessEqual(1);
      const hasRoom = ratio.less(2 ** -(errorOrder + 2)).and(h.abs().lessEqual(maxStep / 2));
      return { accept, h: h.mul(select(accept, select(hasRoom, 2, 1), 0.5).cast(h.dtype)), state };
    },
    withTensors: (tensors) => around(withTensors!(tensors), maxStep),
    withTolerances: (changes) => around(withTolerances!(changes), maxStep),
    forLeaves: (source, samples) => around(forLeaves(source, samples), maxStep),
  };
}
