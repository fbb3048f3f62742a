/** The shape and dtype rule of every primitive, in one total table; structural ones read them from their subgraphs. */
import { ShapeError } from '../errors.ts';
import { isFloat } from './dtype.ts';
import { formatType, tapeType, tensorType, type Graph, type Node, type NodeOf, type ValueType } from './graph.ts';
import { algebraRules } from './infer-algebra.ts';
import { axisRules } from './infer-axes.ts';
import { elementwiseRules } from './infer-elementwise.ts';
import { imageRules } from './infer-images.ts';
import { movementRules } from './infer-movement.ts';
import { demand, numeric, requireShape } from './operands.ts';
import type { Primitive } from './primitives.ts';
import type { Rule, Rules } from './rule.ts';

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

const outputsOf = (graph: Graph): readonly ValueType[] => graph.outputs.map((output) => output.type);

const rules: Rules<Primitive> = {
  constant: (_, { shape, dtype }, op) => [tensorType(requireShape(op, shape), dtype)],
  iota: (_, { shape, dtype }, op) => [demand(op, tensorType(requireShape(op, shape), dtype), numeric)],
  ...elementwiseRules,
  ...movementRules,
  ...axisRules,
  ...algebraRules,
  ...imageRules,

  stopGradient: (types) => types.slice(0, 1),
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

/**
 * Whether a value of this type can carry a derivative.
 *
 * @example
 * isDifferentiable(tensorType([], 'i32')); // false
 */
export const isDifferentiable = (type: ValueType): boolean =>
  isFloat(type.kind === 'tape' ? type.element.dtype : type.dtype);
