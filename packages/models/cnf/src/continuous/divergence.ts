/** How the divergence of a field without a closed form is found: from pullbacks. */
import { arange, OptionError, vjp, type Tensor } from '@node-ode/core';
import type { NoiseKind } from '../noise.ts';
import type { Motion } from '../fields/vector-field.ts';

/** A motion with ‖∂f/∂z‖² of each sample, which regularisation wants: exact, or an estimate. */
export interface MeasuredMotion extends Motion {
  /** Squared Frobenius norm of the Jacobian: [samples]. */
  readonly jacobian: Tensor;
}

/** A way to the divergence. */
export interface DivergenceMethod {
  readonly name: string;
  /** What a solve must be given, of the shape of its points; 'none' if it needs nothing. */
  readonly noise: NoiseKind | 'none';
  /** Velocity, divergence and Jacobian of `f` at `z` [samples, dimension]; `noise` is like z where there is one. */
  measure(f: (z: Tensor) => Tensor, z: Tensor, noise: Tensor): MeasuredMotion;
}

const ofEachRow = { axes: [1] } as const;

/**
 * tr(∂f/∂z) as it is: one pullback of each unit vector, so that its cost grows with the dimension D as D evaluations do.
 *
 * @example
 * const flow = cnf({ dimension: 2, field: concatSquashMlp({ sizes: [2, 64, 2] }), ode, divergence: exact() });
 */
export const exact = (): DivergenceMethod => ({
  name: 'exact',
  noise: 'none',
  measure: (f, z) => {
    const { value: velocity, pullback } = vjp(f, z);
    const dimension = z.shape[1] ?? 0;
    const units = Array.from({ length: dimension }, (_, i) => arange(dimension).equal(i).cast(z.dtype));
    const rows = units.map((unit) => ({ unit, row: pullback(unit.broadcastTo(z.shape)) }));
    const total = (of: (x: (typeof rows)[number]) => Tensor): Tensor =>
      rows.map((x) => of(x).sum(ofEachRow)).reduce((a, b) => a.add(b));
    return {
      velocity,
      divergence: total(({ unit, row }) => row.mul(unit)),
      jacobian: total(({ row }) => row.square()),
    };
  },
});

/**
 * Hutchinson's estimator tr(A) = E[εᵀAε] from one pullback, whatever the dimension (Grathwohl et al. 2019, FFJORD, section 3.1).
 * ε has mean 0 and covariance I, and is drawn once for a solve: the solver sees a smooth field. ‖εᵀ∂f/∂z‖² estimates the
 * Jacobian's squared norm from the same pullback (Finlay et al. 2020). Rademacher's signs have the smaller variance: they
 * are exact for a diagonal Jacobian, and in one dimension.
 *
 * @throws OptionError for a distribution that is not known.
 * @example
 * const flow = cnf({ dimension: 2, field, ode, divergence: hutchinson() });
 * const batch = { x, ...flow.noise(random(0), 512) };
 */
export function hutchinson({ noise = 'rademacher' }: { readonly noise?: NoiseKind } = {}): DivergenceMethod {
  if (!['rademacher', 'gaussian'].includes(noise)) {
    throw new OptionError('hutchinson', `noise '${String(noise)}'`, { expected: "'rademacher' or 'gaussian'" });
  }
  return {
    name: 'hutchinson',
    noise,
    measure: (f, z, epsilon) => {
      const { value: velocity, pullback } = vjp(f, z);
      const pulled = pullback(epsilon);
      return {
        velocity,
        divergence: pulled.mul(epsilon).sum(ofEachRow),
        jacobian: pulled.square().sum(ofEachRow),
      };
    },
  };
}
