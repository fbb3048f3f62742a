/** DETEST C5: the five outer planets round the sun. */
import { array, concat, matmul, type FloatDType } from '@node-ode/core';
import type { Problem } from './problem.ts';

const planets = 5;
/** Gravitational constant: astronomical units, solar masses, hundreds of days. */
const k2 = 2.95912208286;
/** Mass of the sun and the inner planets. */
const m0 = 1.00000597682;
/** Jupiter, Saturn, Uranus, Neptune, Pluto. */
const masses = [0.954786104043e-3, 0.285583733151e-3, 0.437273164546e-4, 0.517759138449e-4, 0.277777777778e-5];

const square = (entry: (i: number, j: number) => number): number[][] =>
  masses.map((_, i) => masses.map((_, j) => entry(i, j)));

/**
 * x_j'' = k² [−(m₀ + m_j) x_j/r_j³ + Σ_{k≠j} m_k ((x_k − x_j)/d_jk³ − x_k/r_k³)], with r the distances to the sun and d
 * those between planets. The state is 5 positions of 3 coordinates, then 5 velocities.
 */
export function outerPlanets(dtype: FloatDType): Problem['dynamics'] {
  const own = array(
    masses.map((m) => [m0 + m]),
    { dtype },
  );
  const others = array(
    square((j, k) => (j === k ? 0 : (masses[k] ?? 0))),
    { dtype },
  );
  // on the diagonal, where the distance is zero, one: 0/1 instead of 0/0
  const diagonal = array(
    square((j, k) => (j === k ? 1 : 0)),
    { dtype },
  );
  return (_t, y) => {
    const x = y.slice([0], [3 * planets]).reshape([planets, 3]);
    const velocity = y.slice([3 * planets], [3 * planets]);
    const r2 = x.square().sum({ axes: 1, keepDims: true });
    const toSun = x.div(r2.mul(r2.sqrt()));
    const apart = x.reshape([1, planets, 3]).sub(x.reshape([planets, 1, 3]));
    const d2 = apart.square().sum({ axes: 2 }).add(diagonal);
    const weights = d2.mul(d2.sqrt()).reciprocal().mul(others).reshape([planets, planets, 1]);
    const pull = apart.mul(weights).sum({ axes: 1 }).sub(matmul(others, toSun));
    return concat(
      [
        velocity,
        pull
          .sub(toSun.mul(own))
          .mul(k2)
          .reshape([3 * planets]),
      ],
      0,
    );
  };
}
