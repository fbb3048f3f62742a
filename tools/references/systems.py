"""States of systems that tests of the command line's `solve` write as text, by SciPy at 1e-13 (stiff: Radau, 1e-12)."""

import json

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import erf, expit

from typescript import ROOT, lay_out


def functions(t, s):
    """Most of what an expression can call."""
    x, y = s
    push = 0.3 if t < 1 and not x > 5 else np.minimum(0.5, np.maximum(t, 0.1)) * np.sign(y)
    return [
        np.sin(y) * np.exp(-(t**2)) + np.log1p(np.abs(x)) / (1 + np.cosh(0.1 * x)) + push,
        np.arctan2(y, 1 + x**2) - np.tanh(x) * np.sqrt(1 + y**2) + erf(x - y) - 2 ** (-(t / 2)) + expit(y) * np.arcsin(0.5 * np.cos(t)),
    ]


def robertson(_, s):
    a, b, c = s
    return [-0.04 * a + 1e4 * b * c, 0.04 * a - 1e4 * b * c - 3e7 * b**2, 3e7 * b**2]


SYSTEMS = {
    "lorenz": (lambda _, s: [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]], [1.0, 1.0, 1.0], [0, 0.5, 1, 4], "DOP853"),
    "pendulum, backwards": (lambda _, s: [s[1], -np.sin(s[0]) - 0.1 * s[1]], [2.5, 0.0], [0, -1, -2.5, -4], "DOP853"),
    "functions": (functions, [0.7, -0.4], [0, 0.5, 1, 2, 3], "DOP853"),
    "robertson": (robertson, [1.0, 0.0, 0.0], [0, 0.4, 40, 4000], "Radau"),
}


def solve(dynamics, start, times, method, rtol):
    t, y, found = times[0], np.array(start), [np.array(start)]
    for end in times[1:]:
        run = solve_ivp(dynamics, (t, end), y, method=method, rtol=rtol, atol=rtol * 1e-3)
        if not run.success:
            raise SystemExit(run.message)
        t, y = end, run.y[:, -1]
        found.append(y)
    return found


def main():
    references = {}
    for name, (dynamics, start, times, method) in SYSTEMS.items():
        finest = 1e-13 if method == "DOP853" else 1e-12
        tight, loose = (solve(dynamics, start, times, method, rtol) for rtol in (finest, 10 * finest))
        spread = max(float(np.max(np.abs(a - b))) for a, b in zip(tight, loose))
        print(f"{name}: spread {spread:.1e}")
        if spread > 1e-9:
            raise SystemExit("the reference is not converged")
        references[name] = {"t": times, "y": [list(map(float, y)) for y in tight]}
    lay_out(ROOT / "packages" / "cli" / "src" / "solve" / "systems-reference.json", json.dumps(references))


if __name__ == "__main__":
    main()
