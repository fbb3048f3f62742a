/** Tensors gone through by steps: along each axis of a result, how far apart the elements of its operands are. */
import type { Shape } from '@node-ode/core';

/** Axes, the last one fastest, and the steps of each operand along them: 0 where its elements are repeated. */
export interface Strides {
  readonly extents: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

/** The steps of a tensor along its own axes. */
export const ownSteps = (shape: Shape): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((size, extent) => size * extent, 1));

/** The steps of a tensor along the axes of a shape that it is broadcast to. */
export function broadcastSteps(shape: Shape, whole: Shape): readonly number[] {
  const missing = whole.length - shape.length;
  const own = ownSteps(shape);
  return whole.map((_, axis) => ((shape[axis - missing] ?? 1) === 1 ? 0 : (own[axis - missing] ?? 0)));
}

interface Axis {
  readonly extent: number;
  readonly steps: readonly number[];
}

/** The same elements in the same order along as few axes as there can be. */
export function merged({ extents, steps }: Strides): Strides {
  const axes = extents
    .map((extent, axis): Axis => ({ extent, steps: steps.map((of) => of[axis] ?? 0) }))
    .filter(({ extent }) => extent !== 1)
    .reduce<readonly Axis[]>(withNext, []);
  return {
    extents: axes.map(({ extent }) => extent),
    steps: steps.map((_, operand) => axes.map((axis) => axis.steps[operand] ?? 0)),
  };
}

/** Axes with another one behind them; in the last one, where each operand goes on in it. */
function withNext(axes: readonly Axis[], next: Axis): readonly Axis[] {
  const last = axes[axes.length - 1];
  const goesOn = last?.steps.every((step, operand) => step === next.extent * (next.steps[operand] ?? 0)) ?? false;
  if (last === undefined || !goesOn) return [...axes, next];
  return [...axes.slice(0, -1), { extent: last.extent * next.extent, steps: next.steps }];
}

/** Visits the lines along the last axis: where each of one or two operands begins. */
export function eachLine(
  extents: readonly number[],
  first: readonly number[],
  second: readonly number[],
  visit: (first: number, second: number) => void,
): void {
  const outer = extents.length - 1;
  const from = (axis: number, a: number, b: number): void => {
    if (axis >= outer) {
      visit(a, b);
      return;
    }
    const [extent, stepA, stepB] = [extents[axis]!, first[axis]!, second[axis] ?? 0];
    for (let i = 0; i < extent; i++) from(axis + 1, a + i * stepA, b + i * stepB);
  };
  from(0, 0, 0);
}
