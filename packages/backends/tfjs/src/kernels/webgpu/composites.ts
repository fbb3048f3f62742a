/** Composites in WGSL, each in as few launches as its operands allow. */
import { sizeOf } from '@node-ode/core';
import { withElements } from '../all-finite.ts';
import { compositeLowerings } from '../composites.ts';
import type { CompositeLowerings, KernelBuilder, Register } from '../contract.ts';
import { code, element, joined, type Code } from './code.ts';
import { additions, foldAll, type Fold } from './fold.ts';
import { broadcastStrides, offset } from './index-expressions.ts';
import { mostOperands, wgsl } from './program.ts';
import { mostAxes, shortMean } from './reduction.ts';

export const webGpuComposites: CompositeLowerings = {
  mean: (builder, inputs, node) =>
    shortMean(builder, inputs[0]!, node.params) ??
    (inputs[0]!.shape.length > mostAxes ? undefined : compositeLowerings.mean?.(builder, inputs, node)),
  // tfjs's loses NaN.
  softmax: () => undefined,
  linearCombination: (builder, inputs, { params: { coefficients } }) => {
    const n = coefficients.length;
    const terms = coefficients.map((coefficient, i) => ({ coefficient, weight: inputs[i]!, x: inputs[n + i]! }));
    return weightedSum(builder, terms);
  },
  errorNorm: (builder, inputs) => errorNorm(builder, inputs),
  allFinite: (builder, inputs) => allFinite(builder, withElements(inputs)),
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
  const parts: Code[] = before === undefined ? [] : [code`${operands.name(before)}[index]`];
  let taken = 0;
  for (const { coefficient, weight, x } of terms) {
    const isScaled = weight.splat === undefined;
    const added = [x, ...(isScaled ? [weight] : [])].filter(
      (y) => !operands.all.some(({ index }) => index === y.index),
    );
    if (operands.all.length + added.length > mostOperands) break;
    const known = Math.fround(coefficient * (weight.splat ?? 1));
    const factors = [code`${operands.name(x)}[index]`];
    if (isScaled) {
      const at = weight.shape.length === 0 ? '0' : code`index / ${sizeOf(shape.slice(weight.shape.length))}`;
      factors.unshift(code`${operands.name(weight)}[${at}]`);
    }
    if (known !== 1) factors.unshift(code`${element(known, 'float32')}`);
    parts.push(joined(factors, ' * '));
    taken++;
  }
  const body = code`result[index] = ${joined(parts, ' + ')};`;
  const sum = wgsl(builder, operands.all, body, { shape, dtype: 'float32' });
  return taken === terms.length ? sum : weightedSum(builder, terms.slice(taken), sum);
}

/** √(Σ (e / (atol + rtol·max(|y0|, |y1|)))² / n), over all leaves. */
function errorNorm(builder: KernelBuilder, inputs: readonly Register[]): Register {
  const leaves: (readonly Register[])[] = [];
  for (let i = 0; i < inputs.length; i += 5) {
    const leaf = inputs.slice(i, i + 5);
    if (sizeOf(leaf[0]!.shape) > 0) leaves.push(leaf);
  }
  const count = leaves.reduce((sum, [error]) => sum + sizeOf(error!.shape), 0);
  const norm = (sum: string | Code): Code => code`sqrt_((${sum}) / ${element(count, 'float32')})`;
  if (leaves.length === 1) return sumOfSquares(builder, leaves[0]!, norm);
  const sums = leaves.map((leaf) => sumOfSquares(builder, leaf));
  while (sums.length > mostOperands) sums.push(total(builder, sums.splice(0, mostOperands), (sum) => sum));
  return total(builder, sums, norm);
}

function total(builder: KernelBuilder, sums: readonly Register[], of: (sum: Code) => Code): Register {
  const operands = new Operands();
  const terms = sums.map((x) => code`${operands.name(x)}[0]`);
  const sum = terms.length === 0 ? code`0.0f` : joined(terms, ' + ');
  return wgsl(builder, operands.all, code`result[index] = ${of(sum)};`, { shape: [], dtype: 'float32' });
}

function sumOfSquares(
  builder: KernelBuilder,
  leaf: readonly Register[],
  finish: (sum: string) => Code = (sum) => code`${sum}`,
): Register {
  const { shape } = leaf[0]!;
  const operands = new Operands();
  const [error, y0, y1, rtol, atol] = leaf.map(
    (x) => code`${operands.name(x)}[${offset('k', shape, broadcastStrides(x.shape, shape))}]`,
  ) as [Code, Code, Code, Code, Code];
  const elements = code`
let ratio = ${error} / (${atol} + ${rtol} * maximum_(abs(${y0}), abs(${y1})));
let x = ratio * ratio;`;
  return foldAll(builder, operands.all, additions, { count: sizeOf(shape), elements, finish });
}

/** 1 while all are. */
const conjunction: Fold = { dtype: 'bool', start: 1, combine: (a, b) => `min(${a}, ${b})` };

/** Whether all elements are finite: the leaves one behind the other, as many in a program as it may have operands for. */
function allFinite(builder: KernelBuilder, leaves: readonly Register[]): Register | undefined {
  const tests: Register[] = [];
  for (let i = 0; i < leaves.length; i += mostOperands) {
    tests.push(allFiniteTogether(builder, leaves.slice(i, i + mostOperands)));
  }
  const [first, ...others] = tests;
  return first && others.reduce((all, test) => builder.lower('and', [all, test], {}), first);
}

function allFiniteTogether(builder: KernelBuilder, leaves: readonly Register[]): Register {
  const operands = new Operands();
  let count = 0;
  const reads = leaves.map((x) => {
    const start = count;
    count += sizeOf(x.shape);
    return code`if (k < ${count}) { bits = bitcast<u32>(${operands.name(x)}[k - ${start}]); }`;
  });
  const elements = code`
var bits = 0u;
${joined(reads, ' else ')}
let x = select(0, 1, (bits & 0x7f800000u) != 0x7f800000u);`;
  return foldAll(builder, operands.all, conjunction, { count, elements });
}
