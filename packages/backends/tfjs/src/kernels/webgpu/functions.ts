/**
 * Functions in WGSL. GPUs' own are promised to a few bits only (sin to 2⁻¹¹), and compilers may take all numbers for finite: NaN is
 * told by its bits, and nothing depends on the order of additions that algebra allows to change.
 */
import { erfRational, expSeries, ln2, logSeries, tanhRational } from './coefficients.ts';
import { float, polynomial } from './literals.ts';
import { trigonometry } from './trigonometry.ts';

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
export interface WgslFunction {
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
  ...trigonometry,
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
