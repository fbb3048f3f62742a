/** What lowering a graph to ONNX is made of: operands, the emitter of nodes, and one rule for each primitive. */
import type { CompositePrimitive, DType, NodeOf, Primitive, TensorType } from '@node-ode/core';
import type { Attribute, ElementType, OnnxTensor } from '../model/ir.ts';

/** Execution providers of ONNX Runtime that graphs are compiled for; an exported file is held to what `cpu` has. */
export type Provider = 'cpu' | 'cuda' | 'webgpu';

/** What a model is for. */
export interface Target {
  readonly provider: Provider;
  /** Whether other runtimes will run it too: nothing that is only good on ONNX Runtime's CPU. */
  readonly portable: boolean;
  /**
   * Channels in a block of the runtime's blocked convolutions (`com.microsoft.nchwc`), which only ONNX Runtime's CPU kernels
   * have: 8 or 16, depending on the processor. 0 where there are none.
   */
  readonly channelBlock: number;
}

/** A tensor of the graph, as the model being written has it. */
export interface Operand {
  readonly type: TensorType;
  /** The value of every element, where that is known when the graph is compiled. */
  readonly splat?: number;
  /** Name of a value with exactly the operand's shape: a splat is expanded. */
  readonly name: string;
  /** Name of a value that broadcasts to the operand's shape: a scalar for a splat. For operators that broadcast. */
  readonly broadcast: string;
}

/** Attributes by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** Writes nodes into the graph that is being made. */
export interface Emitter {
  /** What the model is for. */
  readonly target: Target;
  /** The target's provider. */
  readonly provider: Provider;
  /**
   * Appends a node with one output and gives the output's name. An omitted optional operand is `''`; `domain` is the operator's
   * set, if not the default one. What only moves elements is appended outside of the loops that do not change them.
   */
  emit(opType: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** Appends a node with several outputs and gives their names. */
  emitMany(opType: string, inputs: readonly string[], outputs: number, attributes?: Attributes): readonly string[];
  /** A constant int64 vector, for shapes, axes, starts and the like: one initializer for equal ones. */
  ints(values: readonly number[]): string;
  /** A constant scalar (rank 0). */
  scalar(value: number, elementType: ElementType | DType): string;
  /** Any other constant. */
  constant(tensor: OnnxTensor): string;
  /** An application of another primitive, for rules made of other rules: `lower('sub', [x, y], {})`. */
  lower<P extends Primitive>(op: P, operands: readonly Operand[], params: NodeOf<P>['params']): Operand;
  /** An application of a composite by its decomposition, where the provider has nothing for it. */
  decompose<P extends CompositePrimitive>(node: NodeOf<P>, operands: readonly Operand[]): string;
  /** A value that was emitted, as an operand. */
  operand(name: string, type: TensorType): Operand;
}

/**
 * How a primitive becomes ONNX nodes: appends them and gives the name of the result, whose shape is the node's output shape.
 *
 * @throws UnsupportedError naming the primitive and the dtype, if the provider has no kernel for it.
 */
export type Lowering<P extends Primitive> = (emitter: Emitter, node: NodeOf<P>, operands: readonly Operand[]) => string;
