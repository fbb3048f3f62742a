/** Exponentials and logarithms: special values on GPUs, and exact ones near zero. */
import type { Arithmetic } from '../arithmetic.ts';

/** eˣ. */
export const exp = (a: Arithmetic, x: string): string => keepNaN(a, x, a.apply('Exp', [x]));

/**
 * 1 / (1 + e^−x). ONNX Runtime's kernel is right to an absolute error, 1.3e-7 in f32, and 0 below −18: it is one node, and fast. In f64
 * the formula is nearer, and on the CPU faster too.
 */
export function sigmoid(a: Arithmetic, x: string): string {
  if (a.dtype === 'f32') return keepNaN(a, x, a.apply('Sigmoid', [x]));
  return a.apply('Reciprocal', [a.add(exp(a, a.apply('Neg', [x])), a.number(1))]);
}

/** log x. */
export function log(a: Arithmetic, x: string): string {
  const y = a.apply('Log', [x]);
  return a.isLoose ? a.where(a.apply('GreaterOrEqual', [x, a.number(0)]), y, a.number(NaN)) : y;
}

/** f(x), but NaN where x is: WGSL leaves that open, and a solve that blows up must be seen to. */
const keepNaN = (a: Arithmetic, x: string, y: string): string => (a.isLoose ? a.where(a.equal(x, x), y, x) : y);

/** eˣ − 1 = tanh(x/2)·(eˣ + 1). Nothing cancels: the error is that of tanh and of eˣ. */
export function expm1(a: Arithmetic, x: string): string {
  const half = a.apply('Tanh', [a.mul(x, a.number(0.5))]);
  return a.mul(half, a.add(exp(a, x), a.number(1)));
}

/**
 * log(1 + x) = log(u) + c/u, where u = 1 + x rounded, and c = x − (u − 1) is what the rounding lost. The correction is of x
 * limited to where it counts: below −½ the sum is exact, and far above 1 its rounding is no more than that of the logarithm.
 */
export function log1p(a: Arithmetic, x: string): string {
  const one = a.number(1);
  const near = a.clip(x, -0.5, 2 ** 20);
  const rounded = a.add(near, one);
  const lost = a.sub(near, a.sub(rounded, one));
  return a.add(log(a, a.add(x, one)), a.div(lost, rounded));
}
