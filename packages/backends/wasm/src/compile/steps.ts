/** What a function does, in order: loops over elements, products, kernels, calls, branches and loops over functions. */
import type { LoweredPrimitive, PrimitiveParams, Shape } from '@node-ode/core';
import type { ConvolutionSpec } from '../convolution/index.ts';
import type { kernels } from '../kernels/index.ts';
import type { FunctionPlan } from './plan.ts';
import type { Root } from './root.ts';
import type { Variable } from './variable.ts';

/** An operation with its parameters, detached from its operands. */
export type Operation = {
  [P in LoweredPrimitive]: { readonly op: P; readonly params: PrimitiveParams[P] };
}[LoweredPrimitive];

/** What is computed on scalars in locals. */
export type ScalarOperation =
  | Operation
  /** One element of a tensor in memory, at the view's offset. */
  | { readonly op: 'element' }
  /** Element `index` (the second operand) of a tensor of one axis; NaN (0, false) outside. */
  | { readonly op: 'pick' }
  /** ((e / (atol + rtol·max(|y0|, |y1|)))², of scalars (e, y0, y1, rtol, atol). */
  | { readonly op: 'scaledSquares' }
  /** √(Σ operands / count). */
  | { readonly op: 'rootMeanSquare'; readonly count: number };

export interface ScalarStep {
  readonly kind: 'scalar';
  readonly operation: ScalarOperation;
  readonly inputs: readonly Variable[];
  readonly output: Variable;
}

/** What is computed on the elements within a loop; a reduction gives its result behind the loop. */
export type MemberOperation = Operation | { readonly op: 'scaledSquares' } | { readonly op: 'copy' };

export interface Member {
  readonly operation: MemberOperation;
  readonly inputs: readonly Variable[];
  readonly output: Variable;
  readonly isReduction: boolean;
}

/** A matrix product whose results are handed to the members of its loop, vector by vector. */
export interface MatrixProduct {
  readonly kind: 'matmul';
  readonly a: Variable;
  readonly b: Variable;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly output: Variable;
}

/** A convolution, or its input gradient, of a source `a` with a kernel `b`. It hands its results out as a matrix product does. */
export interface ConvolutionProduct {
  readonly kind: 'convolution';
  readonly spec: ConvolutionSpec;
  readonly isInputGrad: boolean;
  readonly a: Variable;
  readonly b: Variable;
  readonly output: Variable;
}

export type Product = MatrixProduct | ConvolutionProduct;

/** That threads share a step, and how it is told what it needs of the function that it is part of. */
export interface Job {
  readonly threads: number;
  /** Parts of fewer floating-point operations don't pay. */
  readonly leastPartWork: number;
  /** Words of memory, eight bytes each, as addresses relative to the arena: one for each variable that it may use. */
  readonly slots: readonly number[];
}

/** One pass over all index tuples of `shape`. */
export interface LoopStep {
  readonly kind: 'loop';
  readonly shape: Shape;
  readonly members: Member[];
  readonly product: Product | undefined;
  /** Axes that its reductions, if any, reduce. */
  reducedAxes: readonly number[] | undefined;
  /** Scratch memory of its product. */
  scratch: Root | undefined;
  /** Set if threads share it. */
  job?: Job;
}

export type KernelPrimitive = keyof typeof kernels;

/** What needs memory on both sides: data movement, windows over images. */
export interface KernelStep {
  readonly kind: 'kernel';
  readonly operation: Operation & { readonly op: KernelPrimitive };
  readonly inputs: readonly Variable[];
  readonly output: Variable;
  /** Memory for operands that are scalars, in their order, and for a scalar result. */
  spills: readonly Root[];
  /** Scratch memory of the kernel. */
  scratch: Root | undefined;
  /** Set if threads share it. */
  job?: Job;
}

export interface CallStep {
  readonly kind: 'call';
  readonly callee: FunctionPlan;
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
}

export interface CondStep {
  readonly kind: 'cond';
  /** Stands for the choice in paths. */
  readonly choice: object;
  readonly predicate: Variable;
  readonly branches: readonly [Scope, Scope];
  /** What either branch gives, as variables of the function. */
  readonly outputs: readonly Variable[];
}

/** The carry of a loop: the variable, its initial value, and memory for the next value of a tensor. */
export interface Carry {
  readonly initial: Variable;
  readonly current: Variable;
  /** Where the initial value is copied to, if the loop may not write to where it is. */
  own: Root | undefined;
  next: Root | undefined;
}

/** What both kinds of loops over functions have. */
export interface LoopParts {
  readonly body: FunctionPlan;
  readonly constants: readonly Variable[];
  readonly carries: readonly Carry[];
}

export interface WhileStep extends LoopParts {
  readonly kind: 'while';
  readonly condition: Scope;
  readonly tapes: readonly Variable[];
  readonly advances: boolean;
}

export interface ScanStep extends LoopParts {
  readonly kind: 'scan';
  /** Null if the sequences are tapes. */
  readonly length: number | null;
  readonly reverse: boolean;
  readonly elements: readonly Variable[];
  readonly sequences: readonly Variable[];
}

export type Step = ScalarStep | LoopStep | KernelStep | CallStep | CondStep | WhileStep | ScanStep;

/** Steps of a function, of a branch or of a loop's condition. */
export interface Scope {
  readonly steps: Step[];
  readonly outputs: readonly Variable[];
}

/** Whether a step records tapes, in a function that it calls included. */
export function recordsTapes(step: Step): boolean {
  switch (step.kind) {
    case 'while':
      return step.tapes.length > 0 || step.body.recordsTapes;
    case 'scan':
      return (step.length === null && step.sequences.length > 0) || step.body.recordsTapes;
    case 'cond':
      return step.branches.some(({ steps }) => steps.some(recordsTapes));
    case 'call':
      return step.callee.recordsTapes;
    default:
      return false;
  }
}
