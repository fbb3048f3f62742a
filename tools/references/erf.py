"""The polynomials of the error function, and values that it is tested with, by mpmath at 40 digits.

Near zero, erf(x)/x - 1 is a polynomial in x^2; from 1 on, e^(x^2) erfc(x) is one in s = (x - 2.5)/(x + 3), which spreads
its change evenly; from 6 on, erf(x) rounds to 1. Each is a Chebyshev series cut where what is left out changes no result by more
than 2^-56 of itself. The run refuses to write unless erf in double precision, evaluated here as the module does, is within
1.5 units in the last place of mpmath's at random points.
"""

import math
import random

import mpmath

from typescript import ROOT, literal, write_module

mpmath.mp.dps = 40
CORE = ROOT / "packages" / "core"

SMALL, LARGE = 1, 6


def near_zero(z):
    """erf(x)/x - 1 of z = x^2."""
    x = mpmath.sqrt(z)
    return (mpmath.erf(x) / x if x else 2 / mpmath.sqrt(mpmath.pi)) - 1


def to_tail(x):
    return (x - 2.5) / (x + 3)


def tail(s):
    """e^(x^2) erfc(x) of s = (x - 2.5)/(x + 3)."""
    x = (2.5 + 3 * s) / (1 - s)
    return mpmath.exp(x * x) * mpmath.erfc(x)


def fit(function, low, high, bound):
    """Coefficients, lowest order first, of the shortest polynomial within `bound` of a function."""
    for length in range(2, 30):
        coefficients, error = mpmath.chebyfit(function, [low, high], length, error=True)
        if error < bound:
            print(f"{function.__name__}: degree {length - 1}, error {float(error):.1e}")
            return [float(c) for c in reversed(coefficients)]
    raise SystemExit("no polynomial found")


def horner(coefficients, x):
    y = 0.0
    for c in reversed(coefficients):
        y = y * x + c
    return y


def evaluate(x, small, large):
    if x < SMALL:
        return x + x * horner(small, x * x)
    return 1 - math.exp(-x * x) * horner(large, to_tail(x))


def units_off(x, y):
    """The distance of y from erf(x), in units of its last place."""
    exact = mpmath.erf(x)
    return float(abs(y - exact)) / math.ulp(float(exact))


def main():
    least = mpmath.mpf(2) ** -56
    # Relative to erf(x)/x >= 0.84, and to erf(x) where the tail is multiplied by e^(-x^2) <= e^-1.
    small = fit(near_zero, 0, SMALL**2, least * mpmath.erf(1))
    large = fit(tail, to_tail(mpmath.mpf(SMALL)), to_tail(mpmath.mpf(LARGE)), least * mpmath.erf(1) * mpmath.e)

    source = random.Random(0)
    points = [source.uniform(low, high) for low, high in [(0, 1), (1, 2), (2, LARGE)] for _ in range(20_000)]
    points += [10 ** source.uniform(-300, 0) for _ in range(5_000)]
    worst = max(units_off(x, evaluate(x, small, large)) for x in points)
    print(f"at {len(points)} points within {worst:.2f} units in the last place")
    if worst > 1.5:
        raise SystemExit("the polynomials do not hold what erf.ts says")

    write_module(
        CORE / "src" / "graph" / "erf-coefficients.ts",
        "Polynomials of the error function, lowest order first; written by tools/references/erf.py (mpmath), never by hand.",
        [
            "/** erf(x)/x − 1 as a polynomial in x², for |x| < 1. */\n"
            f"export const nearZero: readonly number[] = {literal(small)};",
            "/** e^(x²)·erfc(x) as a polynomial in (x − 2.5)/(x + 3), for 1 ≤ x < 6. */\n"
            f"export const tail: readonly number[] = {literal(large)};",
        ],
    )

    tiny = [5e-324, 1e-323, 1e-310, 2.2250738585072014e-308, 1e-300, 1e-100, 1e-20, 1e-8, 1e-3]
    joins = [math.nextafter(SMALL, 0), math.nextafter(SMALL, 2), math.nextafter(LARGE, 0)]
    tested = sorted(tiny + joins + [k / 16 for k in range(1, 16 * LARGE + 1)] + [0.1, 0.3, 0.7, 1.1, 2.3, 3.7, 4.9, 5.7, 5.86])
    write_module(
        CORE / "test" / "erf-reference.ts",
        "The error function at doubles, to the nearest double; written by tools/references/erf.py (mpmath at 40 digits), "
        "never by hand.",
        [
            "export const erfReference: readonly (readonly [x: number, erf: number])[] = "
            f"{literal([[x, float(mpmath.erf(x))] for x in tested])};"
        ],
    )


if __name__ == "__main__":
    main()
