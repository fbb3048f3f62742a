/** Numbers and polynomials in WGSL. */

/** A number as WGSL writes it in f32. */
export function float(x: number): string {
  if (Number.isNaN(x)) return 'uniforms.NAN';
  if (x === Infinity) return 'uniforms.INFINITY';
  if (x === -Infinity) return '(-uniforms.INFINITY)';
  const text = String(Math.fround(x));
  return Object.is(x, -0) ? '(-0.0f)' : /[.e]/.test(text) ? `(${text}f)` : `(${text}.0f)`;
}

/** A polynomial of `z` by Horner's rule, coefficients from the constant one on. */
export const polynomial = (coefficients: readonly number[], z: string): string =>
  coefficients.slice(0, -1).reduceRight((sum, c) => `(${sum} * ${z} + ${float(c)})`, float(coefficients.at(-1) ?? 0));
