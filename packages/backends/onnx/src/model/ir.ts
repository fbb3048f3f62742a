/**
 * An ONNX model as plain data: what lowering makes, what is written to a file and read from one. Names are as in
 * https://onnx.ai/onnx/repo-docs/IR.html; only what the standard operators need is here.
 */
import type { DType, Shape } from '@node-ode/core';

/** Element types of tensors, by the names of `TensorProto.DataType` in lower case. */
export type ElementType = 'float' | 'double' | 'int32' | 'int64' | 'bool';

/** A tensor with its elements in row-major order; a bool is one byte, 0 or 1. */
export type OnnxTensor = { readonly dims: Shape } & (
  | { readonly elementType: 'float'; readonly data: Float32Array }
  | { readonly elementType: 'double'; readonly data: Float64Array }
  | { readonly elementType: 'int32'; readonly data: Int32Array }
  | { readonly elementType: 'int64'; readonly data: BigInt64Array }
  | { readonly elementType: 'bool'; readonly data: Uint8Array }
);

/** An extent: a number, or a name for one that is known only when the model runs. */
export type Dim = number | string;

/** A typed name: an input, an output or a constant of a graph. */
export interface ValueInfo {
  readonly name: string;
  readonly elementType: ElementType;
  /** Undefined where not even the rank is known. */
  readonly dims: readonly Dim[] | undefined;
}

/** The value of a node's attribute, tagged with its kind. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'graph'; readonly value: OnnxGraph };

/** One application of an operator. An omitted optional operand is the empty name. */
export interface OnnxNode {
  readonly opType: string;
  /** The operator set that the operator is of, if it is not the default one. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The primitive that it was lowered from, for error messages; written as the node's `doc_string`. */
  readonly origin: string;
}

/** A constant of a graph. */
export interface Initializer {
  readonly name: string;
  readonly tensor: OnnxTensor;
  /** The primitive that it was made for, for error messages. */
  readonly origin: string;
}

/**
 * A graph. Nodes are in execution order; a subgraph (an attribute of `If` or `Loop`) may use any name of the graphs around
 * it that is defined before the node. Names are unique in the whole model.
 */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly OnnxNode[];
}

/** A model of the default operator set, and perhaps of version 1 of others. */
export interface OnnxModel {
  readonly graph: OnnxGraph;
  /** Version of the default operator set, `ai.onnx`. */
  readonly opset: number;
  /** Version of the file format. */
  readonly irVersion: number;
  /** `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The operator set that models are written for: the first with the axes of every reduction as an operand. */
export const opset = 18;

/** The file format that came with it. */
export const irVersion = 8;

/**
 * The element type of a dtype.
 *
 * @example
 * elementTypeOf('f32'); // 'float'
 */
export const elementTypeOf = (dtype: DType): ElementType => elementTypes[dtype];

const elementTypes = { f32: 'float', f64: 'double', i32: 'int32', bool: 'bool' } as const satisfies Record<
  DType,
  ElementType
>;
