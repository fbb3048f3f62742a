/** The functions that expressions may call, each twice: of numbers, for what is known beforehand, and of tensors. */
import { asTensor, erf, select, type Tensor } from '@node-ode/core';

/** A function of numbers, and the same of tensors, of which at least one is traced. */
export interface ExpressionFunction {
  readonly arity: number;
  readonly ofNumbers: (...x: readonly number[]) => number;
  readonly ofTensors: (...x: readonly Tensor[]) => Tensor;
}

const unary = (ofNumber: (x: number) => number, ofTensor: (x: Tensor) => Tensor): ExpressionFunction => ({
  arity: 1,
  ofNumbers: (x = NaN) => ofNumber(x),
  ofTensors: (x) => ofTensor(x as Tensor),
});

const binary = (
  ofNumber: (a: number, b: number) => number,
  ofTensor: (a: Tensor, b: Tensor) => Tensor,
): ExpressionFunction => ({
  arity: 2,
  ofNumbers: (a = NaN, b = NaN) => ofNumber(a, b),
  ofTensors: (a, b) => ofTensor(a as Tensor, b as Tensor),
});

/** √(1 − x²) without the square's rounding near |x| = 1. */
const cosineOfArcsine = (x: Tensor): Tensor => asTensor(1, x.dtype).sub(x).mul(x.add(1)).sqrt();

/** To even, as tensors round. */
const roundToEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
};

/** All functions by name. */
export const functions: ReadonlyMap<string, ExpressionFunction> = new Map(
  Object.entries({
    sin: unary(Math.sin, (x) => x.sin()),
    cos: unary(Math.cos, (x) => x.cos()),
    tan: unary(Math.tan, (x) => x.tan()),
    asin: unary(Math.asin, (x) => x.atan2(cosineOfArcsine(x))),
    acos: unary(Math.acos, (x) => cosineOfArcsine(x).atan2(x)),
    atan: unary(Math.atan, (x) => x.atan2(1)),
    atan2: binary(Math.atan2, (y, x) => y.atan2(x)),
    sinh: unary(Math.sinh, (x) => x.expm1().sub(x.neg().expm1()).mul(0.5)),
    cosh: unary(Math.cosh, (x) => x.exp().add(x.neg().exp()).mul(0.5)),
    tanh: unary(Math.tanh, (x) => x.tanh()),
    exp: unary(Math.exp, (x) => x.exp()),
    expm1: unary(Math.expm1, (x) => x.expm1()),
    log: unary(Math.log, (x) => x.log()),
    ln: unary(Math.log, (x) => x.log()),
    log1p: unary(Math.log1p, (x) => x.log1p()),
    log2: unary(Math.log2, (x) => x.log().mul(Math.LOG2E)),
    log10: unary(Math.log10, (x) => x.log().mul(Math.LOG10E)),
    sqrt: unary(Math.sqrt, (x) => x.sqrt()),
    abs: unary(Math.abs, (x) => x.abs()),
    sign: unary(Math.sign, (x) => x.sign()),
    floor: unary(Math.floor, (x) => x.floor()),
    ceil: unary(Math.ceil, (x) => x.ceil()),
    round: unary(roundToEven, (x) => x.round()),
    step: unary(
      (x) => (x >= 0 ? 1 : 0),
      (x) => select(x.greaterEqual(0), asTensor(1, x.dtype), asTensor(0, x.dtype)),
    ),
    sigmoid: unary(
      (x) => 1 / (1 + Math.exp(-x)),
      (x) => x.sigmoid(),
    ),
    erf: unary(erf, (x) => x.erf()),
    pow: binary(Math.pow, (a, b) => a.pow(b)),
    mod: binary(
      (a, b) => a - b * Math.floor(a / b),
      (a, b) => a.sub(b.mul(a.div(b).floor())),
    ),
    min: binary(Math.min, (a, b) => a.minimum(b)),
    max: binary(Math.max, (a, b) => a.maximum(b)),
  }),
);

/** Names that have a value before any line is read; a line may give them another. */
export const namedConstants: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
]);
