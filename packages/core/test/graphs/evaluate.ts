/** For the tests of the passes: the plainest evaluator that gives a graph a meaning. */
import type { DType } from '../../src/graph/dtype.ts';
import { foldScalar, isElementwise, roundTo, type ElementwisePrimitive } from '../../src/graph/evaluate.ts';
import {
  sizeOf,
  type Graph,
  type Node,
  type NodeOf,
  type Shape,
  type Value,
  type ValueType,
} from '../../src/graph/graph.ts';

/** A tensor as the evaluator has it: elements in row-major order. */
export interface Elements {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: readonly number[];
}

/** A tensor, or the entries of a tape. */
export type Evaluated = Elements | readonly Elements[];

export const tensorOf = (data: readonly number[], shape: Shape = [], dtype: DType = 'f64'): Elements => ({
  shape,
  dtype,
  data: data.map((x) => roundTo(dtype, x)),
});

/** What a graph gives, and how often it ran each called graph, by name. */
export interface Evaluation {
  readonly outputs: readonly Evaluated[];
  readonly calls: Readonly<Record<string, number>>;
}

/**
 * Evaluates a graph literally.
 *
 * @throws RangeError for an index out of range and an i32 division by zero.
 */
export function evaluate(graph: Graph, inputs: readonly Evaluated[]): Evaluation {
  const calls: Record<string, number> = {};
  const outputs = run(graph, inputs, calls);
  return { outputs, calls };
}

function run(graph: Graph, inputs: readonly Evaluated[], calls: Record<string, number>): readonly Evaluated[] {
  const env = new Map<Value, Evaluated>();
  graph.inputs.forEach((input, i) => env.set(input, inputs[i] as Evaluated));
  const get = (x: Value): Evaluated => {
    const found = env.get(x);
    if (found === undefined) throw new Error(`a value of ${graph.name} is used before it is produced`);
    return found;
  };
  for (const node of graph.nodes) {
    const results = runNode(node, node.inputs.map(get), calls);
    node.outputs.forEach((output, i) => env.set(output, results[i] as Evaluated));
  }
  return graph.outputs.map(get);
}

function runNode(node: Node, inputs: readonly Evaluated[], calls: Record<string, number>): readonly Evaluated[] {
  switch (node.op) {
    case 'call': {
      const { graph } = node.params;
      calls[graph.name] = (calls[graph.name] ?? 0) + 1;
      return run(graph, inputs, calls);
    }
    case 'customVjp':
      return run(node.params.graph, inputs, calls);
    case 'cond': {
      const branch = isTrue(inputs[0]) ? node.params.then : node.params.else;
      return run(branch, inputs.slice(1), calls);
    }
    case 'whileLoop':
      return runWhile(node, inputs, calls);
    case 'scan':
      return runScan(node, inputs, calls);
    default:
      return [runPrimitive(node, inputs as readonly Elements[])];
  }
}

const isTrue = (x: Evaluated | undefined): boolean => (x as Elements).data[0] === 1;

/** No test means to loop longer. */
const maxTrips = 100;

function runWhile({ params }: NodeOf<'whileLoop'>, inputs: readonly Evaluated[], calls: Record<string, number>) {
  const { condition, body, constants, taped, advances } = params;
  const captured = inputs.slice(0, constants);
  let carry = inputs.slice(constants);
  const tapes: Elements[][] = Array.from({ length: taped }, () => []);
  for (let trips = 0; isTrue(run(condition, [...captured, ...carry], calls)[0]); trips++) {
    if (trips === maxTrips) throw new Error(`a loop of more than ${maxTrips} trips`);
    const results = run(body, [...captured, ...carry], calls);
    const count = carry.length;
    carry = results.slice(0, count);
    if (advances && !isTrue(results[count + taped])) continue;
    tapes.forEach((tape, i) => tape.push(results[count + i] as Elements));
  }
  return [...carry, ...tapes];
}

function runScan(node: NodeOf<'scan'>, inputs: readonly Evaluated[], calls: Record<string, number>) {
  const { body, constants, carries, length, reverse } = node.params;
  const captured = inputs.slice(0, constants);
  let carry = inputs.slice(constants, constants + carries);
  const sequences = inputs.slice(constants + carries).map((x) => ('data' in x ? rowsOf(x) : x));
  const trips = length ?? (sequences[0] as readonly Elements[]).length;
  const written: Elements[][] = node.outputs.slice(carries).map(() => new Array<Elements>(trips));
  for (let k = 0; k < trips; k++) {
    const position = reverse ? trips - 1 - k : k;
    const elements = sequences.map((rows) => rows[position] as Elements);
    const results = run(body, [...captured, ...carry, ...elements], calls);
    carry = results.slice(0, carries);
    written.forEach((rows, i) => (rows[position] = results[carries + i] as Elements));
  }
  const stacked = written.map((rows, i) => {
    const { type } = node.outputs[carries + i] as Value;
    return type.kind === 'tape'
      ? rows
      : { shape: type.shape, dtype: type.dtype, data: rows.flatMap((row) => row.data) };
  });
  return [...carry, ...stacked];
}

function rowsOf({ shape, dtype, data }: Elements): readonly Elements[] {
  const size = sizeOf(shape.slice(1));
  return Array.from({ length: shape[0] as number }, (_, i) => ({
    shape: shape.slice(1),
    dtype,
    data: data.slice(i * size, (i + 1) * size),
  }));
}

/** The element at an index of a broadcast tensor. */
function at({ shape, data }: Elements, index: readonly number[]): number {
  const lead = index.length - shape.length;
  return data[
    shape.reduce((flat, extent, axis) => flat * extent + (extent === 1 ? 0 : (index[lead + axis] as number)), 0)
  ] as number;
}

/** A tensor made element by element. */
function make(type: ValueType, element: (index: readonly number[]) => number): Elements {
  if (type.kind === 'tape') throw new Error('a primitive gives no tape');
  const { shape, dtype } = type;
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % (shape[axis] as number));
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return roundTo(dtype, element(index));
  });
  return { shape, dtype, data };
}

function scalarOf(op: ElementwisePrimitive, args: readonly number[], dtype: DType): number {
  // The multiplication that stands for it is rounded once; an engine's power is not always.
  if (op === 'pow' && args[1] === 2) return foldScalar('mul', [args[0] as number, args[0] as number], dtype) as number;
  const result = foldScalar(op, args, dtype);
  if (result === undefined) throw new RangeError(`${op} of ${args.join(' and ')}`);
  return result;
}

function runPrimitive(node: Node, inputs: readonly Elements[]): Elements {
  const { type } = node.outputs[0] as Value;
  const [x, y, z] = inputs as readonly [Elements, Elements, Elements];
  if (isElementwise(node))
    return make(type, (i) =>
      scalarOf(
        node.op,
        inputs.map((input) => at(input, i)),
        x.dtype,
      ),
    );
  switch (node.op) {
    case 'constant':
      return make(type, () => node.params.value);
    case 'iota':
      return make(type, (i) => i[node.params.axis] as number);
    case 'cast':
      return make(type, (i) => at(x, i));
    case 'stopGradient':
      return x;
    case 'select':
      return make(type, (i) => (at(x, i) !== 0 ? at(y, i) : at(z, i)));
    case 'reshape':
      return { ...x, shape: node.params.shape };
    case 'broadcastTo':
      return make(type, (i) => at(x, i));
    case 'transpose': {
      const { perm } = node.params;
      return make(type, (i) =>
        at(
          x,
          perm.map((_, axis) => i[perm.indexOf(axis)] as number),
        ),
      );
    }
    case 'slice':
      return make(type, (i) =>
        at(
          x,
          i.map((k, axis) => k + (node.params.starts[axis] as number)),
        ),
      );
    case 'pad':
      return make(type, (i) => {
        const inner = i.map((k, axis) => k - (node.params.before[axis] as number));
        return inner.every((k, axis) => k >= 0 && k < (x.shape[axis] as number)) ? at(x, inner) : node.params.value;
      });
    case 'concat': {
      const { axis } = node.params;
      const rows = inputs.flatMap((piece) =>
        Array.from({ length: piece.shape[axis] as number }, (_, k) => ({ piece, k })),
      );
      return make(type, (index) => {
        const { piece, k } = rows[index[axis] as number] as (typeof rows)[number];
        return at(piece, index.with(axis, k));
      });
    }
    case 'gather': {
      const { axis } = node.params;
      const rank = y.shape.length;
      return make(type, (i) => {
        const k = at(y, i.slice(axis, axis + rank));
        if (k < 0 || k >= (x.shape[axis] as number)) throw new RangeError(`index ${k} of ${x.shape[axis] ?? 0}`);
        return at(x, [...i.slice(0, axis), k, ...i.slice(axis + rank)]);
      });
    }
    case 'sum':
    case 'mean':
    case 'reduceMax':
    case 'reduceMin': {
      const { axes, keepDims } = node.params;
      const position = (axis: number): number => (keepDims ? axis : axis - axes.filter((other) => other < axis).length);
      return make(type, (index) => {
        const origin = x.shape.map((_, axis) => (axes.includes(axis) ? everywhere : (index[position(axis)] as number)));
        return reduce(node.op, elementsAt(x, origin));
      });
    }
    case 'matmul': {
      const { transposeA, transposeB } = node.params;
      return make(type, (index) => {
        const [batch, row, column] = [index.slice(0, -2), index.at(-2) as number, index.at(-1) as number];
        const inner = x.shape.at(transposeA ? -2 : -1) as number;
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum +=
            at(x, [...batch, ...(transposeA ? [k, row] : [row, k])]) *
            at(y, [...batch, ...(transposeB ? [column, k] : [k, column])]);
        }
        return sum;
      });
    }
    default:
      throw new Error(`the evaluator of the tests has no ${node.op}`);
  }
}

/** In an index: all positions of an axis. */
const everywhere = -1;

/** The elements at an index that may stand for many. */
function elementsAt(x: Elements, origin: readonly number[]): readonly number[] {
  const indices = origin.reduce<readonly (readonly number[])[]>(
    (all, k, axis) =>
      all.flatMap((index) =>
        k === everywhere ? Array.from({ length: x.shape[axis] as number }, (_, j) => [...index, j]) : [[...index, k]],
      ),
    [[]],
  );
  return indices.map((index) => at(x, index));
}

function reduce(op: 'sum' | 'mean' | 'reduceMax' | 'reduceMin', elements: readonly number[]): number {
  if (op === 'reduceMax') return Math.max(...elements);
  if (op === 'reduceMin') return Math.min(...elements);
  // A sum starts with its first element, so that the sum over no axes is the identity for −0 too.
  const sum = elements.length === 0 ? 0 : elements.reduce((a, b) => a + b);
  return op === 'sum' ? sum : sum / elements.length;
}
