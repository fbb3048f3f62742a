/**
 * Functions in WGSL. GPUs' own are promised to a few bits only (sin to 2⁻¹¹), and compilers may take all numbers for finite: NaN is
 * told by its bits, and nothing depends on the order of additions that algebra allows to change.
 */
import {
  atanSeries,
  cosSeries,
  erfRational,
  expSeries,
  ln2,
  logSeries,
  sinSeries,
  tanhRational,
  twoOverPi,
} from './coefficients.ts';

/** A number as WGSL writes it in f32. */
export function float(x: number): string {
  if (Number.isNaN(x)) return 'uniforms.NAN';
  if (x === Infinity) return 'uniforms.INFINITY';
  if (x === -Infinity) return '(-uniforms.INFINITY)';
  const text = String(Math.fround(x));
  return Object.is(x, -0) ? '(-0.0f)' : /[.e]/.test(text) ? `(${text}f)` : `(${text}.0f)`;
}

/** A number as WGSL writes it in i32, which has no literal for the least one. */
export const integer = (x: number): string => (x === -(2 ** 31) ? '(-2147483647i - 1i)' : `(${x | 0}i)`);

const polynomial = (coefficients: readonly number[], z: string): string =>
  coefficients.slice(0, -1).reduceRight((sum, c) => `(${sum} * ${z} + ${float(c)})`, float(coefficients.at(-1) ?? 0));

const oddRational = (
  name: string,
  { numerator, denominator }: { readonly numerator: readonly number[]; readonly denominator: readonly number[] },
  limit: number,
): string => `
fn ${name}(x : f32) -> f32 {
  if (isnan(x)) { return x; }
  let z = min(x * x, ${float(limit ** 2)});
  return clamp(${polynomial(numerator, 'z')} / ${polynomial(denominator, 'z')} * x, -1.0f, 1.0f);
}`;

/** A function, with those that it calls. */
interface WgslFunction {
  readonly calls: readonly string[];
  readonly code: string;
}

const library: Readonly<Record<string, WgslFunction>> = {
  powerOfTwo: {
    calls: [],
    code: `
fn powerOfTwo(n : i32) -> f32 { return bitcast<f32>((n + 127) << 23u); }`,
  },
  isNegative: {
    calls: [],
    code: `
fn isNegative(x : f32) -> bool { return (bitcast<u32>(x) >> 31u) == 1u; }`,
  },
  // e^r = (c + r)/(c − r): twice r over c − r is e^r − 1.
  fractionMinusOne: {
    calls: [],
    code: `
fn fractionMinusOne(r : f32) -> f32 {
  let z = r * r;
  let c = ${polynomial(expSeries, 'z')} * z + 2.0f;
  return (r + r) / (c - r);
}`,
  },
  /** e^(x + tail), tail small. */
  expOfSum: {
    calls: ['powerOfTwo', 'fractionMinusOne'],
    code: `
fn expOfSum(x : f32, tail : f32) -> f32 {
  let n = round((x + tail) * ${float(Math.LOG2E)});
  let r = ((x - n * ${float(ln2[0])}) + tail) - n * ${float(ln2[1])};
  let y = fractionMinusOne(r) + 1.0f;
  let half = i32(n) / 2;
  return y * powerOfTwo(half) * powerOfTwo(i32(n) - half);
}`,
  },
  exp_: {
    calls: ['expOfSum'],
    code: `
fn exp_(x : f32) -> f32 {
  if (isnan(x)) { return x; }
  if (x > 89.0f) { return uniforms.INFINITY; }
  return expOfSum(max(x, -105.0f), 0.0f);
}`,
  },
  expm1_: {
    calls: ['exp_', 'powerOfTwo', 'fractionMinusOne'],
    code: `
fn expm1_(x : f32) -> f32 {
  if (isnan(x) || x == 0.0f) { return x; }
  if (x > 20.0f) { return exp_(x); }
  let y = max(x, -18.0f);
  let n = round(y * ${float(Math.LOG2E)});
  let power = powerOfTwo(i32(n));
  let r = (y - n * ${float(ln2[0])}) - n * ${float(ln2[1])};
  return power * fractionMinusOne(r) - (1.0f - power);
}`,
  },
  /** log(1 + f) for f from √½ − 1 to √2 − 1, without f. */
  logRest: {
    calls: [],
    code: `
fn logRest(f : f32) -> f32 {
  let s = f / (2.0f + f);
  let z = s * s;
  return -(s * (f - z * ${polynomial(logSeries, 'z')}));
}`,
  },
  /** x = (1 + f)·2ᵏ for a normal x > 0. */
  splitExponent: {
    calls: [],
    code: `
fn splitExponent(x : f32) -> i32 { return (bitcast<i32>(x) - 0x3f3504f3) >> 23u; }
fn splitFraction(x : f32, k : i32) -> f32 { return bitcast<f32>(bitcast<i32>(x) - (k << 23u)) - 1.0f; }`,
  },
  log_: {
    calls: ['splitExponent', 'logRest'],
    code: `
fn log_(x : f32) -> f32 {
  if (isnan(x) || x == uniforms.INFINITY) { return x; }
  if (x < 0.0f) { return uniforms.NAN; }
  if (x < 1.17549435e-38f) { return -uniforms.INFINITY; }
  let k = splitExponent(x);
  let f = splitFraction(x, k);
  return f32(k) * ${float(ln2[0])} + (f + (logRest(f) + f32(k) * ${float(ln2[1])}));
}`,
  },
  log1p_: {
    calls: ['log_', 'logRest'],
    code: `
fn log1p_(x : f32) -> f32 {
  if (isnan(x) || x == 0.0f) { return x; }
  if (x > ${float(Math.SQRT1_2 - 1)} && x < ${float(Math.SQRT2 - 1)}) { return x + logRest(x); }
  return log_(1.0f + x);
}`,
  },
  tanh_: { calls: [], code: oddRational('tanh_', tanhRational, 9.02) },
  erf_: { calls: [], code: oddRational('erf_', erfRational, 3.925) },
  sigmoid_: {
    calls: ['exp_'],
    code: `
fn sigmoid_(x : f32) -> f32 { return 1.0f / (1.0f + exp_(-x)); }`,
  },
  sqrt_: {
    calls: [],
    code: `
fn sqrt_(x : f32) -> f32 {
  if (x == 0.0f || x == uniforms.INFINITY || isnan(x)) { return x; }
  if (x < 0.0f) { return uniforms.NAN; }
  return sqrt(x);
}`,
  },
  sign_: {
    calls: [],
    code: `
fn sign_(x : f32) -> f32 {
  if (x > 0.0f) { return 1.0f; }
  if (x < 0.0f) { return -1.0f; }
  return x;
}`,
  },
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
  maximum_: {
    calls: [],
    code: `
fn maximum_(x : f32, y : f32) -> f32 {
  if (isnan(x)) { return x; }
  if (isnan(y)) { return y; }
  return max(x, y);
}`,
  },
  minimum_: {
    calls: [],
    code: `
fn minimum_(x : f32, y : f32) -> f32 {
  if (isnan(x)) { return x; }
  if (isnan(y)) { return y; }
  return min(x, y);
}`,
  },
  // Mantissas as integers, one bit of the quotient at a time: exact.
  rem_: {
    calls: [],
    code: `
fn rem_(x : f32, y : f32) -> f32 {
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (isnan(x) || isnan(y) || a >= 0x7f800000u || b < 0x800000u) { return uniforms.NAN; }
  if (a < b) { return x; }
  let sign = bitcast<u32>(x) & 0x80000000u;
  var e = a >> 23u;
  let last = b >> 23u;
  var m = (a & 0x7fffffu) | 0x800000u;
  let n = (b & 0x7fffffu) | 0x800000u;
  for (; e > last; e--) {
    if (m >= n) { m -= n; }
    m = m << 1u;
  }
  if (m >= n) { m -= n; }
  if (m == 0u) { return bitcast<f32>(sign); }
  let shift = countLeadingZeros(m) - 8u;
  if (shift >= e) { return bitcast<f32>(sign); }
  return bitcast<f32>(sign | ((m << shift) & 0x7fffffu) | ((e - shift) << 23u));
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
  // The products of heads of 12 bits are exact; the heads are cut by their bits, which no algebra undoes.
  pow_: {
    calls: ['exp_', 'expOfSum', 'splitExponent', 'logRest', 'isNegative'],
    code: `
fn headOf(x : f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }
fn powOfSize(x : f32, y : f32) -> f32 {
  let k = splitExponent(x);
  let f = splitFraction(x, k);
  let whole = f32(k) * ${float(ln2[0])};
  let rest = logRest(f) + f32(k) * ${float(ln2[1])};
  let approximate = y * (whole + (f + rest));
  if (approximate > 89.0f) { return uniforms.INFINITY; }
  if (approximate < -105.0f) { return 0.0f; }
  let yh = headOf(y);
  let yl = y - yh;
  let wh = headOf(whole);
  let fh = headOf(f);
  return expOfSum(yh * wh, yh * fh + (yh * (whole - wh) + (yh * (f - fh) + (yl * (whole + f) + y * rest))));
}
fn pow_(x : f32, y : f32) -> f32 {
  if (y == 0.0f || x == 1.0f) { return 1.0f; }
  if (isnan(x) || isnan(y)) { return uniforms.NAN; }
  let size = abs(x);
  let isWhole = trunc(y) == y;
  let isOdd = isWhole && abs(y) < 16777216.0f && (i32(y) & 1) == 1;
  var power = 0.0f;
  if (abs(y) == uniforms.INFINITY) {
    if (size == 1.0f) { return 1.0f; }
    return select(0.0f, uniforms.INFINITY, (size > 1.0f) == (y > 0.0f));
  } else if (size < 1.17549435e-38f || size == uniforms.INFINITY) {
    power = select(0.0f, uniforms.INFINITY, (size > 1.0f) == (y > 0.0f));
  } else {
    if (x < 0.0f && !isWhole) { return uniforms.NAN; }
    power = powOfSize(size, y);
  }
  return select(power, -power, isOdd && isNegative(x));
}`,
  },
  toInteger: {
    calls: [],
    code: `
fn toInteger(x : f32) -> i32 {
  if (isnan(x)) { return 0; }
  return i32(trunc(x));
}`,
  },
};

/** The functions that some code calls by name, each before those that call it. */
export function functionsFor(code: string): string {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const entry = library[name];
    if (entry === undefined || found.has(name)) return;
    for (const called of entry.calls) visit(called);
    found.add(name);
  };
  for (const [name] of code.matchAll(/\b\w+(?=\()/g)) visit(name);
  return [...found].map((name) => library[name]?.code ?? '').join('\n');
}
