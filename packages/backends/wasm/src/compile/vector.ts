/**
 * Operations on vectors. A vector holds `lanes` consecutive elements: 4, or 2 if anything in the loop is f64; f32, i32 and
 * bool then fill its lower half. A bool is a lane mask of 32 bits.
 */
import type { DType } from '@node-ode/core';
import { call, get, op, shuffle, type Lanes } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { PlainOp } from '../encoder/opcodes.ts';
import { binaryFunctions, unaryFunctions, type Constants } from '../math/index.ts';
import { isBinaryFunction, isUnaryFunction, type ModuleContext } from './module-context.ts';
import type { MemberOperation } from './steps.ts';

/** Where vector code is written. */
export interface VectorSite {
  readonly f: FunctionBuilder;
  readonly context: ModuleContext;
  /** Splat constants, kept in locals before the loop. */
  readonly constant: Constants;
}

export const lanesOf = (dtype: DType): Lanes => (dtype === 'f32' ? 'f32x4' : dtype === 'f64' ? 'f64x2' : 'i32x4');

/** An operand: a vector and its dtype. */
export interface Operand {
  readonly local: Local;
  readonly dtype: DType;
}

/** The masks of two 64-bit lanes as 32-bit masks in the lower half, and back. */
const narrowMask = (mask: Code): Code => shuffle([0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11], mask, mask);
const widenMask = (mask: Code): Code => op('i64x2.extend_low_i32x4_s', mask);

/** The endings of a comparison's instructions. */
export const comparisons: Readonly<Record<string, readonly [float: string, integer: string]>> = {
  equal: ['eq', 'eq'],
  notEqual: ['ne', 'ne'],
  less: ['lt', 'lt_s'],
  lessEqual: ['le', 'le_s'],
  greater: ['gt', 'gt_s'],
  greaterEqual: ['ge', 'ge_s'],
};

/** A comparison, whatever the dtype, as a mask of 32-bit lanes. */
export function compare(name: string, dtype: DType, x: Code, y: Code): Code {
  const [float, integer] = comparisons[name]!;
  const lanes = lanesOf(dtype);
  const mask = op(`${lanes}.${lanes === 'i32x4' ? integer : float}` as PlainOp, x, y);
  return dtype === 'f64' ? narrowMask(mask) : mask;
}

/** Code for an element-wise operation on vectors. */
export function vectorCode(
  site: VectorSite,
  operation: MemberOperation,
  operands: readonly Operand[],
  result: DType,
): Code {
  const { constant, context, f } = site;
  const { dtype, local } = operands[0]!;
  const [x, y, z] = operands.map((operand) => get(operand.local)) as [Code, Code, Code];
  const lanes = lanesOf(dtype);
  const name = operation.op;
  const plain = (suffix: string, ...args: readonly Code[]): Code => op(`${lanes}.${suffix}` as PlainOp, ...args);
  if (isUnaryFunction(name)) {
    const floatLanes = lanes === 'f64x2' ? 'f64x2' : 'f32x4';
    const { emit, inline } = unaryFunctions[name];
    if (!inline[floatLanes]) return call(context.vectorFunction(name, floatLanes), x);
    return get(emit(f, floatLanes, local, constant));
  }
  if (isBinaryFunction(name) && lanes !== 'i32x4') {
    const { emit, inline } = binaryFunctions[name];
    if (!inline[lanes]) return call(context.vectorFunction(name, lanes), x, y);
    return get(emit(f, lanes, local, operands[1]!.local, constant));
  }
  switch (operation.op) {
    case 'copy':
      return x;
    case 'neg':
    case 'abs':
    case 'floor':
    case 'ceil':
    case 'sqrt':
      return plain(operation.op, x);
    case 'round':
      return plain('nearest', x);
    case 'sign': {
      if (lanes === 'i32x4') return plain('max_s', plain('min_s', x, constant('i32x4', 1)), constant('i32x4', -1));
      const signed = op('v128.or', op('v128.and', x, constant(lanes, -0)), constant(lanes, 1));
      return op('v128.bitselect', signed, x, plain('gt', plain('abs', x), constant(lanes, 0)));
    }
    case 'add':
    case 'sub':
    case 'mul':
      return plain(operation.op, x, y);
    case 'div':
    case 'rem':
      if (lanes === 'i32x4') return call(context.integerDivisions(operation.op), x, y);
      return plain('div', x, y);
    case 'maximum':
      return plain(lanes === 'i32x4' ? 'max_s' : 'max', x, y);
    case 'minimum':
      return plain(lanes === 'i32x4' ? 'min_s' : 'min', x, y);
    case 'equal':
    case 'notEqual':
    case 'less':
    case 'lessEqual':
    case 'greater':
    case 'greaterEqual':
      return compare(operation.op, dtype, x, y);
    case 'not':
      return op('v128.not', x);
    case 'and':
      return op('v128.and', x, y);
    case 'or':
      return op('v128.or', x, y);
    case 'isFinite':
      return compare('less', dtype, plain('abs', x), constant(lanes as 'f32x4' | 'f64x2', Infinity));
    case 'select':
      return op('v128.bitselect', y, z, result === 'f64' ? widenMask(x) : x);
    case 'cast':
      return castVector(site, x, dtype, result);
    case 'linearCombination':
      return linearCombination(site, operation.params.coefficients, operands, result);
    default:
      throw new Error(`no vector code for ${operation.op}`);
  }
}

function castVector({ constant }: VectorSite, x: Code, from: DType, to: DType): Code {
  if (from === to) return x;
  if (from === 'bool') {
    if (to === 'f32') return op('v128.and', x, constant('f32x4', 1));
    const ones = op('i32x4.neg', x);
    return to === 'f64' ? op('f64x2.convert_low_i32x4_s', ones) : ones;
  }
  if (to === 'bool') return compare('notEqual', from, x, constant(lanesOf(from), 0));
  const conversions: Readonly<Record<string, PlainOp>> = {
    'f32:f64': 'f64x2.promote_low_f32x4',
    'f64:f32': 'f32x4.demote_f64x2_zero',
    'f32:i32': 'i32x4.trunc_sat_f32x4_s',
    'f64:i32': 'i32x4.trunc_sat_f64x2_s_zero',
    'i32:f32': 'f32x4.convert_i32x4_s',
    'i32:f64': 'f64x2.convert_low_i32x4_s',
  };
  return op(conversions[`${from}:${to}`]!, x);
}

/** Σ cᵢ·wᵢ·xᵢ; operands are the weights, then the terms. */
function linearCombination(
  { constant }: VectorSite,
  coefficients: readonly number[],
  operands: readonly Operand[],
  dtype: DType,
): Code {
  const lanes = dtype === 'f64' ? 'f64x2' : 'f32x4';
  const terms = coefficients.map((coefficient, i) => {
    const weighted = op(`${lanes}.mul`, get(operands[i]!.local), get(operands[coefficients.length + i]!.local));
    return coefficient === 1 ? weighted : op(`${lanes}.mul`, constant(lanes, coefficient), weighted);
  });
  return terms.reduce((sum, term) => op(`${lanes}.add`, sum, term));
}

/** The neutral element of a reduction. */
export function neutral(name: string, dtype: DType): number {
  if (name === 'reduceMax') return dtype === 'i32' ? -(2 ** 31) : -Infinity;
  if (name === 'reduceMin') return dtype === 'i32' ? 2 ** 31 - 1 : Infinity;
  return 0;
}

/** Two partial results of a reduction, combined. */
export function combine(name: string, dtype: DType, x: Code, y: Code): Code {
  const lanes = lanesOf(dtype);
  const suffix = lanes === 'i32x4' ? '_s' : '';
  const instruction = name === 'reduceMax' ? `max${suffix}` : name === 'reduceMin' ? `min${suffix}` : 'add';
  return op(`${lanes}.${instruction}` as PlainOp, x, y);
}

/** One lane that combines the first `lanes` lanes of a vector; it is lane 0 of the result. */
export function combineLanes(f: FunctionBuilder, name: string, dtype: DType, lanes: 2 | 4, vector: Code): Local {
  let result = f.keep('v128', vector);
  const rotate = (bytes: number): Code =>
    shuffle(
      Array.from({ length: 16 }, (_, i) => (i + bytes) % 16),
      get(result),
      get(result),
    );
  const width = dtype === 'f64' ? 8 : 4;
  for (let distance = lanes / 2; distance >= 1; distance /= 2) {
    const rotated = f.keep('v128', rotate(distance * width));
    result = f.keep('v128', combine(name, dtype, get(result), get(rotated)));
  }
  return result;
}

/** (e / (atol + rtol·max(|y0|, |y1|)))², of operands (e, y0, y1, rtol, atol). */
export function scaledSquares(f: FunctionBuilder, operands: readonly Operand[]): Code {
  const lanes = operands[0]!.dtype === 'f64' ? 'f64x2' : 'f32x4';
  const [e, y0, y1, rtol, atol] = operands.map(({ local }) => get(local)) as [Code, Code, Code, Code, Code];
  const size = op(`${lanes}.max`, op(`${lanes}.abs`, y0), op(`${lanes}.abs`, y1));
  const ratio = f.keep('v128', op(`${lanes}.div`, e, op(`${lanes}.add`, atol, op(`${lanes}.mul`, rtol, size))));
  return op(`${lanes}.mul`, get(ratio), get(ratio));
}
