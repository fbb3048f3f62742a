/** The values of a function while it is planned, and where in memory they are. */
import { isTensorType, type DType } from './types.ts';
import { sizeOf, type Shape, type TensorType, type ValueType } from '@node-ode/core';
import type { Root } from './root.ts';

/** A branch: which choice it belongs to, and its number there. */
export type Branch = readonly [choice: object, branch: number];

/** Branches on the way from a function to a place in it. */
export type Path = readonly Branch[];

/** Whether two places are in branches of which at most one runs. */
export const areExclusive = (a: Path, b: Path): boolean =>
  a.some(([step, branch]) => b.some(([other, otherBranch]) => step === other && branch !== otherBranch));

/** A step that reads a variable. */
export interface Use {
  readonly position: number;
  readonly path: Path;
}

/** Elements of another variable, without a copy: element i is at `offset + Σ i·strides` (in elements). */
export interface View {
  readonly of: Variable;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** What a result of branches is after one of them. */
export interface Origin {
  readonly variable: Variable;
  readonly branch: Branch;
}

/**
 * A value of one function: unlike a graph's values, an operand of a branch is the same variable inside and outside, and a
 * graph that is used by two branches has variables of its own in each.
 */
export class Variable {
  readonly type: ValueType;
  /** All elements are this number. */
  readonly constant: number | undefined;
  readonly view: View | undefined;
  /** A result of branches: what it is, without a copy, if a branch was taken. */
  readonly origins: readonly Origin[];
  /** What reads it, views of it included. */
  readonly uses: Use[] = [];
  /** Where its elements are, unless it is a scalar, a constant, or a view. */
  root: Root | undefined;
  /** The position of the step that makes it. */
  position = -1;

  constructor(
    type: ValueType,
    { constant, view, origins = [] }: { constant?: number; view?: View; origins?: readonly Origin[] } = {},
  ) {
    this.type = type;
    this.origins = origins;
    this.constant = constant;
    this.view = view;
  }

  get tensor(): TensorType {
    if (!isTensorType(this.type)) throw new Error('a tape is not a tensor');
    return this.type;
  }

  get shape(): Shape {
    return this.tensor.shape;
  }

  get dtype(): DType {
    return this.tensor.dtype;
  }

  /** Whether it is kept in a WebAssembly local: a tensor of one element, whatever its rank. */
  get isScalar(): boolean {
    return this.type.kind === 'tensor' && sizeOf(this.type.shape) === 1;
  }
}

/** Distances between neighbours along each axis of a dense, row-major tensor, in elements. */
export function denseStrides(shape: Shape): readonly number[] {
  let stride = 1;
  return shape
    .map((_, i) => {
      const axis = shape.length - 1 - i;
      const own = stride;
      stride *= shape[axis] ?? 1;
      return own;
    })
    .reverse();
}

/** A variable as elements of one that is no view. */
export const viewOf = (variable: Variable): View =>
  variable.view ?? { of: variable, strides: denseStrides(variable.shape), offset: 0 };

/** Whether elements follow each other without gaps; extents of 1 have no say. */
export function isDense(variable: Variable): boolean {
  if (variable.view === undefined) return true;
  if (variable.view.of.isScalar || variable.view.of.constant !== undefined) return false;
  const dense = denseStrides(variable.shape);
  return variable.shape.every((extent, axis) => extent === 1 || variable.view?.strides[axis] === dense[axis]);
}

/** Whether a variable is all of what it is a view of, in the same order. */
export function isWhole(variable: Variable): boolean {
  const { of, offset } = viewOf(variable);
  return offset === 0 && sizeOf(of.shape) === sizeOf(variable.shape);
}
