"""Coefficients of the functions that the tfjs engine has in WGSL, by mpmath at 60 digits: GPUs' own are rough, and lose NaN.

They are those of the WebAssembly engine in single precision, made anew.
"""

import mpmath
import numpy as np

from typescript import ROOT, literal, write_module
from wasm_math import EIGHTH, HALF_LOG_2, HALF_OCTAVE, QUARTER, atan, cos, erf, exp, log, object_literal, polynomial, rational, root, sin, split, tanh

TARGET = ROOT / "packages" / "backends" / "tfjs" / "src" / "kernels" / "webgpu" / "coefficients.ts"
WORDS = 9


def two_over_pi():
    """2/π in 32-bit words, behind one of zeros."""
    with mpmath.workdps(120):
        bits = int(mpmath.floor(mpmath.ldexp(2 / mpmath.pi, 32 * WORDS)))
    words = [(bits >> (32 * (WORDS - 1 - k))) & (2**32 - 1) for k in range(WORDS)]
    return ", ".join(["0"] + [f"0x{word:08x}" for word in words])


def series(name, comment, function, high, count, **options):
    return f"/** {comment} */\nexport const {name}: readonly number[] = {literal(polynomial(name, function, 'f32x4', high, count, **options))};"


def main():
    near = lambda edge, power: lambda z: (z + edge / 500) ** power  # a weight that does not vanish at zero
    fractions = {
        "tanh": rational("tanh", tanh, "f32x4", "9.02", (4, 4), first=1),
        "erf": rational("erf", erf, "f32x4", "3.925", (5, 5)),
    }
    write_module(
        TARGET,
        "Coefficients of functions in WGSL, in f32, lowest order first; written by tools/references/wgsl_math.py (mpmath), never by hand.",
        [
            "/** log 2 as a head, whose product with an exponent is exact, and the rest. */\n"
            f"export const ln2 = {literal(split([14], mpmath.log(2), np.float32))} as const;",
            series("expSeries", "r·coth(r/2) − 2 as z times a polynomial in z = r², for |r| ≤ ½·log 2.", exp, HALF_LOG_2, 2, first=2, weight=lambda z: root(z) / 2),
            series("logSeries", "(2·artanh(s)/s − 2)/z as a polynomial in z = s², for s = f/(2 + f), 1 + f from √½ to √2.", log, HALF_OCTAVE, 3, weight=near(HALF_OCTAVE, 1)),
            f"/** tanh(x)/x as a rational function of x², for |x| ≤ 9.02. */\nexport const tanhRational = {object_literal(fractions['tanh'])} as const;",
            f"/** erf(x)/x as a rational function of x², for |x| ≤ 3.925. */\nexport const erfRational = {object_literal(fractions['erf'])} as const;",
            series("sinSeries", "(sin(r)/r − 1)/z as a polynomial in z = r², for |r| ≤ π/4.", sin, QUARTER, 3, first=1),
            series("cosSeries", "(cos(r) − 1 + z/2)/z² as a polynomial in z = r², for |r| ≤ π/4.", cos, QUARTER, 3, weight=near(QUARTER, 2)),
            series("atanSeries", "(atan(t)/t − 1)/z as a polynomial in z = t², for |t| ≤ tan(π/8).", atan, EIGHTH, 4, first=1),
            f"/** 2/π: a word of 32 zeros, then its bits after the binary point. */\nexport const twoOverPi: readonly number[] = [{two_over_pi()}];",
        ],
    )


if __name__ == "__main__":
    main()
