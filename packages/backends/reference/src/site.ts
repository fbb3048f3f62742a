/** What a lowering is given: one node of one plan, with the slots of its operands and results. */
import {
  ExecutionError,
  sizeOf,
  type DType,
  type Graph,
  type NodeOf,
  type Primitive,
  type Shape,
  type Value,
} from '@node-ode/core';
import type { Buffer, Memory, Shelf, Slot } from './memory.ts';
import type { Plan } from './plan.ts';

/** One execution of a node. */
export type Step = () => void;

/** State of the run in progress, and what it counts. */
export interface RunState {
  signal: AbortSignal | undefined;
  /** Entries of the longest tape so far. */
  tapeEntries: number;
  /** Executions of called graphs, by name. */
  readonly calls: Map<string, { count: number }>;
}

/** Where a node stands in its plan. */
export interface Site {
  readonly memory: Memory;
  readonly run: RunState;
  readonly inputs: readonly Slot[];
  /**
   * Whether this node is the last to use operand i (the last of its operands, if one value is several). A step may then
   * take the value out of its slot; what it leaves there is released after it.
   */
  readonly dies: readonly boolean[];
  readonly outputs: readonly Slot[];
  /** The plan of a subgraph: one for each graph, however often it is used. */
  readonly planOf: (graph: Graph) => Plan;
  /** A buffer that the plan owns as long as it exists, and that counts as alive during every run. */
  readonly keep: (shelf: Shelf) => Buffer;
}

/** What steps that do not depend on params need of a node. */
export interface Wiring {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** How primitive `P` is executed. */
export type Lowering<P extends Primitive> = (node: NodeOf<P>, site: Site) => Step;

/** Shape and dtype of a tensor value. */
export function tensorOf(value: Value | undefined): {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
} {
  if (value?.type.kind !== 'tensor') throw new ExecutionError('compile', 'a tape stands where a tensor is needed');
  const { shape, dtype } = value.type;
  return { shape, dtype, size: sizeOf(shape) };
}

/** The shelf of a node's result. */
export function shelfOf(site: Site, value: Value | undefined): Shelf {
  const { dtype, size } = tensorOf(value);
  return site.memory.shelf(dtype, size);
}

/** A result that shares the buffer of operand 0, whose elements it has in the same order. */
export function share(site: Site): Step {
  const [from, to] = [site.inputs[0]!, site.outputs[0]!];
  return () => {
    const value = from.value!;
    value.refs++;
    to.value = value;
  };
}
