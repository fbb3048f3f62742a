"""Matrices and exact solutions of the two linear problems y' = Ay, by SciPy's matrix exponential.

`skew` is torchdiffeq's linear problem (tests/problems.py of rtqichen/torchdiffeq): U = 0.1 randn(10, 10), A = U - U^T,
y(0) = (1, ..., 1), checked at ten times from 1 to 8. `order` is the problem of the order test: A = randn(10, 10) / 2,
y(0) = randn(10), checked at 0, 0.5, ..., 4. The matrices and initial values are rounded to single precision, so
that a run in f32 solves the same problem as one in f64. Seeds are the first for which no checked component is so close
to zero that its relative error would mean nothing.
"""

import numpy as np
from scipy.linalg import expm

from typescript import PROBLEMS, literal, write_module


def single(x):
    """Rounded to single precision, kept in double."""
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def skew(random):
    u = single(0.1 * random.standard_normal((10, 10)))
    return single(u - u.T), np.ones(10)


def order(random):
    return single(0.5 * random.standard_normal((10, 10))), single(random.standard_normal(10))


def first_seed(make, times, least):
    """The first seed whose checked values all stay away from zero."""
    for seed in range(10_000):
        matrix, start = make(np.random.default_rng(seed))
        values = np.array([expm(matrix * t) @ start for t in times])
        if np.min(np.abs(values)) > least:
            print(f"{make.__name__}: seed {seed}, least |y| = {np.min(np.abs(values)):.3f}, "
                  f"largest {np.max(np.abs(values)):.3f}")
            return {
                "seed": seed,
                "matrix": matrix,
                "y0": start,
                "reference": [{"t": t, "y": y} for t, y in zip(times, values)],
            }
    raise SystemExit("no seed found")


def main():
    write_module(
        PROBLEMS / "linear-reference.ts",
        "Matrices, initial values and exact solutions of the linear problems; written by tools/references/linear.py "
        "(SciPy's expm), never by hand. `y0` belongs to t = 0.",
        [
            "import type { ReferencePoint } from './problem.ts';",
            "export interface LinearReference { readonly seed: number; "
            "readonly matrix: readonly (readonly number[])[]; readonly y0: readonly number[]; "
            "readonly reference: readonly [ReferencePoint, ...ReferencePoint[]] }",
            f"export const skewReference: LinearReference = {literal(first_seed(skew, np.linspace(1, 8, 10), 0.05))};",
            f"export const orderReference: LinearReference = {literal(first_seed(order, np.linspace(0, 4, 9), 0.05))};",
        ],
    )


if __name__ == "__main__":
    main()
