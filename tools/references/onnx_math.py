"""Coefficients of functions that the ONNX engine makes of simpler operators, by mpmath at 60 digits.

The error function in double precision is the rational function that the WebAssembly engine has. The sine in single precision is for GPUs,
whose own is promised to 2^-11 only.
"""

import mpmath
import numpy as np

from typescript import ROOT, literal, write_module
from wasm_math import erf, polynomial, rational, sin, split

TARGET = ROOT / "packages" / "backends" / "onnx" / "src" / "lower" / "special" / "coefficients.ts"
SATURATION = "5.93"
QUARTER_TURN = (mpmath.pi / 2 * mpmath.mpf("1.001")) ** 2


def main():
    found = rational("erf", erf, "f64x2", SATURATION, (12, 12))
    pairs = list(zip(found["numerator"], found["denominator"], strict=True))
    series = polynomial("sin", sin, "f32x4", QUARTER_TURN, 4, first=1)
    write_module(
        TARGET,
        "Coefficients of functions made of simpler operators; written by tools/references/onnx_math.py (mpmath), never by hand.",
        [
            f"/** From here on erf(x) rounds to 1. */\nexport const erfSaturation = {SATURATION};",
            "/** erf(x)/x as P(x²)/Q(x²): the coefficients of P and Q in pairs, lowest order first. */\n"
            f"export const erfRational: readonly (readonly [number, number])[] = {literal(pairs)};",
            "/** (sin(r)/r − 1)/z as a polynomial in z = r², lowest order first, for |r| ≤ π/2 in f32. */\n"
            f"export const sinSeries: readonly number[] = {literal(series)};",
            "/** π as a sum: products of the first two with integers below 2¹³ are exact in f32. */\n"
            f"export const piParts: readonly number[] = {literal(split([11, 11], mpmath.pi, np.float32))};",
        ],
    )


if __name__ == "__main__":
    main()
