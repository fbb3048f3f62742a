/** Interpolants on demand, and always. */
import { asTensor, type Tensor } from '../tensor/tensor.ts';
import type { Solver } from './solver.ts';

/** A solver whose every step gives its most accurate interpolant: for steps that are recorded to be read later. */
export function alwaysDense(solver: Solver): Solver {
  const { densify, ...others } = solver;
  if (densify === undefined) return solver;
  return {
    ...others,
    step: (f, t, h, y, state, measure) => {
      const step = solver.step(f, t, h, y, state, measure);
      const { interpolant, evaluations } = densify(f, t, step.interpolant);
      return { ...step, interpolant, evaluations: sum(step.evaluations, evaluations) };
    },
  };
}

const sum = (a: number | Tensor, b: number | Tensor): number | Tensor =>
  typeof a === 'number' && typeof b === 'number' ? a + b : asTensor(a, 'i32').add(asTensor(b, 'i32'));
