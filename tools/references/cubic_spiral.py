"""Reference points of the cubic spiral y' = (y^3) A of torchdiffeq's ode_demo, by SciPy's DOP853 at 1e-13."""

import json

import numpy as np
from scipy.integrate import solve_ivp

from typescript import ROOT, lay_out

A = np.array([[-0.1, 2.0], [-2.0, -0.1]])
TIMES = [0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0]


def solve(rtol):
    t, y, found = 0.0, np.array([2.0, 0.0]), []
    for end in TIMES:
        run = solve_ivp(lambda _, y: y**3 @ A, (t, end), y, method="DOP853", rtol=rtol, atol=rtol / 10)
        t, y = end, run.y[:, -1]
        found.append(y)
    return found


def main():
    tight, loose = solve(1e-13), solve(1e-12)
    spread = max(float(np.max(np.abs(a - b))) for a, b in zip(tight, loose))
    print(f"|1e-13 - 1e-12| = {spread:.1e}")
    if spread > 1e-10:
        raise SystemExit("the reference is not converged")
    path = ROOT / "packages" / "datasets" / "src" / "spiral" / "cubic-spiral-reference.json"
    lay_out(path, json.dumps([{"t": t, "y": list(y)} for t, y in zip(TIMES, tight)]))


if __name__ == "__main__":
    main()
