/** Arithmetic of i32: negation and magnitude without kernels, and a division that cannot end the process. */
import type { Arithmetic } from '../arithmetic.ts';
import type { Emitter } from '../contract.ts';
import { remainder } from './rounding.ts';

/** −x; the smallest integer is its own negation. */
export const negated = (a: Arithmetic, x: string): string =>
  a.has('Neg') ? a.apply('Neg', [x]) : a.sub(a.number(0), x);

/** |x|; the smallest integer stays as it is. */
export const magnitude = (a: Arithmetic, x: string): string =>
  a.has('Abs') ? a.abs(x) : a.apply('Max', [x, a.sub(a.number(0), x)]);

/** A divisor, and its value where all of its elements are known to have it. */
export interface Divisor {
  readonly name: string;
  readonly splat: number | undefined;
}

/**
 * x / y truncated. On the CPU a division by zero, and the smallest integer by −1, stop the process: the first becomes an error
 * of the run, the second is computed in 64 bits and wraps. GPUs do not trap; what they give for a zero is their own.
 */
export function quotient(emitter: Emitter, a: Arithmetic, x: string, y: Divisor): string {
  if (emitter.provider !== 'cpu' || isHarmless(y)) return a.div(x, y.name);
  if (y.splat === -1) return negated(a, x);
  const wide = (name: string): string => emitter.emit('Cast', [name], { to: { kind: 'int', value: int64 } });
  const result = emitter.emit('Div', [wide(x), wide(withoutZeros(emitter, a, y.name))]);
  return emitter.emit('Cast', [result], { to: { kind: 'int', value: int32 } });
}

/** The remainder of x / y with the sign of x. By zero it is an error of the run on the CPU, and a GPU's own elsewhere. */
export function integerRemainder(emitter: Emitter, a: Arithmetic, x: string, y: Divisor): string {
  const mayBeZero = y.splat === undefined || y.splat === 0;
  return remainder(a, x, emitter.provider === 'cpu' && mayBeZero ? withoutZeros(emitter, a, y.name) : y.name);
}

const isHarmless = ({ splat }: Divisor): boolean => splat !== undefined && splat !== 0 && splat !== -1;

/** `TensorProto.DataType` of integers. */
const [int32, int64] = [6, 7];

/** The divisor, after a look-up that fails where it is zero: element 1 of a constant of one element. */
function withoutZeros(emitter: Emitter, a: Arithmetic, y: string): string {
  const zero = emitter.constant({ elementType: 'int32', dims: [1], data: Int32Array.of(0) });
  const index = emitter.emit('Cast', [a.equal(y, a.number(0))], { to: { kind: 'int', value: int32 } });
  return a.add(y, emitter.emit('Gather', [zero, index]));
}
