"""Reference solutions of the 25 non-stiff DETEST problems, t = 5, 10, 15 and 20.

Definitions: W. H. Enright and J. D. Pryce, "Two FORTRAN packages for assessing initial value methods",
ACM TOMS 13(1), 1987 (Algorithm 648, the subroutines IVALU and FCN); first in Hull, Enright, Fellen and Sedgwick,
SIAM J. Numer. Anal. 9(4), 1972. Solved by SciPy's DOP853 with rtol = 1e-13, atol = 1e-14, restarted at every
reference time so that no value comes from an interpolant. The run refuses to write unless it agrees with a second
run at rtol = atol = 1e-12, and with the first component that Algorithm 648 (subroutine EVALU) gives for t = 20.
"""

import math

import numpy as np
from scipy.integrate import solve_ivp

from typescript import PROBLEMS, literal, write_module

TIMES = [5.0, 10.0, 15.0, 20.0]


def chain(diagonal, lower, upper):
    """The tridiagonal matrix of the three diagonals."""
    return np.diag(diagonal) + np.diag(lower, -1) + np.diag(upper, 1)


def unit(n):
    return [1.0] + [0.0] * (n - 1)


def linear(matrix):
    return lambda t, y: matrix @ y


def b4(t, y):
    r = math.hypot(y[0], y[1])
    return [-y[1] - y[0] * y[2] / r, y[0] - y[1] * y[2] / r, y[0] / r]


# C5: the five outer planets round the sun. Masses are in solar masses, positions in astronomical units, and time in
# hundreds of days; the state is the five positions (x, y, z of each planet in turn), then the five velocities.
K2 = 2.95912208286
M0 = 1.00000597682
MASSES = np.array([0.954786104043e-3, 0.285583733151e-3, 0.437273164546e-4, 0.517759138449e-4, 0.277777777778e-5])
PLANETS = [
    *[3.42947415189, 3.35386959711, 1.35494901715, 6.64145542550, 5.97156957878, 2.18231499728],
    *[11.2630437207, 14.6952576794, 6.27960525067, -30.1552268759, 1.65699966404, 1.43785752721],
    *[-21.1238353380, 28.4465098142, 15.3882659679],
    *[-0.557160570446, 0.505696783289, 0.230578543901, -0.415570776342, 0.365682722812, 0.169143213293],
    *[-0.325325669158, 0.189706021964, 0.0877265322780, -0.0240476254170, -0.287659532608, -0.117219543175],
    *[-0.176860753121, -0.216393453025, -0.0148647893090],
]


def c5(t, y):
    position, velocity = y[:15].reshape(5, 3), y[15:]
    to_sun = position / np.linalg.norm(position, axis=1, keepdims=True) ** 3
    acceleration = -(M0 + MASSES)[:, None] * to_sun
    for j in range(5):
        for k in range(5):
            if k != j:
                apart = position[k] - position[j]
                acceleration[j] += MASSES[k] * (apart / np.linalg.norm(apart) ** 3 - to_sun[k])
    return np.concatenate([velocity, (K2 * acceleration).ravel()])


def orbit(t, y):
    r3 = (y[0] ** 2 + y[1] ** 2) ** 1.5
    return [y[2], y[3], -y[0] / r3, -y[1] / r3]


def orbit_start(eccentricity):
    return [1 - eccentricity, 0.0, 0.0, math.sqrt((1 + eccentricity) / (1 - eccentricity))]


ONES = np.ones(51)
COUNT = np.arange(1.0, 10.0)
# name: (f, y(0), the first component of y(20) that Algorithm 648 gives)
DETEST = {
    "A1": (lambda t, y: -y, [1.0], 2.061153353012535e-09),
    "A2": (lambda t, y: -(y**3) / 2, [1.0], 2.182178902359887e-01),
    "A3": (lambda t, y: y * math.cos(t), [1.0], 2.491650271850414e00),
    "A4": (lambda t, y: y / 4 * (1 - y / 20), [1.0], 1.773016648131483e01),
    "A5": (lambda t, y: (y - t) / (y + t), [4.0], -7.887826688964196e-01),
    "B1": (lambda t, y: [2 * (y[0] - y[0] * y[1]), -(y[1] - y[0] * y[1])], [1.0, 3.0], 6.761876008576667e-01),
    "B2": (linear(np.array([[-1.0, 1, 0], [1, -2, 1], [0, 1, -1]])), [2.0, 0.0, 1.0], 1.000000001030576e00),
    "B3": (lambda t, y: [-y[0], y[0] - y[1] ** 2, y[1] ** 2], [1.0, 0.0, 0.0], 2.061153488557776e-09),
    "B4": (b4, [3.0, 0.0, 0.0], 9.826950928005993e-01),
    "B5": (lambda t, y: [y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]], [0.0, 1.0, 1.0], -9.396570798729192e-01),
    "C1": (linear(chain([-1.0] * 9 + [0.0], ONES[:9], 0 * ONES[:9])), unit(10), 2.061153622240064e-09),
    "C2": (linear(chain([*-COUNT, 0.0], COUNT, 0 * COUNT)), unit(10), 2.061153577984930e-09),
    "C3": (linear(chain(-2 * ONES[:10], ONES[:9], ONES[:9])), unit(10), 2.948119211022058e-03),
    "C4": (linear(chain(-2 * ONES, ONES[:50], ONES[:50])), unit(51), 3.124111453721466e-03),
    "C5": (c5, PLANETS, -4.792730224323733e00),
    "D1": (orbit, orbit_start(0.1), 2.198835352008397e-01),
    "D2": (orbit, orbit_start(0.3), -1.777027357140412e-01),
    "D3": (orbit, orbit_start(0.5), -5.780432953035361e-01),
    "D4": (orbit, orbit_start(0.7), -9.538990293416394e-01),
    "D5": (orbit, orbit_start(0.9), -1.295266250987574e00),
    "E1": (
        lambda t, y: [y[1], -(y[1] / (t + 1) + (1 - 0.25 / (t + 1) ** 2) * y[0])],
        [math.sqrt(2 / math.pi) * math.sin(1), math.sqrt(2 / math.pi) * (math.cos(1) - math.sin(1) / 2)],
        1.456723600728308e-01,
    ),
    "E2": (lambda t, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]], [2.0, 0.0], 2.008149762174948e00),
    "E3": (lambda t, y: [y[1], y[0] ** 3 / 6 - y[0] + 2 * math.sin(2.78535 * t)], [0.0, 0.0], -1.004178858647128e-01),
    "E4": (lambda t, y: [y[1], 0.032 - 0.4 * y[1] ** 2], [30.0, 0.0], 3.395091444646555e01),
    "E5": (lambda t, y: [y[1], math.sqrt(1 + y[1] ** 2) / (25 - t)], [0.0, 0.0], 1.411797390542629e01),
}


def solve(f, start, rtol, atol):
    """The solution at every reference time."""
    t, y, found = 0.0, np.array(start), []
    for end in TIMES:
        run = solve_ivp(f, (t, end), y, method="DOP853", rtol=rtol, atol=atol)
        if not run.success:
            raise RuntimeError(run.message)
        t, y = end, run.y[:, -1]
        found.append(y)
    return found


def main():
    entries = {}
    for name, (f, start, published) in DETEST.items():
        tight, loose = solve(f, start, 1e-13, 1e-14), solve(f, start, 1e-12, 1e-12)
        spread = max(float(np.max(np.abs(a - b))) for a, b in zip(tight, loose))
        distance = abs(tight[-1][0] - published)
        print(f"{name}  |1e-13 - 1e-12| = {spread:.1e}  |y_1(20) - Algorithm 648| = {distance:.1e}")
        if spread > 1e-9 or distance > 1e-10:
            raise SystemExit(f"{name}: the definition or the run is wrong")
        entries[name] = {
            "y0": start,
            "reference": [{"t": t, "y": y} for t, y in zip(TIMES, tight)],
            "derivative": np.asarray(f(TIMES[0], tight[0]), dtype=float),
        }
    write_module(
        PROBLEMS / "detest-reference.ts",
        "Initial values and reference solutions of the DETEST problems; written by tools/references/detest.py (SciPy's "
        "DOP853), never by hand. `derivative` is f at the first reference.",
        [
            "import type { ReferencePoint } from './problem.ts';",
            "export interface DetestReference { readonly y0: readonly number[]; "
            "readonly reference: readonly [ReferencePoint, ...ReferencePoint[]]; "
            "readonly derivative: readonly number[] }",
            f"export const detestReference = {literal(entries)} as const "
            "satisfies Record<string, DetestReference>;",
        ],
    )


if __name__ == "__main__":
    main()
