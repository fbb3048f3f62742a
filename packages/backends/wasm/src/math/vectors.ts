/** Arithmetic on vectors of either float type, so that a formula is written once for both. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { Constants, FloatLanes } from './types.ts';

/** The layout of a float and what follows from it. */
interface Format {
  readonly integers: 'i32x4' | 'i64x2';
  readonly mantissaBits: number;
  readonly exponentBias: number;
  /** Added to a number below 2^(mantissaBits − 1), it leaves the nearest integer, as two's complement in the low bits. */
  readonly rounder: number;
}

const formats: Readonly<Record<FloatLanes, Format>> = {
  f32x4: { integers: 'i32x4', mantissaBits: 23, exponentBias: 127, rounder: 1.5 * 2 ** 23 },
  f64x2: { integers: 'i64x2', mantissaBits: 52, exponentBias: 1023, rounder: 1.5 * 2 ** 52 },
};

/** The most coefficients that Horner's rule is used for: measured, over all functions. */
const longestChain = 4;

/** The number whose bits these are. */
function floatOfBits(bits: bigint): number {
  return new Float64Array(BigInt64Array.of(BigInt.asIntN(64, bits)).buffer)[0]!;
}

/** The bits of a number, as it is rounded in a lane. */
function bitsOfFloat(lanes: FloatLanes, value: number): bigint {
  return lanes === 'f32x4'
    ? BigInt(new Int32Array(Float32Array.of(value).buffer)[0]!)
    : new BigInt64Array(Float64Array.of(value).buffer)[0]!;
}

/**
 * Writes into a function; the operands and results of its methods are vectors of `lanes`. `keep` emits at once, everything else
 * only describes a value.
 */
export class Vectors {
  readonly lanes: FloatLanes;
  readonly format: Format;
  readonly #f: FunctionBuilder;
  readonly #constant: Constants;

  constructor(f: FunctionBuilder, lanes: FloatLanes, constant: Constants) {
    this.lanes = lanes;
    this.format = formats[lanes];
    this.#f = f;
    this.#constant = constant;
  }

  /** Computes a value now and keeps it: to use it twice, or before a branch. */
  keep(value: Code): Code {
    return get(this.local(value));
  }

  /** Like `keep`, as a local: what a vector function returns. */
  local(value: Code): Local {
    return this.#f.keep('v128', value);
  }

  number(value: number): Code {
    return this.#constant(this.lanes, value);
  }

  /** An integer in the bits of each lane; in f64x2 not those of a NaN. */
  integer(value: bigint): Code {
    return this.lanes === 'f32x4' ? this.#constant('i32x4', Number(value)) : this.number(floatOfBits(value));
  }

  /** The bits of a number as an integer. */
  bitsOf(value: number): bigint {
    return bitsOfFloat(this.lanes, value);
  }

  add = (a: Code, b: Code): Code => op(`${this.lanes}.add`, a, b);
  sub = (a: Code, b: Code): Code => op(`${this.lanes}.sub`, a, b);
  mul = (a: Code, b: Code): Code => op(`${this.lanes}.mul`, a, b);
  div = (a: Code, b: Code): Code => op(`${this.lanes}.div`, a, b);
  abs = (a: Code): Code => op(`${this.lanes}.abs`, a);
  neg = (a: Code): Code => op(`${this.lanes}.neg`, a);
  trunc = (a: Code): Code => op(`${this.lanes}.trunc`, a);
  nearest = (a: Code): Code => op(`${this.lanes}.nearest`, a);
  less = (a: Code, b: Code): Code => op(`${this.lanes}.lt`, a, b);
  lessEqual = (a: Code, b: Code): Code => op(`${this.lanes}.le`, a, b);
  equal = (a: Code, b: Code): Code => op(`${this.lanes}.eq`, a, b);

  and = (a: Code, b: Code): Code => op('v128.and', a, b);
  or = (a: Code, b: Code): Code => op('v128.or', a, b);
  xor = (a: Code, b: Code): Code => op('v128.xor', a, b);
  /** The bits of a where those of b are zero. */
  andNot = (a: Code, b: Code): Code => op('v128.andnot', a, b);
  /** a where the mask is set, b elsewhere. */
  select = (mask: Code, a: Code, b: Code): Code => op('v128.bitselect', a, b, mask);

  /** The smaller of both; NaN if either is. */
  minimum = (a: Code, b: Code): Code => op(`${this.lanes}.min`, a, b);
  /** The larger of both; NaN if either is. */
  maximum = (a: Code, b: Code): Code => op(`${this.lanes}.max`, a, b);
  /** The smaller of x and a bound that is a number; NaN if x is. */
  atMost = (x: Code, bound: Code): Code => op(`${this.lanes}.pmin`, x, bound);
  /** The larger of x and a bound that is a number; NaN if x is. */
  atLeast = (x: Code, bound: Code): Code => op(`${this.lanes}.pmax`, x, bound);

  /** Sums and differences of bit patterns as integers. */
  addBits = (a: Code, b: Code): Code => op(`${this.format.integers}.add`, a, b);
  subBits = (a: Code, b: Code): Code => op(`${this.format.integers}.sub`, a, b);
  shiftLeft = (a: Code, count: number): Code => op(`${this.format.integers}.shl`, a, i32(count));
  shiftRight = (a: Code, count: number): Code => op(`${this.format.integers}.shr_u`, a, i32(count));

  /** The sign bit alone. */
  sign = (a: Code): Code => this.xor(a, this.abs(a));

  /** Whether the sign bit is set: of −0 too. */
  isNegative = (a: Code): Code => op(`${this.format.integers}.lt_s`, a, this.number(0));

  /**
   * Σ cₖ·xᵏ of a kept x. Horner's rule where that is short; else E(x²) + x·O(x²), and so on for both: one multiplication more, but
   * a chain of half the length, so that more iterations of a loop fit into what a processor looks ahead. Fewer roundings one
   * after another also mean smaller errors where all terms have one sign.
   */
  polynomial(coefficients: readonly number[], x: Code): Code {
    if (coefficients.length <= longestChain) {
      return coefficients
        .slice(0, -1)
        .reduceRight((sum, c) => this.add(this.mul(sum, x), this.number(c)), this.number(coefficients.at(-1)!));
    }
    const squared = this.keep(this.mul(x, x));
    const half = (parity: number): Code =>
      this.polynomial(
        coefficients.filter((_, k) => k % 2 === parity),
        squared,
      );
    return this.add(half(0), this.mul(half(1), x));
  }

  /** 2ⁿ for exponents of normal numbers; `n` is the sum of the format's rounder and n. */
  powerOfTwo = (n: Code): Code => this.addBits(this.shiftLeft(n, this.format.mantissaBits), this.number(1));

  /**
   * y·2ⁿ, rounded once, for |n| up to twice the largest exponent; `n` is a kept sum of the format's rounder and n. In two
   * factors, since 2ⁿ itself may have no representation.
   */
  scale(y: Code, n: Code): Code {
    // The low words hold the low bits of n, which are all that the shift in powerOfTwo leaves, in f64x2 as well.
    const half = this.keep(op('i32x4.shr_s', n, i32(1)));
    const rest = op('i32x4.sub', n, half);
    return this.mul(this.mul(y, this.powerOfTwo(half)), this.powerOfTwo(rest));
  }
}
