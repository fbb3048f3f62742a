/** The larger and the smaller of two numbers: NaN if either is. */
import { binary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';

/** `Maximum` or `Minimum`; where the backend's kernel loses NaN, a comparison takes it back. */
export function extremum(a: Arithmetic, kernel: 'Maximum' | 'Minimum', x: Register, y: Register): Register {
  if (x.dtype === 'int32' || keepsNaN.has(a.builder.backendName)) return binary(a.builder, kernel, x, y);
  const maybe = [x, y].filter(({ splat }) => splat === undefined || Number.isNaN(splat));
  const chosen = binary(a.builder, kernel, x, y);
  return maybe.reduce((result, operand) => a.where(a.isNumber(operand), result, operand), chosen);
}

/** Backends whose kernels give NaN if either operand is. */
const keepsNaN: ReadonlySet<string> = new Set(['cpu', 'tensorflow']);
