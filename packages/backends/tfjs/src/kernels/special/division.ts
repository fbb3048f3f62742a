/** Products, quotients and remainders: what differs for i32. */
import { broadcastShapes } from '@node-ode/core';
import { binary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';
import { integerQuotientName } from '../in-memory/integer-division.ts';

/** A product; of i32 the low 32 bits. The JavaScript backend multiplies doubles, which hold products up to 2⁵³. */
export function product(a: Arithmetic, x: Register, y: Register): Register {
  if (x.dtype !== 'int32' || a.builder.backendName !== 'cpu') return a.mul(x, y);
  if ([x, y].some(({ splat }) => splat !== undefined && Math.abs(splat) <= 2 ** 21)) return a.mul(x, y);
  // x = h·2¹⁶ + l with 0 ≤ l < 2¹⁶: no product of the parts is beyond 2⁴⁸, and each is stored as its low 32 bits.
  const half = a.number(2 ** 16, x);
  const high = binary(a.builder, 'FloorDiv', x, half);
  const low = a.sub(x, a.mul(high, half));
  return a.add(a.mul(low, y), a.mul(a.mul(high, y), half));
}

/**
 * The quotient; of i32 truncated, and an error of the run where one is divided by zero. The smallest integer by −1 would stop a native
 * process: there −1 is a case of its own.
 */
export function quotient(a: Arithmetic, x: Register, y: Register): Register {
  const { backendName } = a.builder;
  if (x.dtype !== 'int32') return a.div(x, y);
  if (backendName === 'cpu') {
    if (y.splat !== undefined && y.splat !== 0) return a.div(x, y);
    const shape = broadcastShapes('div', x.shape, y.shape);
    const operands = [x, y].map((one) => a.builder.lower('broadcastTo', [one], { shape }));
    return a.builder.call(integerQuotientName, operands, {}, { shape, dtype: 'int32' });
  }
  if (y.splat === -1) return a.neg(x);
  if (y.splat !== undefined) return a.div(x, y);
  const isNegation = a.equal(y, a.number(-1, y));
  return a.where(isNegation, a.neg(x), a.div(x, a.where(isNegation, a.number(1, y), y)));
}

/** The remainder with the sign of x. tfjs's Mod has that of y: magnitudes are divided. */
export function remainder(a: Arithmetic, x: Register, y: Register): Register {
  if (x.dtype === 'int32') return a.sub(x, product(a, quotient(a, x, y), y));
  const size = binary(a.builder, 'Mod', a.abs(x), a.abs(y));
  return a.where(a.less(x, a.number(0, x)), a.neg(size), size);
}
