/** Sines, tangents and angles in WGSL, right to the last bits of f32 for arguments of any size. */
import { atanSeries, cosSeries, sinSeries, twoOverPi } from './coefficients.ts';
import type { WgslFunction } from './functions.ts';
import { float, polynomial } from './literals.ts';

export const trigonometry: Readonly<Record<string, WgslFunction>> = {
  // x = m·2^(e−23) times 2/π modulo 4, by integers: a window of 96 bits of 2/π is enough, whatever the size of x.
  quadrants: {
    calls: [],
    code: `
const twoOverPi = array<u32, ${twoOverPi.length}>(${twoOverPi.map((word) => `${word}u`).join(', ')});
fn windowOf(bit : u32) -> u32 {
  let word = bit >> 5u;
  let shift = bit & 31u;
  var words = twoOverPi;
  if (shift == 0u) { return words[word]; }
  return (words[word] << shift) | (words[word + 1u] >> (32u - shift));
}
fn highProduct(a : u32, b : u32) -> u32 {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16u) + (other >> 16u);
}
struct Quadrant { n : u32, r : f32 };
fn quadrantOf(x : f32) -> Quadrant {
  let size = bitcast<u32>(x) & 0x7fffffffu;
  if (size <= 0x3f490fdau) { return Quadrant(0u, x); }
  let m = (size & 0x7fffffu) | 0x800000u;
  // The first word is zeros: bit e − 25 of 2/π is bit e + 7 of the table, with e the exponent.
  let start = (size >> 23u) - 127u + 7u;
  let top = windowOf(start);
  let middle = windowOf(start + 32u);
  let bottom = windowOf(start + 64u);
  let low = middle * m;
  let sum = low + highProduct(bottom, m);
  let carry = select(0u, 1u, sum < low);
  let shifted = top * m + highProduct(middle, m) + carry + 0x20000000u;
  var high = (shifted & 0x3fffffffu) - 0x20000000u;
  var rest = sum;
  let isBelow = (high >> 31u) == 1u;
  if (isBelow) {
    rest = ~sum + 1u;
    high = ~high + select(0u, 1u, rest == 0u);
  }
  let turned = (f32(high) * 4294967296.0f + f32(rest)) * ${float(2 ** -62 * (Math.PI / 2))};
  let n = shifted >> 30u;
  let isNegative = (bitcast<u32>(x) >> 31u) == 1u;
  return Quadrant(select(n, 4u - n, isNegative) & 3u, select(turned, -turned, isBelow != isNegative));
}
fn sinOf(r : f32) -> f32 {
  let z = r * r;
  return r + r * (z * ${polynomial(sinSeries, 'z')});
}
fn cosOf(r : f32) -> f32 {
  let z = r * r;
  return 1.0f + (z * z * ${polynomial(cosSeries, 'z')} - 0.5f * z);
}
fn sinOfQuadrant(q : Quadrant) -> f32 {
  let y = select(sinOf(q.r), cosOf(q.r), (q.n & 1u) == 1u);
  return select(y, -y, (q.n & 2u) == 2u);
}
fn isUnbounded(x : f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }`,
  },
  sin_: {
    calls: ['quadrants'],
    code: `
fn sin_(x : f32) -> f32 {
  if (isUnbounded(x)) { return uniforms.NAN; }
  return sinOfQuadrant(quadrantOf(x));
}`,
  },
  cos_: {
    calls: ['quadrants'],
    code: `
fn cos_(x : f32) -> f32 {
  if (isUnbounded(x)) { return uniforms.NAN; }
  let q = quadrantOf(x);
  return sinOfQuadrant(Quadrant((q.n + 1u) & 3u, q.r));
}`,
  },
  tan_: {
    calls: ['quadrants'],
    code: `
fn tan_(x : f32) -> f32 {
  if (isUnbounded(x)) { return uniforms.NAN; }
  let q = quadrantOf(x);
  if ((q.n & 1u) == 0u) { return sinOf(q.r) / cosOf(q.r); }
  return -(cosOf(q.r) / sinOf(q.r));
}`,
  },
  atan2_: {
    calls: ['isNegative'],
    code: `
fn atan2_(y : f32, x : f32) -> f32 {
  if (isnan(x) || isnan(y)) { return uniforms.NAN; }
  let width = abs(x);
  let height = abs(y);
  let isSteep = width < height;
  var small = min(width, height);
  var large = max(width, height);
  if (large == uniforms.INFINITY) {
    small = select(0.0f, 1.0f, small == large);
    large = 1.0f;
  } else if (large == 0.0f) {
    large = 1.0f;
  } else if (large > 1e37f) {
    small = small * 0.0625f;
    large = large * 0.0625f;
  }
  let isFolded = small > large * ${float(Math.tan(Math.PI / 8))};
  let t = select(small, small - large, isFolded) / select(large, large + small, isFolded);
  let z = t * t;
  let octant = (t + t * (z * ${polynomial(atanSeries, 'z')})) + select(0.0f, ${float(Math.PI / 4)}, isFolded);
  let quadrant = select(octant, ${float(Math.PI / 2)} - octant, isSteep);
  let size = select(quadrant, ${float(Math.PI)} - quadrant, isNegative(x));
  return select(size, -size, isNegative(y));
}`,
  },
};
