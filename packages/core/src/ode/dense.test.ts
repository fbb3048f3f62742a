import { expect, it } from 'vitest';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { alwaysDense } from './dense.ts';
import type { ErrorMeasure, LeafDynamics, Leaves, Solver } from './solver.ts';

it('a solver that is always dense is told how errors are measured, and counts what densifies', () => {
  const asked: (ErrorMeasure | undefined)[] = [];
  const solver: Solver<readonly [], Leaves> = {
    name: 'mine',
    order: 1,
    hasErrorEstimate: false,
    fsal: false,
    needsUniformStep: false,
    init: () => ({ state: [], evaluations: 0 }),
    step: (_f, _t, _h, y, state, measure) => {
      asked.push(measure);
      return { y, state, interpolant: y, evaluations: 2 };
    },
    densify: (_f, _t, interpolant) => ({ interpolant, evaluations: 3 }),
    interpolate: (interpolant) => interpolant,
  };
  const measure: ErrorMeasure = (error) => error[0] as Tensor;
  const f: LeafDynamics = (_, y) => y;
  const [t, h] = [constant(0), constant(1)];
  const { evaluations } = alwaysDense(solver).step(f, t, h, [t], [], measure);
  expect(asked).toEqual([measure]);
  expect(evaluations).toBe(5);
});
