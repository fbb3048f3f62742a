/** The remainder of a division, with the sign of the dividend. */
import { extract, f64, get, i32, i64, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { inDoubles } from './doubles.ts';
import { exactProduct } from './extended.ts';
import { sharedFunction } from './shared-function.ts';
import { inLoop, type VectorFunction2 } from './types.ts';
import { Vectors } from './vectors.ts';

const implicitBit = 2n ** 52n;
/** A mantissa has 53 bits; that many more fit into 64. */
const spareBits = 11;

/** A finite number as `mantissa`, an integer, times 2^(exponent − 1075). */
function decompose(f: FunctionBuilder, x: Code): { readonly mantissa: Code; readonly exponent: Local } {
  const bits = f.keep('i64', op('i64.reinterpret_f64', op('f64.abs', x)));
  const field = f.keep('i32', op('i32.wrap_i64', op('i64.shr_u', get(bits), i64(52n))));
  const isSubnormal = op('i32.eqz', get(field));
  const fraction = op('i64.and', get(bits), i64(implicitBit - 1n));
  const mantissa = f.keep('i64', op('i64.or', fraction, op('select', i64(0n), i64(implicitBit), isSubnormal)));
  return { mantissa: get(mantissa), exponent: f.keep('i32', op('i32.add', get(field), isSubnormal)) };
}

/** 2^(exponent − 1075), which may be subnormal. */
function lastPlace(exponent: Local): Code {
  const wide = op('i64.extend_i32_u', get(exponent));
  const normal = op('i64.shl', op('i64.sub', wide, i64(52n)), i64(52n));
  const subnormal = op('i64.shl', i64(1n), op('i64.sub', wide, i64(1n)));
  return op('f64.reinterpret_i64', op('select', normal, subnormal, op('i32.gt_s', get(exponent), i32(52))));
}

/** x % y of any two doubles: a long division of mantissas by eleven bits a step, at most 186 of them. */
const remainderOfDoubles = sharedFunction('rem', ['f64', 'f64'], ['f64'], (f) => {
  const [x, y] = [get(f.param(0)), get(f.param(1))];
  const isFinite = op('f64.lt', op('f64.abs', x), f64(Infinity));
  const hasDivisor = op('f64.gt', op('f64.abs', y), f64(0));
  f.emit(op('i32.eqz', op('i32.and', isFinite, hasDivisor)));
  f.if(() => f.f64(NaN).op('return'));
  f.emit(op('f64.lt', op('f64.abs', x), op('f64.abs', y)));
  f.if(() => f.emit(x).op('return'));

  const [dividend, divisor] = [decompose(f, x), decompose(f, y)];
  const shift = f.keep('i32', op('i32.sub', get(dividend.exponent), get(divisor.exponent)));
  const rest = f.keep('i64', op('i64.rem_u', dividend.mantissa, divisor.mantissa));
  const step = f.local('i32');
  f.block((end) => {
    f.loop((again) => {
      f.emit(op('i32.eqz', get(shift))).branchIf(end);
      const isLast = op('i32.lt_s', get(shift), i32(spareBits));
      f.emit(op('select', get(shift), i32(spareBits), isLast)).set(step);
      const shifted = op('i64.shl', get(rest), op('i64.extend_i32_u', get(step)));
      f.emit(op('i64.rem_u', shifted, divisor.mantissa)).set(rest);
      f.emit(op('i32.sub', get(shift), get(step))).set(shift);
      f.branch(again);
    });
  });
  // Exact: a multiple of the divisor's last place, and smaller than the divisor.
  f.emit(op('f64.copysign', op('f64.mul', op('f64.convert_i64_s', get(rest)), lastPlace(divisor.exponent)), x));
});

/** What is left of |x| after q times |y|, where that is exact. */
type Leave = (v: Vectors, x: Code, q: Code, y: Code) => Code;

interface Quick {
  readonly leave: Leave;
  /** Below these the quotient is at most one too large, and `leave` is exact. */
  readonly maxQuotient: number;
  readonly maxDividend: number;
}

/** For numbers with 24 bits: 29 bits of a quotient make no more than 53 of its product. */
const quickForSingle: Quick = {
  leave: (v, x, q, y) => v.sub(x, v.mul(q, y)),
  maxQuotient: 2 ** 28,
  maxDividend: Infinity,
};

/** The difference is exact, since the product is between half of x and twice x unless q is 0. */
const quickForDouble: Quick = {
  leave: (v, x, q, y) => {
    const product = exactProduct(v, q, y);
    return v.sub(v.sub(x, product.head), product.tail);
  },
  maxQuotient: 2 ** 52,
  maxDividend: 2 ** 1000,
};

/** The remainder in doubles: by one division in both lanes where that is exact, else lane by lane. */
function remainder(f: FunctionBuilder, v: Vectors, x: Code, y: Code, { leave, maxQuotient, maxDividend }: Quick): Code {
  const [ax, ay] = [v.keep(v.abs(x)), v.keep(v.abs(y))];
  const q = v.keep(v.trunc(v.div(ax, ay)));
  const left = v.keep(leave(v, ax, q, ay));
  // The division can only have rounded up to an integer.
  const positive = v.add(left, v.and(ay, v.less(left, v.number(0))));
  const result = v.local(v.or(positive, v.sign(x)));

  const inRange = v.and(v.less(q, v.number(maxQuotient)), v.less(ax, v.number(maxDividend)));
  const isQuick = v.and(inRange, v.less(ay, v.number(Infinity)));
  f.emit(op('i32.eqz', op('i64x2.all_true', isQuick)));
  f.if(() => {
    for (const lane of [0, 1]) {
      f.get(result);
      f.emit(extract('f64x2.extract_lane', lane, x)).emit(extract('f64x2.extract_lane', lane, y));
      f.call(remainderOfDoubles(f.module)).lane('f64x2.replace_lane', lane).set(result);
    }
  });
  return get(result);
}

/** x − y·trunc(x/y), exact for any magnitudes, as JavaScript's `%`. */
export const rem: VectorFunction2 = {
  emit: (f, lanes, x, y, constant) => {
    if (lanes === 'f32x4') return inDoubles(f, x, y, constant, (v, a, b) => remainder(f, v, a, b, quickForSingle));
    const v = new Vectors(f, lanes, constant);
    return v.local(remainder(f, v, get(x), get(y), quickForDouble));
  },
  inline: inLoop,
};
