/** The scaled error norm of a step. */
import { hostArray, sameShape, sizeOf } from '@node-ode/core';
import type { OptionalLowering, KernelBuilder, Register } from './contract.ts';
import { errorNormName } from './in-memory/error-norm.ts';
import { sum } from './linear-combination.ts';

/** √(Σ (e / (atol + rtol·max(|y0|, |y1|)))² / n), over all leaves. Their number of elements is known here. */
export const errorNorm: OptionalLowering<'errorNorm'> = (builder, inputs) => {
  if (builder.has(errorNormName) && haveElements(inputs)) {
    return builder.call(errorNormName, inputs, {}, { shape: [], dtype: 'float32' });
  }
  const sums: Register[] = [];
  let count = 0;
  for (let i = 0; i < inputs.length; i += 5) {
    const [error, y0, y1, rtol, atol] = inputs.slice(i, i + 5) as [Register, Register, Register, Register, Register];
    const ratio = builder.lower('div', [error, scaleOf(builder, [y0, y1, rtol, atol])], {});
    sums.push(sumOfSquares(builder, ratio));
    count += sizeOf(error.shape);
  }
  const mean = builder.lower('div', [sum(builder, sums), scalar(builder, count)], {});
  return builder.lower('sqrt', [mean], {});
};

/** Whether each tolerance is one number, or one for each element. */
const haveElements = (inputs: readonly Register[]): boolean =>
  inputs.every(
    ({ shape }, i) => i % 5 < 3 || sizeOf(shape) === 1 || sameShape(shape, inputs[i - (i % 5)]?.shape ?? []),
  );

const scalar = (builder: KernelBuilder, value: number): Register =>
  builder.constant(hostArray(Float32Array.of(value), [], 'f32'));

function scaleOf(
  builder: KernelBuilder,
  [y0, y1, rtol, atol]: readonly [Register, Register, Register, Register],
): Register {
  const sizes = [y0, y1].map((y) => builder.lower('abs', [y], {}));
  const larger = builder.lower('maximum', sizes, {});
  return builder.lower('add', [builder.lower('mul', [larger, rtol], {}), atol], {});
}

function sumOfSquares(builder: KernelBuilder, x: Register): Register {
  const squares = builder.call('Square', { x }, {}, { shape: x.shape, dtype: 'float32' });
  if (x.shape.length === 0) return squares;
  return builder.lower('sum', [squares], { axes: x.shape.map((_, axis) => axis), keepDims: false });
}
