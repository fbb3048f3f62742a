/** The distance of an angle from the nearest multiple of π/2, for every finite angle. */
import { f64, get, i32, i64, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import { twoOverPi } from './coefficients.ts';
import { sharedFunction } from './shared-function.ts';

/** The upper half of the product of two unsigned integers, from the products of their halves. */
const upperProduct = sharedFunction('upper_product', ['i64', 'i64'], ['i64'], (f) => {
  const low = (x: Code): Code => op('i64.and', x, i64(0xffffffffn));
  const high = (x: Code): Code => op('i64.shr_u', x, i64(32n));
  const keep = (code: Code): Code => get(f.keep('i64', code));
  const [a, b] = [get(f.param(0)), get(f.param(1))];
  const middle = keep(op('i64.add', op('i64.mul', high(a), low(b)), high(op('i64.mul', low(a), low(b)))));
  const other = keep(op('i64.add', op('i64.mul', low(a), high(b)), low(middle)));
  f.emit(op('i64.add', op('i64.add', op('i64.mul', high(a), high(b)), high(middle)), high(other)));
});

/** A word of 2/π by its index: a search, since a module has no memory of its own to keep the table in. */
const wordOfTwoOverPi = sharedFunction('two_over_pi', ['i32'], ['i64'], (f) => {
  const search = (first: number, end: number): void => {
    if (end - first === 1) {
      f.i64(twoOverPi[first]!).op('return');
      return;
    }
    const middle = (first + end) >> 1;
    f.emit(op('i32.lt_u', get(f.param(0)), i32(middle))).if(
      () => search(first, middle),
      () => search(middle, end),
    );
  };
  search(0, twoOverPi.length);
  f.op('unreachable');
});

/**
 * An angle as n·π/2 + r with |r| ≤ π/4 up to rounding: results r and n, of which the last two bits count. The mantissa is
 * multiplied by the 192 bits of 2/π that decide the quadrant and 126 bits after it: of what is before them the product is a
 * multiple of four (M. Payne, R. Hanek, 1983). No double is closer to a multiple of π/2 than 2⁻⁶¹, so 64 bits of r are right.
 */
export const reduceAngle = sharedFunction('reduce_angle', ['f64'], ['f64', 'i64'], (f: FunctionBuilder) => {
  const x = get(f.param(0));
  const keep = (code: Code): Code => get(f.keep('i64', code));
  const difference = op('f64.sub', x, x);
  f.emit(op('i32.eqz', op('f64.lt', op('f64.abs', x), f64(Infinity))));
  f.if(() => f.emit(difference).i64(0n).op('return'));
  f.emit(op('f64.lt', op('f64.abs', x), f64(Math.PI / 4)));
  f.if(() => f.emit(x).i64(0n).op('return'));

  const bits = keep(op('i64.reinterpret_f64', op('f64.abs', x)));
  const mantissa = keep(op('i64.or', op('i64.and', bits, i64(2n ** 52n - 1n)), i64(2n ** 52n)));
  // |x| = mantissa·2^(exponent − 1075): bits of 2/π before that of 2^(exponent − 1077) make multiples of 4. The table has 64 zeros more.
  const position = keep(op('i64.sub', op('i64.shr_u', bits, i64(52n)), i64(1075n + 2n - 64n)));
  const shift = keep(op('i64.and', position, i64(63n)));
  const first = get(f.keep('i32', op('i32.wrap_i64', op('i64.shr_u', position, i64(6n)))));
  const words = [0, 1, 2, 3].map((k) => {
    f.emit(op('i32.add', first, i32(k))).call(wordOfTwoOverPi(f.module));
    const word = f.local('i64');
    f.set(word);
    return get(word);
  });
  const [w0, w1, w2] = [0, 1, 2].map((k) => keep(joined(words[k]!, words[k + 1]!, shift)));
  const upper =
    (word: Code): Code =>
    (g) => {
      g.emit(mantissa).emit(word).call(upperProduct(g.module));
    };
  const lowPart = keep(op('i64.mul', mantissa, w1!));
  const low = keep(op('i64.add', lowPart, upper(w2!)));
  const carry = op('i64.extend_i32_u', op('i64.lt_u', low, lowPart));
  const high = keep(op('i64.add', op('i64.add', op('i64.mul', mantissa, w0!), upper(w1!)), carry));

  // In high and low is |x|/(2π) without its integer part: two bits of the quadrant, then, as a number with sign, r in quadrants.
  const signedHigh = keep(joined(high, low, i64(2n)));
  const signedLow = keep(op('i64.shl', low, i64(2n)));
  const isNegative = keep(op('i64.shr_u', signedHigh, i64(63n)));
  const n = keep(op('i64.add', op('i64.shr_u', high, i64(62n)), isNegative));
  // The magnitude of two's complement: all bits turned, and one added; the one is far below what r keeps.
  const mask = keep(op('i64.sub', i64(0n), isNegative));
  const magnitude = keep(op('i64.xor', signedHigh, mask));
  const rest = keep(op('i64.xor', signedLow, mask));
  const zeros = keep(op('i64.clz', magnitude));
  const normal = op('i64.shr_u', joined(magnitude, rest, zeros), i64(1n));
  const power = op('i64.shl', op('i64.sub', i64(1023n - 63n), zeros), i64(52n));
  const angle = op('f64.mul', op('f64.convert_i64_s', normal), f64(Math.PI / 2));
  const unsigned = op('f64.mul', angle, op('f64.reinterpret_i64', power));
  const isFlipped = keep(op('i64.xor', isNegative, op('i64.shr_u', op('i64.reinterpret_f64', x), i64(63n))));
  const sign = op('i64.shl', isFlipped, i64(63n));
  f.emit(op('f64.reinterpret_i64', op('i64.or', op('i64.reinterpret_f64', unsigned), sign)));
  f.emit(op('select', n, op('i64.sub', i64(0n), n), op('f64.gt', x, f64(0))));
});

/** 64 bits from bit `shift` on, below 64, of two words one after the other. */
const joined = (first: Code, second: Code, shift: Code): Code =>
  op(
    'i64.or',
    op('i64.shl', first, shift),
    // In two steps: a shift by 64 is none.
    op('i64.shr_u', op('i64.shr_u', second, i64(1n)), op('i64.sub', i64(63n), shift)),
  );
