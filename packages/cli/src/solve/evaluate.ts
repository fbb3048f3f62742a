/** The value of an expression: of numbers where everything in it is known, else a tensor. */
import { asTensor, select, type DType, type Tensor } from '@node-ode/core';
import { functions } from './functions.ts';
import type { Comparator, Condition, Expression, Link } from './syntax.ts';

/** A number, or a traced scalar. */
export type Value = number | Tensor;

/** What names stand for. */
export type Values = ReadonlyMap<string, Value>;

type Truth = boolean | Tensor;

/**
 * The value of an expression whose names all have values. Where they are numbers, so is the result.
 *
 * @param dtype - that of the tensors among the values
 */
export function evaluate(expression: Expression, values: Values, dtype: DType): Value {
  const value = (x: Expression): Value => evaluate(x, values, dtype);
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name':
      return values.get(expression.name) ?? NaN;
    case 'negate':
      return apply1(
        value(expression.operand),
        (x) => -x,
        (x) => x.neg(),
      );
    case 'chain':
      return expression.rest.reduce<Value>(
        (left, { operator, operand }) => arithmetic(operator, left, value(operand), dtype),
        value(expression.first),
      );
    case 'power':
      return power(value(expression.base), value(expression.exponent), dtype);
    case 'call':
      return callFunction(expression.name, expression.args.map(value), dtype);
    case 'if': {
      const condition = truth(expression.condition, values, dtype);
      if (typeof condition === 'boolean') return value(condition ? expression.whenTrue : expression.whenFalse);
      return select(
        condition,
        asTensor(value(expression.whenTrue), dtype),
        asTensor(value(expression.whenFalse), dtype),
      );
    }
  }
}

/** The same, where all names have numbers. */
export function evaluateNumber(expression: Expression, values: ReadonlyMap<string, number>): number {
  const value = evaluate(expression, values, 'f64');
  return typeof value === 'number' ? value : NaN;
}

const apply1 = (x: Value, ofNumber: (x: number) => number, ofTensor: (x: Tensor) => Tensor): Value =>
  typeof x === 'number' ? ofNumber(x) : ofTensor(x);

const onNumbers: Readonly<Record<Link['operator'], (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

const onTensors: Readonly<Record<Link['operator'], (a: Tensor, b: Value) => Tensor>> = {
  '+': (a, b) => a.add(b),
  '-': (a, b) => a.sub(b),
  '*': (a, b) => a.mul(b),
  '/': (a, b) => a.div(b),
};

function arithmetic(operator: Link['operator'], a: Value, b: Value, dtype: DType): Value {
  if (typeof a === 'number' && typeof b === 'number') return onNumbers[operator](a, b);
  return onTensors[operator](asTensor(a, dtype), b);
}

/** Small powers are products, which every engine has to the last bit, also of negative numbers. */
function power(base: Value, exponent: Value, dtype: DType): Value {
  if (typeof base === 'number' && typeof exponent === 'number') return base ** exponent;
  const x = asTensor(base, dtype);
  switch (exponent) {
    case 1:
      return x;
    case 2:
      return x.square();
    case 3:
      return x.square().mul(x);
    case 4:
      return x.square().square();
    case 0.5:
      return x.sqrt();
    case -1:
      return x.reciprocal();
    default:
      return x.pow(exponent);
  }
}

function callFunction(name: string, args: readonly Value[], dtype: DType): Value {
  const known = functions.get(name);
  if (known === undefined) return NaN;
  const numbers = args.filter((arg) => typeof arg === 'number');
  if (numbers.length === args.length) return known.ofNumbers(...numbers);
  return known.ofTensors(...args.map((arg) => asTensor(arg, dtype)));
}

const compareNumbers: Readonly<Record<Comparator, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

const compareTensors: Readonly<Record<Comparator, (a: Tensor, b: Value) => Tensor>> = {
  '<': (a, b) => a.less(b),
  '<=': (a, b) => a.lessEqual(b),
  '>': (a, b) => a.greater(b),
  '>=': (a, b) => a.greaterEqual(b),
  '==': (a, b) => a.equal(b),
  '!=': (a, b) => a.notEqual(b),
};

function truth(condition: Condition, values: Values, dtype: DType): Truth {
  switch (condition.kind) {
    case 'compare': {
      const [a, b] = [evaluate(condition.left, values, dtype), evaluate(condition.right, values, dtype)];
      if (typeof a === 'number' && typeof b === 'number') return compareNumbers[condition.comparator](a, b);
      return compareTensors[condition.comparator](asTensor(a, dtype), b);
    }
    case 'not': {
      const operand = truth(condition.operand, values, dtype);
      return typeof operand === 'boolean' ? !operand : operand.not();
    }
    case 'and':
    case 'or':
      return condition.operands
        .map((operand) => truth(operand, values, dtype))
        .reduce((a, b) => junction(condition.kind, a, b));
  }
}

function junction(kind: 'and' | 'or', a: Truth, b: Truth): Truth {
  if (typeof a === 'boolean') return a === (kind === 'and') ? b : a;
  if (typeof b === 'boolean') return b === (kind === 'and') ? a : b;
  return kind === 'and' ? a.and(b) : a.or(b);
}
