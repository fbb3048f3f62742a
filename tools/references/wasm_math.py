"""Coefficients of the WebAssembly engine's vector functions, and values that they are tested with, by mpmath at 60 digits.

Each approximation is the best one (Remez's exchange) with its first coefficient fixed where a function has to be exact near zero. Coefficients
are rounded to the format that they are used in; those of the f32 rational functions are then moved by units in the last place as long
as the error falls. The run refuses to write unless the rounded ones stay within the error that is printed beside them.
"""

import random

import mpmath
import numpy as np

from minimax import minimax
from typescript import ROOT, literal, write_module

mpmath.mp.dps = 60
MATH = ROOT / "packages" / "backends" / "wasm" / "src" / "math"
TESTED = ROOT / "packages" / "backends" / "wasm" / "test"

root = mpmath.sqrt
QUARTER = (mpmath.pi / 4 * mpmath.mpf("1.001")) ** 2
HALF_LOG_2 = (mpmath.log(2) / 2 * mpmath.mpf("1.01")) ** 2
HALF_OCTAVE = ((root(2) - 1) / (root(2) + 1)) ** 2 * mpmath.mpf("1.001")
EIGHTH = mpmath.tan(mpmath.pi / 8) ** 2 * mpmath.mpf("1.001")


def at_zero(value):
    """Gives a function of z its limit at 0."""
    return lambda function: lambda z: function(z) if z else mpmath.mpf(value)


@at_zero(1)
def tanh(z):
    return mpmath.tanh(root(z)) / root(z)


@at_zero(2 / mpmath.sqrt(mpmath.pi))
def erf(z):
    return mpmath.erf(root(z)) / root(z)


@at_zero(2)
def exp(z):
    return root(z) * mpmath.coth(root(z) / 2)


@at_zero(mpmath.mpf(2) / 3)
def log(z):
    return (2 * mpmath.atanh(root(z)) / root(z) - 2) / z


@at_zero(mpmath.mpf(1) / 12)
def log1p(z):
    return (2 * mpmath.atanh(root(z) / 2) / root(z) - 1) / z


@at_zero(1)
def sin(z):
    return mpmath.sin(root(z)) / root(z)


@at_zero(mpmath.mpf(1) / 24)
def cos(z):
    return (mpmath.cos(root(z)) - 1 + z / 2) / z**2


@at_zero(1)
def atan(z):
    return mpmath.atan(root(z)) / root(z)


def relative_error(function, p, q, points):
    """The largest relative error of a rational function with float coefficients at points with known values, in double."""
    z, exact = points
    return np.max(np.abs(np.polyval(p[::-1], z) / np.polyval(q[::-1], z) / exact - 1))


def settle(function, p, q, fixed, limit):
    """Rounds to f32, then moves coefficients by single units while the largest error falls.

    Where no coefficient is fixed, numerator and denominator may share any factor: a few are tried.
    """
    x = np.linspace(0, limit, 2001)[1:]
    points = (x * x, np.array([float(function(mpmath.mpf(v) ** 2)) for v in x]))
    source = random.Random(1)
    error_of = lambda rows: relative_error(function, *[row.astype(float) for row in rows], points)
    best, settled = np.inf, None
    for factor in [1] if fixed else [1 + k / 16 for k in range(16)]:
        rows = [np.array([np.float32(float(c * factor)) for c in row]) for row in (p, q)]
        error = error_of(rows)
        for _ in range(6000):
            moved = [row.copy() for row in rows]
            for _ in range(source.randint(1, 3)):
                row = moved[source.randrange(2)]
                place = source.randrange(1 if fixed else 0, len(row))
                row[place] = np.nextafter(row[place], np.float32(source.choice([-np.inf, np.inf])))
            changed = error_of(moved)
            if changed < error:
                rows, error = moved, changed
        if error < best:
            best, settled = error, rows
    return [float(c) for c in settled[0]], [float(c) for c in settled[1]], best


def rational(name, function, lanes, limit, degrees, *, first=None):
    """x·P(x²)/Q(x²) for a function of x."""
    edge = mpmath.mpf(limit)
    p, q, error = minimax(function, 0, edge**2, *degrees, first=first, spread=lambda t: (edge * t) ** 2)
    if lanes == "f32x4":
        p, q, error = settle(function, p, q, first is not None, float(edge))
    bound = mpmath.mpf(2) ** (-24.6 if lanes == "f32x4" else -54)
    if error > bound:
        raise SystemExit(f"{name} in {lanes}: {float(error)}")
    print(f"{name} {lanes}: error 2^{float(mpmath.log(error, 2)):.1f}")
    return {"numerator": [float(c) for c in p], "denominator": [float(c) for c in q]}


def polynomial(name, function, lanes, high, count, *, first=None, weight=None):
    """A polynomial in z with `count` coefficients, the fixed first one left out."""
    p, _, error = minimax(function, 0, high, count - (0 if first is not None else 1), first=first, weight=weight)
    kind = np.float32 if lanes == "f32x4" else np.float64
    rounded = [float(kind(float(c))) for c in p]
    step = high / 500
    weigh = weight or (lambda z: 1 / function(z))
    worst = max(abs(mpmath.polyval(rounded[::-1], z) - function(z)) * weigh(z) for z in (step * k for k in range(1, 501)))
    if worst > max(1.5 * error, mpmath.mpf(2) ** (-25 if lanes == "f32x4" else -54)):
        raise SystemExit(f"{name} in {lanes}: {float(worst)} after rounding, {float(error)} before")
    print(f"{name} {lanes} × {count}: error 2^{float(mpmath.log(error, 2)):.1f}, rounded 2^{float(mpmath.log(worst, 2)):.1f}")
    return rounded[1:] if first is not None else rounded


def split(heads, value, kind):
    """A number as a sum: heads of so many bits, whose products with small integers are exact, and the rest.

    None is negative: 0 times a negative rest would be -0, and -0 minus that is +0.
    """
    parts, rest = [], mpmath.mpf(value)
    for bits in heads:
        exponent = bits - mpmath.frexp(rest)[1]
        parts.append(float(mpmath.ldexp(mpmath.floor(mpmath.ldexp(rest, exponent)), -exponent)))
        rest -= parts[-1]
    return [*parts, float(kind(float(rest)))]


def both(make):
    return {lanes: make(lanes) for lanes in ("f32x4", "f64x2")}


def by_lanes(name, comment, values):
    body = ", ".join(f"{lanes}: {literal(value)}" for lanes, value in values.items())
    return f"/** {comment} */\nexport const {name} = {{ {body} }} as const;"


def single(lanes, f32, f64):
    return f32 if lanes == "f32x4" else f64


def main():
    near = lambda edge, power: lambda z: (z + edge / 500) ** power  # a weight that does not vanish at zero
    kinds = {"f32x4": np.float32, "f64x2": np.float64}
    ln2 = both(lambda lanes: split([single(lanes, 14, 38)], mpmath.log(2), kinds[lanes]))
    declarations = [
        by_lanes("ln2", "log 2 as a head, whose product with an exponent is exact, and the rest.", ln2),
        by_lanes(
            "expSeries",
            "r·coth(r/2) − 2 as z times a polynomial in z = r², for |r| ≤ ½·log 2.",
            both(lambda lanes: polynomial("exp", exp, lanes, HALF_LOG_2, single(lanes, 2, 5), first=2, weight=lambda z: root(z) / 2)),
        ),
        by_lanes(
            "logSeries",
            "(2·artanh(s)/s − 2)/z as a polynomial in z = s², for s = f/(2 + f), 1 + f from √½ to √2.",
            both(lambda lanes: polynomial("log", log, lanes, HALF_OCTAVE, single(lanes, 3, 7), weight=near(HALF_OCTAVE, 1))),
        ),
        by_lanes(
            "softplusSeries",
            "(2·artanh(s/2)/s − 1)/z as a polynomial in z = s², for s from 0 to ⅔.",
            both(lambda lanes: polynomial("log1p", log1p, lanes, mpmath.mpf(4) / 9, single(lanes, 4, 9), weight=near(1, 1))),
        ),
        by_lanes(
            "powExpSeries",
            "The series of `expSeries` in f64x2: as f32 needs it for pow, and as f64 does.",
            both(lambda lanes: polynomial("exp", exp, "f64x2", HALF_LOG_2, single(lanes, 3, 5), first=2, weight=lambda z: root(z) / 2)),
        ),
        by_lanes(
            "powLogSeries",
            "The series of `logSeries` in f64x2: as f32 needs it for pow, and as f64 does, with its logarithm in two parts.",
            both(lambda lanes: polynomial("log", log, "f64x2", HALF_OCTAVE, single(lanes, 4, 8), weight=near(HALF_OCTAVE, 1))),
        ),
        "/** tanh(x)/x as a rational function of x², for |x| ≤ 9.02. */\n"
        "export const tanhRational = " + object_literal(rational("tanh", tanh, "f32x4", "9.02", (4, 4), first=1)) + " as const;",
        rationals(
            "erfRational",
            "erf(x)/x as a rational function of x², up to where erf(x) rounds to 1: 3.925 in f32, 5.93 in f64.",
            both(lambda lanes: rational("erf", erf, lanes, *single(lanes, ("3.925", (5, 5)), ("5.93", (12, 12))))),
        ),
        by_lanes(
            "sinSeries",
            "(sin(r)/r − 1)/z as a polynomial in z = r², for |r| ≤ π/4.",
            both(lambda lanes: polynomial("sin", sin, lanes, QUARTER, single(lanes, 3, 6), first=1)),
        ),
        by_lanes(
            "cosSeries",
            "(cos(r) − 1 + z/2)/z² as a polynomial in z = r², for |r| ≤ π/4.",
            both(lambda lanes: polynomial("cos", cos, lanes, QUARTER, single(lanes, 3, 6), weight=near(QUARTER, 2))),
        ),
        by_lanes(
            "atanSeries",
            "(atan(t)/t − 1)/z as a polynomial in z = t², in f64x2, for |t| ≤ tan(π/8): as f32 needs it, and as f64 does.",
            both(lambda lanes: polynomial("atan", atan, "f64x2", EIGHTH, single(lanes, 5, 11), first=1)),
        ),
        "/** π/2 as a sum: products of the first two with integers below 2²⁰ are exact. */\n"
        f"export const halfPi = {literal(split([33, 33], mpmath.pi / 2, np.float64))} as const;",
        "/** 2/π: a word of 64 zeros, then its bits after the binary point. */\n"
        f"export const twoOverPi: readonly bigint[] = [{', '.join(two_over_pi())}];",
    ]
    write_module(
        MATH / "coefficients.ts",
        "Coefficients of the vector functions, lowest order first; written by tools/references/wasm_math.py (mpmath), never by hand.",
        declarations,
    )
    write_reference()


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def softplus(x):
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def trigonometric(function):
    def precise(x):
        with mpmath.workdps(400):  # the integer part of a large angle has 308 digits
            return function(x)

    return precise


def closest_quadrants(below, count):
    """The doubles that are nearest to one of the first multiples of a quadrant, for their size."""
    scale = 240
    quadrant = int(mpmath.nint(mpmath.ldexp(mpmath.pi / 2, scale)))
    found = []
    for k in range(1, below):
        multiple = k * quadrant
        unit = 1 << (multiple.bit_length() - 53)  # of a double's last place
        rest = multiple % unit
        found.append((min(rest, unit - rest) // k, (multiple + unit // 2) // unit * unit))
    return [float(mpmath.ldexp(x, -scale)) for _, x in sorted(found)[:count]]


def reference():
    """Points that are hard in one way or another, and some at random, with the functions' values there as the nearest doubles."""
    source = random.Random(2)
    tiny = [5e-324, 1.5e-323, 1e-310, 2.0**-1022, 1e-300, 1e-20, 2.0**-53, 1e-8, 1e-4, 0.01, 0.1]
    middle = [0.3, 0.34657359027997264, 0.34657359027997270, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.9, 5.9, 8.0, 9.1, 12.5, 18.9, 19.2, 36.7, 37.5]
    large = [50.0, 88.7, 103.9, 300.0, 600.0, 708.3, 709.7, 709.782712893384, 720.0, 744.4, 745.13]
    drawn = [source.uniform(0, 4) for _ in range(12)] + [source.uniform(0, 40) for _ in range(12)]
    signed = lambda values: [sign * x for x in values for sign in (1, -1)]
    # Multiples of a quadrant, as near as doubles come; the double that is nearest of all to one (W. Kahan); large ones.
    quadrants = [float(mpmath.pi / 2 * k) for k in (1, 2, 3, 4, 5, 11, 100, 1001, 123456, 667543, 667545, 10**7, 10**15)]
    quadrants += closest_quadrants(667_544, 8)
    angles = [0.7853981633974483, 0.7853981633974484, *quadrants, 6381956970095103 * 2.0**797, 1e6, 2.0**20, 1e10, 1e22, 1e100, 1.7e308]
    angles += [2.0**k * source.uniform(1, 2) for k in range(-4, 1024, 37)]
    near_one = [1 + sign * 2.0**-k for k in (3, 10, 30, 52) for sign in (1, -1)] + [1 - 2.0**-53, 0.7071067811865475, 0.7071067811865476, 1.4142135623730951]
    huge = [1e10, 1e100, 2.0**1000, 1.2712e308, 1.2715e308, 1.7976931348623157e308]
    everywhere = signed(tiny + middle + large + drawn)
    functions = {
        "exp": (mpmath.exp, everywhere),
        "expm1": (mpmath.expm1, everywhere),
        "log": (mpmath.log, tiny + middle + large + drawn + near_one + huge),
        "log1p": (mpmath.log1p, [x for x in signed(tiny + middle) if x > -1] + [x - 1 for x in near_one] + large + drawn + huge),
        "sin": (trigonometric(mpmath.sin), signed(tiny + angles + drawn)),
        "cos": (trigonometric(mpmath.cos), signed(tiny + angles + drawn)),
        "tan": (trigonometric(mpmath.tan), signed(tiny + angles + drawn)),
        "tanh": (mpmath.tanh, signed(tiny + middle + drawn)),
        "sigmoid": (sigmoid, everywhere),
        "softplus": (softplus, everywhere),
        "erf": (mpmath.erf, signed(tiny + middle + [x / 8 for x in drawn])),
    }
    powers = [(1 + 2.0**-52, 3e18), (1 - 2.0**-53, 6e18), (1 - 2.0**-53, -6.3e18), (5e-324, 0.5), (5e-324, -0.9), (1e-310, 1.04)]
    powers += [(2.0, 1023.5), (2.0, -1074.0), (2.0, -1060.3), (10.0, -308.0), (10.0, 308.0), (1.7976931348623157e308, -1.0), (0.1, 323.0)]
    powers += [(-2.0, 3.0), (-3.0, -5.0), (-0.5, 1073.0), (-1.1, 7001.0), (4.0, 0.5), (3.0, 1e-300), (1e-300, 5e-324)]
    for k in range(60):
        base = source.uniform(0, 2) if k % 2 else 10 ** source.uniform(-300, 300)
        powers.append((base, source.uniform(-1, 1) * 707 / abs(float(mpmath.log(base)))))
    for k in range(20):  # results that are subnormal
        base = source.uniform(0.1, 10)
        powers.append((base, -source.uniform(709, 744) / float(mpmath.log(base))))
    return functions, powers


def finite(value):
    """Whether a result is a double other than zero."""
    return 2.0**-1074 <= abs(value) < mpmath.mpf(2) ** 1024


def write_reference():
    functions, powers = reference()
    rows = []
    for name, (function, points) in functions.items():
        pairs = [[x, float(y)] for x in points for y in [function(mpmath.mpf(x))] if finite(y)]
        rows.append(f"{name}: {literal(pairs)}")
    triples = [[x, y, float(z)] for x, y in powers for z in [mpmath.power(mpmath.mpf(x), mpmath.mpf(y))] if finite(z)]
    write_module(
        TESTED / "math-reference.ts",
        "Functions at doubles, to the nearest double; written by tools/references/wasm_math.py (mpmath), never by hand.",
        [
            "export const unaryReference: Readonly<Record<string, readonly (readonly [x: number, y: number])[]>> = {"
            + ", ".join(rows)
            + "};",
            f"export const powReference: readonly (readonly [x: number, y: number, power: number])[] = {literal(triples)};",
        ],
    )


def object_literal(value):
    return "{ " + ", ".join(f"{key}: {literal(item)}" for key, item in value.items()) + " }"


def rationals(name, comment, values):
    body = ", ".join(f"{lanes}: {object_literal(value)}" for lanes, value in values.items())
    return f"/** {comment} */\nexport const {name} = {{ {body} }} as const;"


def two_over_pi():
    with mpmath.workdps(420):
        bits = int(mpmath.floor(mpmath.ldexp(2 / mpmath.pi, 64 * 20)))
    words = [(bits >> (64 * (19 - k))) & (2**64 - 1) for k in range(20)]
    return ["0n"] + [f"0x{word:016x}n" for word in words]


if __name__ == "__main__":
    main()
