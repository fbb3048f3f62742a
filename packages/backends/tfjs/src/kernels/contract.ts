/** What lowerings are given and give: kernel calls on numbered registers, written down once and run often. */
import type {
  BasicParams,
  CompositeParams,
  HostArray,
  NodeOf,
  Primitive,
  Shape,
  StructuralPrimitive,
  TracedParams,
} from '@node-ode/core';

/** tfjs's dtypes that graphs use; `f64` has none. */
export type TfDType = 'float32' | 'int32' | 'bool';

/** A tensor while a segment is lowered. */
export interface Register {
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: TfDType;
  /** The value of all elements, where they are known to have one. */
  readonly splat?: number;
}

/** A kernel's operands by tfjs's names for them; a list for kernels that take any number (`Concat`, `AddN`). */
export type KernelOperands = Readonly<Record<string, Register>> | readonly Register[];

/** A kernel's attributes, as tfjs names them. */
export type KernelAttributes = Readonly<Record<string, unknown>>;

/** Primitives that have lowerings. */
export type PlainPrimitive = Exclude<Primitive, StructuralPrimitive | keyof TracedParams>;

/** Collects the kernel calls of a segment. */
export interface KernelBuilder {
  /** tfjs's name of the backend: `cpu`, `wasm`, `webgpu`, `tensorflow`, … */
  readonly backendName: string;
  /** Whether the backend has a kernel. */
  has(kernel: string): boolean;
  /**
   * Appends a call; gives its (first) result, of this shape and dtype.
   *
   * @throws UnsupportedError if the backend has no such kernel, naming both.
   */
  call(
    kernel: string,
    operands: KernelOperands,
    attributes: KernelAttributes,
    result: { readonly shape: Shape; readonly dtype: TfDType },
  ): Register;
  /** An application of another primitive, for lowerings made of others: `lower('sub', [x, y], {})`. */
  lower<P extends PlainPrimitive>(op: P, inputs: readonly Register[], params: NodeOf<P>['params']): Register;
  /** A constant, on the device from when the segment is loaded to when it is released; equal ones are one. */
  constant(array: HostArray): Register;
}

/** How one primitive becomes kernel calls. The registers are the node's inputs. */
export type Lowering<P extends Primitive> = (
  builder: KernelBuilder,
  inputs: readonly Register[],
  node: NodeOf<P>,
) => Register;

/** A lowering for each basic primitive: one that is missing does not compile. */
export type BasicLowerings = { readonly [P in keyof BasicParams]: Lowering<P> };

/** The same of a primitive that has a decomposition; undefined where that is the better way. */
export type OptionalLowering<P extends Primitive> = (
  builder: KernelBuilder,
  inputs: readonly Register[],
  node: NodeOf<P>,
) => Register | undefined;

/** Lowerings of composites that have kernels of their own, or a better way than their decomposition. */
export type CompositeLowerings = { readonly [P in keyof CompositeParams]?: OptionalLowering<P> };

/** Lowerings by primitive; none for a composite that is always decomposed. */
export type Lowerings = { readonly [P in PlainPrimitive]?: OptionalLowering<P> };
