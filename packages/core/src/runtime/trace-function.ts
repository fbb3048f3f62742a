/** A function over trees becomes a graph: traced for given types, lowered, optimised and closed. No engine is needed. */
import { isHostArray, type HostArray } from '../array.ts';
import { OptionError, ShapeError, TraceError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType, tensorType, type Graph, type Shape, type TensorType } from '../graph/graph.ts';
import type { CompositePrimitive } from '../graph/primitives.ts';
import { lower } from '../passes/lower.ts';
import { optimize } from '../passes/optimize.ts';
import { asTensor, isTensor, type Tensor } from '../tensor/tensor.ts';
import { capturesOf, closeGraph, openTrace } from '../tensor/trace.ts';
import { flattenTree, type MapLeaves, type TreeStructure } from '../tree.ts';

/** The type of an argument: f32 unless it says another dtype. */
export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype?: DType;
}

/** What stands for a tensor where a function is traced without being run: its type, or an example. */
export type SpecLeaf = TensorSpec | HostArray | number | boolean;

/** The specs of an argument that the traced function sees as `A`. */
export type SpecsOf<A> = MapLeaves<A, Tensor, SpecLeaf>;

export interface TraceOptions {
  /** Composite primitives to keep; the others are decomposed. None by default. */
  readonly composites?: readonly CompositePrimitive[];
  /** Dtype of JavaScript numbers, and of specs that name none; f32 by default. */
  readonly dtype?: DType;
  /** What errors name as the operation; `traceFunction` by default. */
  readonly operation?: string;
}

/** A function as a graph. */
export interface TracedFunction {
  /**
   * Lowered, optimised and closed. Inputs are one for each of `constants`, then one for each leaf of the arguments; outputs
   * are one for each leaf of the result, then one for each of `reports`.
   */
  readonly graph: Graph;
  /** Host arrays that the function captured. */
  readonly constants: readonly HostArray[];
  /** The structure of the list of arguments: paths are `[0].w`. */
  readonly arguments: TreeStructure;
  readonly result: TreeStructure;
  /** Names of what the function reports: `nfe`, and where a solve may fail `solve.failure.f32` or `solve.failure.f64`. */
  readonly reports: readonly string[];
}

/**
 * Traces a function of tensors for arguments like these.
 *
 * @throws TreeError for a leaf that is no spec; ShapeError for an extent that is no whole number; OptionError for an unknown
 * dtype; TraceError if the function uses a tensor of another function being traced.
 * @example
 * const { graph } = traceFunction((x: Tensor) => x.mul(x), [{ shape: [3] }]);
 * printGraph(graph);
 */
export function traceFunction<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  specs: { readonly [I in keyof A]: SpecsOf<A[I]> },
  options: TraceOptions = {},
): TracedFunction {
  const { composites = [], dtype = 'f32', operation = 'traceFunction' } = options;
  const { leaves, structure } = flattenTree(
    operation,
    specs,
    isSpec,
    'a spec { shape, dtype? }, a host array or a number',
  );
  const types = leaves.map((leaf, i) => specType(operation, leaf, dtype, structure.paths[i] ?? ''));
  return traceProgram(operation, fn, types, structure, { composites, dtype });
}

/** The same for arguments whose structure and types are known. */
export function traceProgram(
  operation: string,
  fn: (...args: never) => unknown,
  types: readonly TensorType[],
  structure: TreeStructure,
  { composites, dtype }: Required<Omit<TraceOptions, 'operation'>>,
): TracedFunction {
  const { trace, inputs } = openTrace(fn.name === '' ? 'main' : fn.name, types);
  let body;
  let result;
  try {
    const value = (fn as (...args: readonly unknown[]) => unknown)(
      ...(structure.rebuild(inputs) as readonly unknown[]),
    );
    result = flattenTree(operation, value, isResult, 'a tensor');
    const leaves = result.leaves.map((leaf) => asTensor(leaf, dtype));
    trace.settle(leaves);
    body = trace.close([...leaves, ...trace.reports.map((r) => r.value)]);
  } finally {
    // Tensors that leaked out of a function that threw are as unusable as any others.
    trace.open = false;
  }
  const captures = capturesOf(body);
  const constants = captures.map((x) => {
    if (x.source.kind === 'host') return x.source.array;
    throw new TraceError(
      operation,
      `the function uses a tensor ${formatType(x.type)} of another function being traced`,
      {
        expected: 'its own arguments, host arrays and numbers',
        advice: 'Pass the tensor as an argument, or call the function itself instead of its compiled form.',
      },
    );
  });
  return {
    graph: optimize(lower(optimize(closeGraph(body, captures)), new Set(composites))),
    constants,
    arguments: structure,
    result: result.structure,
    reports: trace.reports.map((r) => r.name),
  };
}

const isResult = (x: unknown): x is Tensor | HostArray | number =>
  isTensor(x) || isHostArray(x) || typeof x === 'number';

/** An object with a shape is a spec; one whose `shape` is a branch of the tree is not. */
const isSpec = (x: unknown): x is SpecLeaf => {
  if (typeof x === 'number' || typeof x === 'boolean' || isHostArray(x)) return true;
  if (typeof x !== 'object' || x === null || !('shape' in x)) return false;
  const { shape } = x;
  return Array.isArray(shape) && shape.every((extent) => typeof extent !== 'object');
};

const dtypes: readonly string[] = ['f32', 'f64', 'i32', 'bool'] satisfies readonly DType[];

function specType(operation: string, leaf: SpecLeaf, fallback: DType, path: string): TensorType {
  if (typeof leaf === 'number') return tensorType([], fallback);
  if (typeof leaf === 'boolean') return tensorType([], 'bool');
  const { shape, dtype = fallback } = leaf;
  const wrong = shape.find((extent) => !(Number.isInteger(extent) && extent >= 0));
  if (wrong !== undefined) {
    throw new ShapeError(operation, `argument ${path} has the extent ${String(wrong)}`, {
      expected: 'whole numbers that are not negative',
    });
  }
  if (!dtypes.includes(dtype)) {
    throw new OptionError(operation, `argument ${path} has dtype '${String(dtype)}'`, { expected: dtypes.join(', ') });
  }
  return tensorType(shape, dtype);
}
