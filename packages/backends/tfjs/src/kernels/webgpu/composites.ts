/** Composites in WGSL, each in as few launches as its operands allow. */
import { sizeOf } from '@node-ode/core';
import { compositeLowerings } from '../composites.ts';
import type { CompositeLowerings, KernelBuilder, Register } from '../contract.ts';
import { broadcastStrides, offset } from './index-expressions.ts';
import { float } from './literals.ts';
import { mostOperands, wgsl } from './program.ts';
import { mostAxes } from './reduction.ts';

export const webGpuComposites: CompositeLowerings = {
  mean: (builder, inputs, node) =>
    (inputs[0]?.shape.length ?? 0) > mostAxes ? undefined : compositeLowerings.mean?.(builder, inputs, node),
  // tfjs's loses NaN.
  softmax: () => undefined,
  linearCombination: (builder, inputs, { params: { coefficients } }) => {
    const n = coefficients.length;
    const terms = coefficients.map((coefficient, i) => ({ coefficient, weight: inputs[i]!, x: inputs[n + i]! }));
    return weightedSum(builder, terms);
  },
  errorNorm: (builder, inputs) => errorNorm(builder, inputs),
};

interface Term {
  readonly coefficient: number;
  readonly weight: Register;
  readonly x: Register;
}

/** Registers as operands of one program, each once, by the names that it has for them. */
class Operands {
  readonly all: Register[] = [];

  name(x: Register): string {
    let i = this.all.findIndex(({ index }) => index === x.index);
    if (i < 0) i = this.all.push(x) - 1;
    return 'ABCDEFG'[i] ?? '';
  }
}

/** Σ cᵢ·wᵢ·xᵢ, as many terms in a program as it may have operands for. */
function weightedSum(builder: KernelBuilder, terms: readonly Term[], before?: Register): Register {
  const { shape } = terms[0]!.x;
  const operands = new Operands();
  const parts = before === undefined ? [] : [`${operands.name(before)}[index]`];
  let taken = 0;
  for (const { coefficient, weight, x } of terms) {
    const isScaled = weight.splat === undefined;
    const added = [x, ...(isScaled ? [weight] : [])].filter(
      (y) => !operands.all.some(({ index }) => index === y.index),
    );
    if (operands.all.length + added.length > mostOperands) break;
    const known = Math.fround(coefficient * (weight.splat ?? 1));
    const factors = [`${operands.name(x)}[index]`];
    if (isScaled) {
      const inner = sizeOf(shape.slice(weight.shape.length));
      factors.unshift(`${operands.name(weight)}[${weight.shape.length === 0 ? '0' : `index / ${inner}`}]`);
    }
    if (known !== 1) factors.unshift(float(known));
    parts.push(factors.join(' * '));
    taken++;
  }
  const sum = wgsl(builder, operands.all, `result[index] = ${parts.join(' + ')};`, { shape, dtype: 'float32' });
  return taken === terms.length ? sum : weightedSum(builder, terms.slice(taken), sum);
}

/** √(Σ (e / (atol + rtol·max(|y0|, |y1|)))² / n), over all leaves. */
function errorNorm(builder: KernelBuilder, inputs: readonly Register[]): Register {
  const sums: Register[] = [];
  let count = 0;
  for (let i = 0; i < inputs.length; i += 5) {
    const leaf = inputs.slice(i, i + 5);
    count += sizeOf(leaf[0]!.shape);
    if (sizeOf(leaf[0]!.shape) > 0) sums.push(sumOfSquares(builder, leaf));
  }
  while (sums.length > mostOperands) sums.push(total(builder, sums.splice(0, mostOperands), (sum) => sum));
  return total(builder, sums, (sum) => `sqrt_((${sum}) / ${float(count)})`);
}

function total(builder: KernelBuilder, sums: readonly Register[], of: (sum: string) => string): Register {
  const operands = new Operands();
  const sum = sums.map((x) => `${operands.name(x)}[0]`).join(' + ');
  return wgsl(builder, operands.all, `result[index] = ${of(sum === '' ? '0.0f' : sum)};`, {
    shape: [],
    dtype: 'float32',
  });
}

function sumOfSquares(builder: KernelBuilder, leaf: readonly Register[]): Register {
  const { shape } = leaf[0]!;
  const operands = new Operands();
  const [error, y0, y1, rtol, atol] = leaf.map(
    (x) => `${operands.name(x)}[${offset('index', shape, broadcastStrides(x.shape, shape))}]`,
  );
  const body = `
let ratio = ${error} / (${atol} + ${rtol} * maximum_(abs(${y0}), abs(${y1})));
result[index] = ratio * ratio;`;
  const squares = wgsl(builder, operands.all, body, { shape, dtype: 'float32' });
  return builder.lower('sum', [squares], { axes: shape.map((_, axis) => axis), keepDims: false });
}
