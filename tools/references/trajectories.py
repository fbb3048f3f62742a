"""Reference states of the systems of @node-ode/datasets, by SciPy's DOP853 at 1e-13."""

import json

import numpy as np
from scipy.integrate import solve_ivp

from typescript import ROOT, lay_out

TIMES = [0.1, 0.5, 1.0, 2.0, 4.0]
SYSTEMS = {
    "lorenz": (lambda _, s: [10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]], [1.0, 1.0, 1.0]),
    "lotka-volterra": (lambda _, s: [1.5 * s[0] - s[0] * s[1], s[0] * s[1] - 3 * s[1]], [1.0, 1.0]),
    "van-der-pol": (lambda _, s: [s[1], 5 * (1 - s[0] ** 2) * s[1] - s[0]], [2.0, 0.0]),
    "damped-pendulum": (lambda _, s: [s[1], -0.2 * s[1] - 9.81 * np.sin(s[0])], [1.5, 0.5]),
}


def solve(dynamics, start, rtol):
    t, y, found = 0.0, np.array(start), []
    for end in TIMES:
        run = solve_ivp(dynamics, (t, end), y, method="DOP853", rtol=rtol, atol=rtol / 10)
        t, y = end, run.y[:, -1]
        found.append(y)
    return found


def main():
    references = {}
    for name, (dynamics, start) in SYSTEMS.items():
        tight, loose = solve(dynamics, start, 1e-13), solve(dynamics, start, 1e-12)
        spread = max(float(np.max(np.abs(a - b))) for a, b in zip(tight, loose))
        print(f"{name}: |1e-13 - 1e-12| = {spread:.1e}")
        if spread > 1e-9:
            raise SystemExit("the reference is not converged")
        references[name] = {"y0": start, "t": TIMES, "y": [list(map(float, y)) for y in tight]}
    path = ROOT / "packages" / "datasets" / "src" / "generate" / "orbits" / "trajectories-reference.json"
    lay_out(path, json.dumps(references))


if __name__ == "__main__":
    main()
