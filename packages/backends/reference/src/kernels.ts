/**
 * The loops of the element-wise primitives, one function each, so that each is compiled for the arrays that it sees.
 * Arithmetic is in double precision; storing rounds to the dtype.
 */
import { erf, integerDividedByZero, power, roundTiesToEven } from '@node-ode/core';
import type { BinaryPrimitive, ComparisonPrimitive, TensorData, UnaryPrimitive } from '@node-ode/core';

/** z[i] = f(x[i]) for the n elements of z. */
export type UnaryKernel = (x: TensorData, z: TensorData) => void;

/** z[zo + i·sz] = f(x[xo + i·sx], y[yo + i·sy]) for i < n. */
export type BinaryKernel = (
  ...walk: [
    x: TensorData,
    xo: number,
    sx: number,
    y: TensorData,
    yo: number,
    sy: number,
    z: TensorData,
    zo: number,
    sz: number,
    n: number,
  ]
) => void;

export const unaryKernels: { readonly [P in UnaryPrimitive]: UnaryKernel } = {
  neg: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = -x[i]!;
  },
  abs: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.abs(x[i]!);
  },
  sign: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.sign(x[i]!);
  },
  exp: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.exp(x[i]!);
  },
  expm1: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.expm1(x[i]!);
  },
  log: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.log(x[i]!);
  },
  log1p: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.log1p(x[i]!);
  },
  sqrt: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.sqrt(x[i]!);
  },
  sin: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.sin(x[i]!);
  },
  cos: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.cos(x[i]!);
  },
  tan: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.tan(x[i]!);
  },
  tanh: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.tanh(x[i]!);
  },
  sigmoid: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  erf: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = erf(x[i]!);
  },
  floor: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.floor(x[i]!);
  },
  ceil: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Math.ceil(x[i]!);
  },
  round: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = roundTiesToEven(x[i]!);
  },
};

export const floatKernels: { readonly [P in BinaryPrimitive]: BinaryKernel } = {
  add: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! + y[yo + i * sy]!;
  },
  sub: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! - y[yo + i * sy]!;
  },
  mul: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! * y[yo + i * sy]!;
  },
  div: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! / y[yo + i * sy]!;
  },
  rem: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! % y[yo + i * sy]!;
  },
  pow: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = power(x[xo + i * sx]!, y[yo + i * sy]!);
  },
  maximum: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.max(x[xo + i * sx]!, y[yo + i * sy]!);
  },
  minimum: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.min(x[xo + i * sx]!, y[yo + i * sy]!);
  },
  atan2: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.atan2(x[xo + i * sx]!, y[yo + i * sy]!);
  },
};

/** Sums wrap when they are stored; products need all their low bits. */
export const integerKernels: { readonly [P in Exclude<BinaryPrimitive, 'pow' | 'atan2'>]: BinaryKernel } = {
  add: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! + y[yo + i * sy]!;
  },
  sub: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! - y[yo + i * sy]!;
  },
  mul: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.imul(x[xo + i * sx]!, y[yo + i * sy]!);
  },
  div: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! / divisor('div', y[yo + i * sy]!);
  },
  rem: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! % divisor('rem', y[yo + i * sy]!);
  },
  maximum: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.max(x[xo + i * sx]!, y[yo + i * sy]!);
  },
  minimum: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = Math.min(x[xo + i * sx]!, y[yo + i * sy]!);
  },
};

function divisor(op: string, y: number): number {
  if (y !== 0) return y;
  throw integerDividedByZero(op);
}

export const comparisonKernels: { readonly [P in ComparisonPrimitive]: BinaryKernel } = {
  equal: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! === y[yo + i * sy]! ? 1 : 0;
  },
  notEqual: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! !== y[yo + i * sy]! ? 1 : 0;
  },
  less: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! < y[yo + i * sy]! ? 1 : 0;
  },
  lessEqual: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! <= y[yo + i * sy]! ? 1 : 0;
  },
  greater: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! > y[yo + i * sy]! ? 1 : 0;
  },
  greaterEqual: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! >= y[yo + i * sy]! ? 1 : 0;
  },
};

export const logicKernels: { readonly [P in 'and' | 'or']: BinaryKernel } = {
  and: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! & y[yo + i * sy]!;
  },
  or: (x, xo, sx, y, yo, sy, z, zo, sz, n) => {
    for (let i = 0; i < n; i++) z[zo + i * sz] = x[xo + i * sx]! | y[yo + i * sy]!;
  },
};

export const predicateKernels: { readonly [P in 'not' | 'isFinite']: UnaryKernel } = {
  not: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] === 0 ? 1 : 0;
  },
  isFinite: (x, z) => {
    for (let i = 0; i < z.length; i++) z[i] = Number.isFinite(x[i]) ? 1 : 0;
  },
};

/** max(x, 0) + log(1 + e^−|x|): no overflow for large x, no cancellation for small. */
export const softplusKernel: UnaryKernel = (x, z) => {
  for (let i = 0; i < z.length; i++) z[i] = Math.max(x[i]!, 0) + Math.log1p(Math.exp(-Math.abs(x[i]!)));
};
