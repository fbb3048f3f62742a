/** Formulas as kernel calls: operations on registers of one dtype, which broadcast. */
import { allocate, broadcastShapes, hostArray, sameShape, sizeOf, type Shape } from '@node-ode/core';
import { graphDTypes } from '../dtypes.ts';
import type { KernelBuilder, Register, TfDType } from './contract.ts';
import { isPairwise, pairwiseName } from './in-memory/pairwise.ts';
import { broadcastSteps, merged } from './in-memory/strides.ts';
import { mergedAxes, mostAxes } from './many-axes.ts';

/** A constant whose elements are all the same; a scalar by default. */
export function filled(builder: KernelBuilder, value: number, dtype: TfDType, shape: Shape = []): Register {
  const type = graphDTypes[dtype];
  const data = allocate(type, sizeOf(shape));
  data.fill(value);
  return builder.constant(hostArray(data, shape, type));
}

/** An element-wise kernel of one operand. */
export const unary = (builder: KernelBuilder, kernel: string, x: Register, dtype: TfDType = x.dtype): Register =>
  builder.call(kernel, { x }, {}, { shape: x.shape, dtype });

/** An element-wise kernel of two operands that broadcast. A constant of equal elements is given as a scalar where that is enough. */
export function binary(
  builder: KernelBuilder,
  kernel: string,
  a: Register,
  b: Register,
  dtype: TfDType = a.dtype,
): Register {
  const shape = broadcastShapes(kernel, a.shape, b.shape);
  const [x, y] = [asScalar(builder, a), asScalar(builder, b)];
  const isEnough = (p: Register, q: Register): boolean => sameShape(broadcastShapes(kernel, p.shape, q.shape), shape);
  const [p, q] = isEnough(a, y) ? [a, y] : isEnough(x, b) ? [x, b] : [a, b];
  if (isPairwise(kernel) && p.dtype === 'float32' && builder.has(pairwiseName))
    return pairwise(builder, kernel, p, q, shape);
  if (shape.length <= mostAxes) return builder.call(kernel, { a: p, b: q }, {}, { shape, dtype });
  const fewer = mergedAxes(p.shape, q.shape);
  const reshaped = (x: Register, to: Shape): Register => builder.lower('reshape', [x], { shape: to });
  if (fewer.a.length <= mostAxes) {
    return reshaped(binary(builder, kernel, reshaped(p, fewer.a), reshaped(q, fewer.b), dtype), shape);
  }
  const whole = (x: Register): Register => builder.lower('broadcastTo', [x], { shape });
  return binary(builder, kernel, whole(p), whole(q), dtype);
}

/** The same by our own kernel, which takes any number of axes. */
function pairwise(builder: KernelBuilder, name: string, p: Register, q: Register, shape: Shape): Register {
  const {
    extents,
    steps: [x, y],
  } = merged({ extents: shape, steps: [p, q].map((operand) => broadcastSteps(operand.shape, shape)) });
  return builder.call(pairwiseName, [p, q], { name, extents, x, y, shape }, { shape, dtype: 'float32' });
}

function asScalar(builder: KernelBuilder, x: Register): Register {
  return x.splat === undefined || x.shape.length === 0 ? x : filled(builder, x.splat, x.dtype);
}

/** Formulas of one builder. */
export class Arithmetic {
  readonly builder: KernelBuilder;

  constructor(builder: KernelBuilder) {
    this.builder = builder;
  }

  number(value: number, like: Register): Register {
    return filled(this.builder, value, like.dtype);
  }

  add(x: Register, y: Register): Register {
    return binary(this.builder, 'Add', x, y);
  }

  sub(x: Register, y: Register): Register {
    return binary(this.builder, 'Sub', x, y);
  }

  mul(x: Register, y: Register): Register {
    return binary(this.builder, 'Multiply', x, y);
  }

  div(x: Register, y: Register): Register {
    return binary(this.builder, 'RealDiv', x, y);
  }

  abs(x: Register): Register {
    return unary(this.builder, 'Abs', x);
  }

  equal(x: Register, y: Register): Register {
    return binary(this.builder, 'Equal', x, y, 'bool');
  }

  /** Whether there is a number: NaN differs from itself. */
  isNumber(x: Register): Register {
    return this.equal(x, x);
  }

  and(p: Register, q: Register): Register {
    return binary(this.builder, 'LogicalAnd', p, q, 'bool');
  }

  or(p: Register, q: Register): Register {
    return binary(this.builder, 'LogicalOr', p, q, 'bool');
  }

  less(x: Register, y: Register): Register {
    return binary(this.builder, 'Less', x, y, 'bool');
  }

  neg(x: Register): Register {
    return unary(this.builder, 'Neg', x);
  }

  not(p: Register): Register {
    return unary(this.builder, 'LogicalNot', p);
  }

  where(condition: Register, whenTrue: Register, whenFalse: Register): Register {
    return this.builder.lower('select', [condition, whenTrue, whenFalse], {});
  }
}
