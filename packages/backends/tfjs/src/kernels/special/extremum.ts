/** The larger and the smaller of two numbers: NaN if either is. */
import { broadcastShapes, sameShape } from '@node-ode/core';
import { binary, unary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';

/** `Maximum` or `Minimum`; where the backend's kernel loses NaN, a comparison takes it back. */
export function extremum(a: Arithmetic, kernel: 'Maximum' | 'Minimum', x: Register, y: Register): Register {
  const positive = kernel === 'Maximum' ? reluOperand(a, x, y) : undefined;
  if (positive !== undefined) return unary(a.builder, 'Relu', positive);
  if (x.dtype === 'int32' || keepsNaN.has(a.builder.backendName)) return binary(a.builder, kernel, x, y);
  const maybe = [x, y].filter(({ splat }) => splat === undefined || Number.isNaN(splat));
  const chosen = binary(a.builder, kernel, x, y);
  return maybe.reduce((result, operand) => a.where(a.isNumber(operand), result, operand), chosen);
}

/**
 * The operand of which the larger of it and 0 is wanted, where that has its shape. On `wasm` `Relu`, which gives NaN for it, takes a
 * twentieth of `Maximum`, of which NaN is to be taken back.
 */
function reluOperand({ builder }: Arithmetic, x: Register, y: Register): Register | undefined {
  if (x.dtype !== 'float32' || builder.backendName !== 'wasm') return undefined;
  const isOf = (zero: Register, other: Register): boolean =>
    zero.splat === 0 && sameShape(broadcastShapes('maximum', zero.shape, other.shape), other.shape);
  return isOf(y, x) ? x : isOf(x, y) ? y : undefined;
}

/** Backends whose kernels give NaN if either operand is. */
const keepsNaN: ReadonlySet<string> = new Set(['cpu', 'tensorflow']);
