/** The shape and dtype rule of every primitive, in one total table; structural ones read them from their subgraphs. */
import { ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, reducedShape } from './broadcast.ts';
import { isFloat, type DType } from './dtype.ts';
import {
  formatType,
  sameShape,
  sizeOf,
  tapeType,
  tensorType,
  type Graph,
  type Node,
  type NodeOf,
  type Shape,
  type TensorType,
  type ValueType,
} from './graph.ts';
import { imageRules } from './infer-images.ts';
import { demand, floats, isCount, numeric, requireShape, sameDType, tensor } from './operands.ts';
import type { Primitive, PrimitiveParams, ReduceParams } from './primitives.ts';

type Rule<P extends Primitive> = (
  types: readonly ValueType[],
  params: PrimitiveParams[P],
  op: P,
) => readonly ValueType[];

/** What a node is before its outputs are known. */
export type Application = { [P in Primitive]: Omit<NodeOf<P>, 'outputs'> }[Primitive];

/**
 * The types of an application's outputs.
 *
 * @throws ShapeError or DTypeError naming the primitive and its operands.
 * @example
 * const x = value(tensorType([2, 3], 'f32'));
 * inferTypes({ op: 'sum', inputs: [x], params: { axes: [1], keepDims: false } }); // [f32[2]]
 */
export function inferTypes(node: Application | Node): readonly ValueType[] {
  const rule = rules[node.op] as Rule<Primitive>;
  return rule(
    node.inputs.map((input) => input.type),
    node.params,
    node.op,
  );
}

const tensors = (op: string, types: readonly ValueType[]): readonly TensorType[] =>
  types.map((_, index) => tensor(op, types, index));

const unary =
  (dtypes: readonly DType[]): Rule<Primitive> =>
  (types, _, op) => [demand(op, tensor(op, types, 0), dtypes)];

const binary =
  (dtypes: readonly DType[], result?: DType): Rule<Primitive> =>
  (types, _, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), dtypes), demand(op, tensor(op, types, 1), dtypes)];
    const dtype = sameDType(op, [a, b]);
    return [tensorType(broadcastShapes(op, a.shape, b.shape), result ?? dtype)];
  };

const reduction =
  (dtypes: readonly DType[], nonEmpty = false) =>
  (types: readonly ValueType[], { axes, keepDims }: ReduceParams, op: string): readonly ValueType[] => {
    const x = demand(op, tensor(op, types, 0), dtypes);
    if (nonEmpty && axes.some((axis) => x.shape[axis] === 0)) {
      throw new ShapeError(op, `an empty axis of ${formatType(x)}`, {
        expected: 'at least one element to reduce',
        advice: 'Check that the batch is not empty.',
      });
    }
    return [tensorType(reducedShape(x.shape, axes, keepDims), x.dtype)];
  };

const outputsOf = (graph: Graph): readonly ValueType[] => graph.outputs.map((output) => output.type);

function withAxis(shape: Shape, axis: number, extents: Shape): Shape {
  return [...shape.slice(0, axis), ...extents, ...shape.slice(axis + 1)];
}

const anyDType: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];
const compare = binary(anyDType, 'bool');
const order = binary(numeric, 'bool');
const logic = binary(['bool'], 'bool');
const floatUnary = unary(floats);

const rules: { readonly [P in Primitive]: Rule<P> } = {
  neg: unary(numeric),
  abs: unary(numeric),
  sign: unary(numeric),
  exp: floatUnary,
  expm1: floatUnary,
  log: floatUnary,
  log1p: floatUnary,
  sqrt: floatUnary,
  sin: floatUnary,
  cos: floatUnary,
  tan: floatUnary,
  tanh: floatUnary,
  sigmoid: floatUnary,
  erf: floatUnary,
  floor: floatUnary,
  ceil: floatUnary,
  round: floatUnary,
  softplus: floatUnary,
  stopGradient: (types) => types.slice(0, 1),
  not: unary(['bool']),
  isFinite: (types, _, op) => [tensorType(demand(op, tensor(op, types, 0), floats).shape, 'bool')],

  add: binary(numeric),
  sub: binary(numeric),
  mul: binary(numeric),
  div: binary(numeric),
  rem: binary(numeric),
  pow: binary(floats),
  maximum: binary(numeric),
  minimum: binary(numeric),
  atan2: binary(floats),
  equal: compare,
  notEqual: compare,
  less: order,
  lessEqual: order,
  greater: order,
  greaterEqual: order,
  and: logic,
  or: logic,

  constant: (_, { shape, dtype }, op) => [tensorType(requireShape(op, shape), dtype)],
  iota: (_, { shape, dtype }, op) => [demand(op, tensorType(requireShape(op, shape), dtype), numeric)],
  cast: (types, { dtype }, op) => [tensorType(tensor(op, types, 0).shape, dtype)],
  select: (types, _, op) => {
    const condition = demand(op, tensor(op, types, 0), ['bool']);
    const [a, b] = [tensor(op, types, 1), tensor(op, types, 2)];
    return [tensorType(broadcastShapes(op, condition.shape, a.shape, b.shape), sameDType(op, [a, b]))];
  },
  reshape: (types, { shape }, op) => {
    const x = tensor(op, types, 0);
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        op,
        `${formatType(x)} has ${sizeOf(x.shape)} elements and ${formatShape(shape)} has ${sizeOf(shape)}`,
        {
          expected: 'as many elements',
        },
      );
    }
    return [tensorType(requireShape(op, shape), x.dtype)];
  },
  broadcastTo: (types, { shape }, op) => {
    const x = tensor(op, types, 0);
    if (!sameShape(broadcastShapes(op, x.shape, shape), shape)) {
      throw new ShapeError(op, `${formatType(x)} to ${formatShape(shape)}`, {
        expected: 'a shape that the tensor broadcasts to',
      });
    }
    return [tensorType(shape, x.dtype)];
  },
  transpose: (types, { perm }, op) => {
    const x = tensor(op, types, 0);
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError(op, `axes [${perm.join(', ')}] of ${formatType(x)}`, {
        expected: `a permutation of 0 … ${x.shape.length - 1}`,
      });
    }
    return [
      tensorType(
        perm.map((axis) => x.shape[axis] ?? 0),
        x.dtype,
      ),
    ];
  },
  slice: (types, { starts, sizes }, op) => {
    const x = tensor(op, types, 0);
    const fits =
      starts.length === x.shape.length &&
      sizes.length === x.shape.length &&
      x.shape.every((extent, i) => {
        const [start, size] = [starts[i] ?? -1, sizes[i] ?? -1];
        return isCount(start) && isCount(size) && start + size <= extent;
      });
    if (!fits) {
      throw new ShapeError(op, `starts [${starts.join(', ')}] and sizes [${sizes.join(', ')}] of ${formatType(x)}`, {
        expected: 'one non-negative start and size for each axis, within its extent',
      });
    }
    return [tensorType(sizes, x.dtype)];
  },
  pad: (types, { before, after }, op) => {
    const x = tensor(op, types, 0);
    if (before.length !== x.shape.length || after.length !== x.shape.length || ![...before, ...after].every(isCount)) {
      throw new ShapeError(op, `before [${before.join(', ')}] and after [${after.join(', ')}] of ${formatType(x)}`, {
        expected: 'one non-negative width for each axis',
      });
    }
    return [
      tensorType(
        x.shape.map((extent, i) => extent + (before[i] ?? 0) + (after[i] ?? 0)),
        x.dtype,
      ),
    ];
  },
  concat: (types, { axis }, op) => {
    const all = tensors(op, types);
    const first = tensor(op, types, 0);
    const dtype = sameDType(op, all);
    const fits = all.every(
      (x) =>
        x.shape.length === first.shape.length && x.shape.every((extent, i) => i === axis || extent === first.shape[i]),
    );
    if (!fits || axis >= first.shape.length) {
      throw new ShapeError(op, `tensors ${all.map(formatType).join(', ')} along axis ${axis}`, {
        expected: 'shapes that are equal but for that axis',
      });
    }
    const extent = all.reduce((total, x) => total + (x.shape[axis] ?? 0), 0);
    return [tensorType(withAxis(first.shape, axis, [extent]), dtype)];
  },
  gather: (types, { axis }, op) => {
    const x = tensor(op, types, 0);
    const indices = demand(op, tensor(op, types, 1), ['i32']);
    return [tensorType(withAxis(x.shape, axis, indices.shape), x.dtype)];
  },
  scatterAdd: (types, { axis, size }, op) => {
    const updates = demand(op, tensor(op, types, 0), numeric);
    const indices = demand(op, tensor(op, types, 1), ['i32']);
    const span = updates.shape.slice(axis, axis + indices.shape.length);
    if (!sameShape(span, indices.shape)) {
      throw new ShapeError(op, `updates ${formatType(updates)} at indices ${formatType(indices)} along axis ${axis}`, {
        expected: "the indices' shape in the updates, from that axis on",
      });
    }
    const shape = [
      ...updates.shape.slice(0, axis),
      ...requireShape(op, [size]),
      ...updates.shape.slice(axis + indices.shape.length),
    ];
    return [tensorType(shape, updates.dtype)];
  },
  setRow: (types, _, op) => {
    const [buffer, row] = [tensor(op, types, 0), tensor(op, types, 2)];
    const index = demand(op, tensor(op, types, 1), ['i32']);
    sameDType(op, [buffer, row]);
    const isOfRows = sameShape([...index.shape, ...buffer.shape.slice(1)], row.shape);
    if (index.shape.length > 1 || !isOfRows || buffer.shape.length === 0) {
      throw new ShapeError(op, `row ${formatType(row)} at ${formatType(index)} of ${formatType(buffer)}`, {
        expected:
          "a row of the buffer's shape without its first axis and a scalar index, or stacked rows and a vector of indices",
      });
    }
    return [buffer];
  },
  sum: reduction(numeric),
  mean: reduction(floats, true),
  reduceMax: reduction(numeric, true),
  reduceMin: reduction(numeric, true),
  logSumExp: reduction(floats, true),
  argMax: (types, { axis }, op) => {
    const x = demand(op, tensor(op, types, 0), numeric);
    reduction(numeric, true)(types, { axes: [axis], keepDims: false }, op);
    return [tensorType(reducedShape(x.shape, [axis], false), 'i32')];
  },
  cumsum: unary(numeric),
  softmax: floatUnary,
  logSoftmax: floatUnary,
  size: (types, _, op) => [tensorType([], demand(op, tensor(op, types, 0), numeric).dtype)],
  matmul: (types, { transposeA, transposeB }, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), floats), demand(op, tensor(op, types, 1), floats)];
    const dtype = sameDType(op, [a, b]);
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(op, `operands ${formatType(a)} and ${formatType(b)}`, {
        expected: 'at least two axes each',
        advice: 'Reshape a vector to one row or one column.',
      });
    }
    const [rows, inner] = lastTwo(a.shape, transposeA);
    const [depth, columns] = lastTwo(b.shape, transposeB);
    if (inner !== depth) {
      throw new ShapeError(
        op,
        `${formatType(a)}${transposeA ? 'ᵀ' : ''} times ${formatType(b)}${transposeB ? 'ᵀ' : ''}`,
        {
          expected: `equal inner extents, not ${inner} and ${depth}`,
        },
      );
    }
    const batch = broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [tensorType([...batch, rows, columns], dtype)];
  },
  linearCombination: (types, { coefficients }, op) => {
    const n = coefficients.length;
    const weights = tensors(op, types.slice(0, n));
    const terms = tensors(op, types.slice(n));
    const first = demand(op, tensor(op, types, n), floats);
    sameDType(op, [...weights, ...terms]);
    const fits =
      terms.every((x) => sameShape(x.shape, first.shape)) &&
      weights.every((w) => sameShape(w.shape, first.shape.slice(0, w.shape.length)));
    if (types.length !== 2 * n || n === 0 || !fits) {
      throw new ShapeError(
        op,
        `weights ${weights.map(formatType).join(', ')} and terms ${terms.map(formatType).join(', ')}`,
        {
          expected: 'terms of one shape, and for each a weight that is a scalar or has the shape of its leading axes',
        },
      );
    }
    return [first];
  },
  errorNorm: (types, _, op) => {
    const all = tensors(op, types);
    const dtype = sameDType(op, all);
    for (let i = 0; i < all.length; i += 5) {
      const [error, y0, y1, rtol, atol] = all.slice(i, i + 5);
      if (error === undefined || y0 === undefined || y1 === undefined || rtol === undefined || atol === undefined) {
        throw new ShapeError(op, `${all.length} operands`, { expected: 'five for each leaf: e, y0, y1, rtol, atol' });
      }
      const shape = broadcastShapes(op, error.shape, y0.shape, y1.shape, rtol.shape, atol.shape);
      if (!sameShape(shape, error.shape)) {
        throw new ShapeError(
          op,
          `an error of ${formatType(error)} with tolerances ${formatType(rtol)} and ${formatType(atol)}`,
          {
            expected: "tolerances that broadcast to the state's shape",
          },
        );
      }
    }
    return [tensorType([], dtype)];
  },
  ...imageRules,
  linearSolve: (types, _, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), floats), demand(op, tensor(op, types, 1), floats)];
    const dtype = sameDType(op, [a, b]);
    const n = a.shape.at(-1);
    if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-2) !== n || b.shape.at(-2) !== n) {
      throw new ShapeError(op, `matrix ${formatType(a)} and right-hand sides ${formatType(b)}`, {
        expected: 'a square matrix [..., n, n] and right-hand sides [..., n, m]',
        advice: 'A vector is one column.',
      });
    }
    const batch = broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [tensorType([...batch, ...b.shape.slice(-2)], dtype)];
  },

  call: (_, { graph }) => outputsOf(graph),
  customVjp: (_, { graph }) => outputsOf(graph),
  cond: (_, params) => outputsOf(params.then),
  whileLoop: (_, { body, taped, advances }) => {
    const results = outputsOf(body).slice(0, advances ? -1 : undefined);
    const carries = results.length - taped;
    return [...results.slice(0, carries), ...results.slice(carries).map(toTape)];
  },
  scan: (_, { body, carries, length }) => {
    const results = outputsOf(body);
    const stacked = (type: ValueType): ValueType =>
      length === null || type.kind === 'tape' ? toTape(type) : tensorType([length, ...type.shape], type.dtype);
    return [...results.slice(0, carries), ...results.slice(carries).map(stacked)];
  },
};

function toTape(type: ValueType): ValueType {
  if (type.kind === 'tensor') return tapeType(type);
  throw new ShapeError('tape', `a tape of ${formatType(type)}`, {
    expected: 'tensors on a tape',
    advice: 'Scan the inner tape first.',
  });
}

function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const [a, b] = [shape.at(-2) ?? 0, shape.at(-1) ?? 0];
  return transposed ? [b, a] : [a, b];
}

/**
 * Whether a value of this type can carry a derivative.
 *
 * @example
 * isDifferentiable(tensorType([], 'i32')); // false
 */
export const isDifferentiable = (type: ValueType): boolean =>
  isFloat(type.kind === 'tape' ? type.element.dtype : type.dtype);
