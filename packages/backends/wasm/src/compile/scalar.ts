/** Operations on scalars, which live in locals. A bool is an i32 of 0 or 1 there. */
import type { DType } from '@node-ode/core';
import { call, f32, f64, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { PlainOp } from '../encoder/opcodes.ts';
import { isBinaryFunction, isUnaryFunction, type ModuleContext } from './module-context.ts';
import type { ScalarOperation } from './steps.ts';
import { scalarType } from './types.ts';
import { comparisons } from './vector.ts';

/** A number as a scalar of a dtype. */
export function scalarConstant(dtype: DType, value: number): Code {
  if (dtype === 'f32') return f32(value);
  if (dtype === 'f64') return f64(value);
  return i32(dtype === 'bool' ? Number(value !== 0) : value);
}

export interface ScalarOperand {
  readonly local: Local;
  readonly dtype: DType;
}

/** Code for an operation on scalars that needs no memory. */
export function scalarCode(
  f: FunctionBuilder,
  context: ModuleContext,
  operation: ScalarOperation,
  operands: readonly ScalarOperand[],
  result: DType,
): Code {
  const dtype = operands[0]?.dtype ?? result;
  const type = scalarType(dtype);
  const [x, y, z] = operands.map(({ local }) => get(local)) as [Code, Code, Code];
  const plain = (suffix: string, ...args: readonly Code[]): Code => op(`${type}.${suffix}` as PlainOp, ...args);
  const name = operation.op;
  if (isUnaryFunction(name) && type !== 'i32') return call(context.scalarFunction(name, type), x);
  if (isBinaryFunction(name) && type !== 'i32') return call(context.scalarFunction(name, type), x, y);
  switch (operation.op) {
    case 'neg':
      return type === 'i32' ? op('i32.sub', i32(0), x) : plain('neg', x);
    case 'abs':
      return type === 'i32' ? op('select', x, op('i32.sub', i32(0), x), op('i32.ge_s', x, i32(0))) : plain('abs', x);
    case 'floor':
    case 'ceil':
    case 'sqrt':
      return plain(operation.op, x);
    case 'round':
      return plain('nearest', x);
    case 'sign':
      if (type === 'i32') return op('i32.sub', op('i32.gt_s', x, i32(0)), op('i32.lt_s', x, i32(0)));
      return op(
        'select',
        plain('copysign', scalarConstant(dtype, 1), x),
        x,
        plain('gt', plain('abs', x), scalarConstant(dtype, 0)),
      );
    case 'add':
    case 'sub':
    case 'mul':
      return plain(operation.op, x, y);
    case 'div':
    case 'rem':
      return type === 'i32' ? call(context.integerDivision(operation.op), x, y) : plain('div', x, y);
    case 'maximum':
      return type === 'i32' ? op('select', x, y, op('i32.gt_s', x, y)) : plain('max', x, y);
    case 'minimum':
      return type === 'i32' ? op('select', x, y, op('i32.lt_s', x, y)) : plain('min', x, y);
    case 'equal':
    case 'notEqual':
    case 'less':
    case 'lessEqual':
    case 'greater':
    case 'greaterEqual':
      return plain(comparisons[operation.op]![type === 'i32' ? 1 : 0], x, y);
    case 'not':
      return op('i32.eqz', x);
    case 'and':
      return op('i32.and', x, y);
    case 'or':
      return op('i32.or', x, y);
    case 'isFinite':
      return plain('lt', plain('abs', x), scalarConstant(dtype, Infinity));
    case 'select':
      return op('select', y, z, x);
    case 'cast':
      return castScalar(x, dtype, result);
    case 'linearCombination':
      return combination(operation.params.coefficients, operands, result);
    case 'scaledSquares': {
      const [e, y0, y1, rtol, atol] = operands.map(({ local }) => get(local)) as [Code, Code, Code, Code, Code];
      const scale = plain('add', atol, plain('mul', rtol, plain('max', plain('abs', y0), plain('abs', y1))));
      const ratio = get(f.keep(type, plain('div', e, scale)));
      return plain('mul', ratio, ratio);
    }
    case 'rootMeanSquare': {
      const partial = operands.map(({ local }) => get(local));
      const float = result === 'f64' ? 'f64' : 'f32';
      const sum = partial.reduce<Code | undefined>(
        (total, term) => (total === undefined ? term : op(`${float}.add`, total, term)),
        undefined,
      );
      const mean = op(`${float}.div`, sum ?? scalarConstant(result, 0), scalarConstant(result, operation.count));
      return op(`${float}.sqrt`, mean);
    }
    default:
      throw new Error(`no scalar code for ${operation.op}`);
  }
}

function castScalar(x: Code, from: DType, to: DType): Code {
  const [a, b] = [scalarType(from), scalarType(to)];
  if (to === 'bool') return from === 'bool' ? x : op(`${a}.ne`, x, scalarConstant(from, 0));
  if (a === b) return x;
  const conversions: Readonly<Record<string, PlainOp>> = {
    'f32:f64': 'f64.promote_f32',
    'f64:f32': 'f32.demote_f64',
    'f32:i32': 'i32.trunc_sat_f32_s',
    'f64:i32': 'i32.trunc_sat_f64_s',
    'i32:f32': 'f32.convert_i32_s',
    'i32:f64': 'f64.convert_i32_s',
  };
  return op(conversions[`${a}:${b}`]!, x);
}

/** Σ cᵢ·wᵢ·xᵢ; operands are the weights, then the terms. */
function combination(coefficients: readonly number[], operands: readonly ScalarOperand[], dtype: DType): Code {
  const type = scalarType(dtype);
  const terms = coefficients.map((coefficient, i) => {
    const term = op(`${type}.mul`, get(operands[i]!.local), get(operands[coefficients.length + i]!.local));
    return coefficient === 1 ? term : op(`${type}.mul`, scalarConstant(dtype, coefficient), term);
  });
  return terms.reduce((sum, term) => op(`${type}.add`, sum, term));
}
