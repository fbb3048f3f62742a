/** Identities of elementwise operations. Each holds for NaN, the infinities and both zeros. */
import { sameType, type NodeOf, type Value } from '../graph/graph.ts';
import type { DType } from '../graph/dtype.ts';
import type { Primitive } from '../graph/primitives.ts';
import { fill, fillOf } from './fold-constants.ts';
import type { Identities } from './identities.ts';
import type { GraphBuilder } from './rewrite.ts';

export const arithmeticIdentities = {
  // x + (−0) = x; for x = −0 too, which x + 0 is not. x + (−y) = x − y.
  add: (node, b) => {
    const [x, y] = binary(node);
    const isZero = (c: number): boolean => (isInteger(node) ? c === 0 : Object.is(c, -0));
    const same = besides(node, b, isZero);
    if (same !== undefined) return same;
    const [minusX, minusY] = [operandOf('neg', x, b), operandOf('neg', y, b)];
    if (minusY !== undefined) return b.emit('sub', [x, minusY], {})[0];
    return minusX === undefined ? undefined : b.emit('sub', [y, minusX], {})[0];
  },
  // x − 0 = x; for x = −0 too, which x − (−0) is not. (−0) − x = −x. x − (−y) = x + y.
  sub: (node, b) => {
    const [x, y] = binary(node);
    const [cx, cy] = [fillOf(b, x), fillOf(b, y)];
    if (Object.is(cy, 0) && fits(node, x)) return x;
    if (cx === 0 && (isInteger(node) || Object.is(cx, -0)) && fits(node, y)) return b.emit('neg', [y], {})[0];
    const minusY = operandOf('neg', y, b);
    return minusY === undefined ? undefined : b.emit('add', [x, minusY], {})[0];
  },
  mul: (node, b) => {
    const same = besides(node, b, (c) => c === 1);
    if (same !== undefined) return same;
    const opposite = besides(node, b, (c) => c === -1);
    return opposite === undefined ? undefined : b.emit('neg', [opposite], {})[0];
  },
  div: (node, b) => {
    const [x, y] = binary(node);
    const divisor = fillOf(b, y);
    if (!fits(node, x)) return undefined;
    if (divisor === 1) return x;
    return divisor === -1 && !isInteger(node) ? b.emit('neg', [x], {})[0] : undefined;
  },
  // The square root is no power: (−0)^½ is 0 and (−∞)^½ is ∞.
  pow: (node, b) => {
    const [x, y] = binary(node);
    const exponent = fillOf(b, y);
    if (exponent === 0) return fill(node, 1, b)?.[0];
    if (!fits(node, x)) return undefined;
    if (exponent === 1) return x;
    return exponent === 2 ? b.emit('mul', [x, x], {})[0] : undefined;
  },
  maximum: (node, b) => twice(node) ?? besides(node, b, (c) => c === -Infinity),
  minimum: (node, b) => twice(node) ?? besides(node, b, (c) => c === Infinity),
  and: (node, b) => twice(node) ?? besides(node, b, (c) => c === 1) ?? absorbed(node, 0, b),
  or: (node, b) => twice(node) ?? besides(node, b, (c) => c === 0) ?? absorbed(node, 1, b),
  neg: ({ inputs: [x] }, b) => operandOf('neg', x, b),
  // A comparison for order has no opposite: both it and the other way round are false for NaN.
  not: ({ inputs: [x] }, b) => {
    const producer = producerOf(x, b);
    switch (producer?.op) {
      case 'not':
        return producer.inputs[0];
      case 'equal':
        return b.emit('notEqual', producer.inputs, {})[0];
      case 'notEqual':
        return b.emit('equal', producer.inputs, {})[0];
      default:
        return undefined;
    }
  },
  abs: ({ inputs: [x] }, b) => {
    if (producerOf(x, b)?.op === 'abs') return x;
    const minusX = operandOf('neg', x, b);
    return minusX === undefined ? undefined : b.emit('abs', [minusX], {})[0];
  },
  select: (node, b) => {
    const [condition, x, y] = node.inputs as readonly [Value, Value, Value];
    const chosen = fillOf(b, condition);
    if (x === y && fits(node, x)) return x;
    if (chosen !== undefined) {
      const taken = chosen !== 0 ? x : y;
      return fits(node, taken) ? taken : undefined;
    }
    const opposite = operandOf('not', condition, b);
    return opposite === undefined ? undefined : b.emit('select', [opposite, y, x], {})[0];
  },
  cast: (node, b) => {
    const [x] = node.inputs as readonly [Value];
    if (fits(node, x)) return x;
    const inner = producerOf(x, b);
    const source = inner?.op === 'cast' ? inner.inputs[0] : undefined;
    return source !== undefined && fits(node, source) && holds(x, source) ? source : undefined;
  },
} satisfies Identities;

type Binary = NodeOf<'add' | 'sub' | 'mul' | 'div' | 'pow' | 'maximum' | 'minimum' | 'and' | 'or'>;

const binary = (node: Binary): readonly [Value, Value] => node.inputs as readonly [Value, Value];

/** Whether a value can stand for a node's result: an operand that the operation broadcast cannot. */
const fits = ({ outputs: [result] }: NodeOf<Primitive>, x: Value): boolean =>
  result !== undefined && sameType(x.type, result.type);

const dtypeOf = ({ type }: Value): DType => (type.kind === 'tape' ? type.element.dtype : type.dtype);

const isInteger = ({ outputs: [result] }: Binary): boolean => result !== undefined && dtypeOf(result) === 'i32';

const producerOf = (x: Value | undefined, b: GraphBuilder) => (x === undefined ? undefined : b.producer(x));

/** x, if `value` is `op` of x. */
function operandOf(op: 'neg' | 'not', value: Value | undefined, b: GraphBuilder): Value | undefined {
  const producer = producerOf(value, b);
  return producer?.op === op ? producer.inputs[0] : undefined;
}

/** The other operand, if one is a constant that `matches` and the other can stand for the result. */
function besides(node: Binary, b: GraphBuilder, matches: (c: number) => boolean): Value | undefined {
  const [x, y] = binary(node);
  const [cx, cy] = [fillOf(b, x), fillOf(b, y)];
  if (cy !== undefined && matches(cy) && fits(node, x)) return x;
  return cx !== undefined && matches(cx) && fits(node, y) ? y : undefined;
}

/** The operand, if both are one. */
const twice = (node: Binary): Value | undefined => (node.inputs[0] === node.inputs[1] ? node.inputs[0] : undefined);

/** The constant that the result is if an operand is that constant. */
function absorbed(node: Binary, c: number, b: GraphBuilder): Value | undefined {
  const isAbsorbed = node.inputs.some((input) => fillOf(b, input) === c);
  return isAbsorbed ? fill(node, c, b)?.[0] : undefined;
}

/** Whether the dtype of one value holds every number of another's. */
function holds(wide: Value, narrow: Value): boolean {
  const [to, from] = [dtypeOf(wide), dtypeOf(narrow)];
  return from === 'bool' || (to === 'f64' && from !== 'f64');
}
