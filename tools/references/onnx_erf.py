"""The coefficients of the ONNX engine's error function in double precision: the rational function that the WebAssembly engine has."""

from typescript import ROOT, literal, write_module
from wasm_math import erf, rational

TARGET = ROOT / "packages" / "backends" / "onnx" / "src" / "lower" / "special" / "erf-coefficients.ts"
SATURATION = "5.93"


def main():
    found = rational("erf", erf, "f64x2", SATURATION, (12, 12))
    pairs = list(zip(found["numerator"], found["denominator"], strict=True))
    write_module(
        TARGET,
        "The error function as a rational one; written by tools/references/onnx_erf.py (mpmath), never by hand.",
        [
            f"/** From here on erf(x) rounds to 1. */\nexport const erfSaturation = {SATURATION};",
            "/** erf(x)/x as P(x²)/Q(x²): the coefficients of P and Q in pairs, lowest order first. */\n"
            f"export const erfRational: readonly (readonly [number, number])[] = {literal(pairs)};",
        ],
    )


if __name__ == "__main__":
    main()
