/** Interpolatory quadrature: the weights of all methods here are integrals of Lagrange polynomials. */

/** ∫₀^θ f ≈ Σ bᵢ(θ)·f(cᵢ), exact for polynomials of lower degree than there are nodes cᵢ. */
export interface Quadrature {
  /** bᵢ(1). */
  readonly weights: readonly number[];
  /** bᵢ(θ) = Σₘ dense[i][m]·θ^(m+1). */
  readonly dense: readonly (readonly number[])[];
}

/**
 * The quadrature through the nodes `numerators[i] / unit`. At most eight nodes with numerators from −7 to 8: what is divided
 * is then an integer below 2⁵³, so that every coefficient is the double next to its rational value.
 *
 * @example
 * quadrature([0, -1]).weights; // [3 / 2, -1 / 2]: Adams and Bashforth, order 2
 */
export function quadrature(numerators: readonly number[], unit = 1): Quadrature {
  const rows = numerators.map((node, i) => integral(node, numerators.toSpliced(i, 1), unit));
  return {
    weights: rows.map(({ coefficients, denominator }) => sum(coefficients) / denominator),
    dense: rows.map(({ coefficients, denominator }) => coefficients.map((x) => x / denominator)),
  };
}

/** bᵢ(θ) of each node. */
export const weightsAt = ({ dense }: Quadrature, theta: number): readonly number[] =>
  dense.map((row) => theta * row.reduceRight((value, coefficient) => value * theta + coefficient, 0));

/**
 * ∫₀^θ ℓ, where ℓ is the Lagrange polynomial that is 1 at `node / unit` and 0 at `others / unit`, in integers:
 * Σₘ coefficients[m]·θ^(m+1) / denominator.
 */
function integral(
  node: number,
  others: readonly number[],
  unit: number,
): { readonly coefficients: readonly number[]; readonly denominator: number } {
  // Π (x − other) in x = unit·θ, lowest power first.
  const product = others.reduce<readonly number[]>(
    (p, other) => [...p, 0].map((_, m) => (p[m - 1] ?? 0) - other * (p[m] ?? 0)),
    [1],
  );
  // (n + 1)! is a multiple of every m + 1 that the integral divides by.
  const common = factorial(product.length);
  return {
    coefficients: product.map((x, m) => x * (common / (m + 1)) * unit ** m),
    denominator: common * others.reduce((d, other) => d * (node - other), 1),
  };
}

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
