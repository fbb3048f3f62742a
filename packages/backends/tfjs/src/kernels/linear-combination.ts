/** Weighted sums: the stages of a Runge–Kutta step. What was measured is in the README. */
import { hostArray, sizeOf, type Shape } from '@node-ode/core';
import type { OptionalLowering, KernelBuilder, Register } from './contract.ts';
import { WeightedSum, weightedSumName } from './in-memory/weighted-sum.ts';
import { reshape } from './shaping.ts';

/** What has the same weight, with the coefficient of each. */
interface Group {
  readonly weight: Register;
  readonly terms: readonly { readonly coefficient: number; readonly x: Register }[];
}

/**
 * Σ cᵢ·wᵢ·xᵢ: one kernel of ours where tensors are in memory, or the backend has one of that name. Otherwise most terms of a stage
 * have the step size for a weight: it is multiplied with the coefficients, once for all of them, and the row of products with a
 * matrix whose rows are the terms. Each column of that is an element of the result, so that what is not finite stays where it is.
 */
export const linearCombination: OptionalLowering<'linearCombination'> = (builder, inputs, { params }) => {
  const { coefficients } = params;
  const n = coefficients.length;
  const [weights, terms] = [inputs.slice(0, n), inputs.slice(n)];
  const { shape } = terms[0] as Register;
  const size = sizeOf(shape);
  const isOneLoop = size <= (mostInOneLoop[builder.backendName] ?? Infinity) && haveRows(weights);
  if (isOneLoop && builder.has(weightedSumName)) {
    return inOneLoop(builder, coefficients, weights, terms);
  }
  const groups = groupsOf(coefficients, weights, terms);
  const isPacked =
    !isVectorized.has(builder.backendName) && n >= 3 && weights.every((weight) => sizeOf(weight.shape) === 1);
  return isPacked && size > 0 ? packed(builder, groups) : groupByGroup(builder, groups);
};

/** The kernel of ours: weights that are known are part of the coefficients. */
function inOneLoop(
  builder: KernelBuilder,
  coefficients: readonly number[],
  weights: readonly Register[],
  terms: readonly Register[],
): Register {
  const [scales, summands] = [new Map<number, Register>(), new Map<number, Register>()];
  const positionOf = (known: Map<number, Register>, x: Register): number => {
    known.set(x.index, x);
    return [...known.keys()].indexOf(x.index);
  };
  const sums: { known: number; scaled: { coefficient: number; weight: number }[] }[] = [];
  coefficients.forEach((coefficient, i) => {
    const [weight, x] = [weights[i], terms[i]] as readonly [Register, Register];
    const sum = (sums[positionOf(summands, x)] ??= { known: 0, scaled: [] });
    if (weight.splat === undefined) sum.scaled.push({ coefficient, weight: positionOf(scales, weight) });
    else sum.known += coefficient * weight.splat;
  });
  const { shape, dtype } = terms[0] as Register;
  const attributes = { sum: new WeightedSum(scales.size, sums) };
  return builder.call(weightedSumName, [...scales.values(), ...summands.values()], attributes, { shape, dtype });
}

/** Up to how many elements one loop in JavaScript is faster than vectorised loops for each operation. */
const mostInOneLoop: Readonly<Record<string, number>> = { wasm: 2048 };

/** Backends whose sums and products of large tensors are faster than a product with the row of factors. */
const isVectorized: ReadonlySet<string> = new Set(['wasm']);

/** Whether weights are scalars, or vectors of one length. */
const haveRows = (weights: readonly Register[]): boolean =>
  new Set(weights.map(({ shape }) => sizeOf(shape)).filter((length) => length !== 1)).size <= 1;

function groupsOf(
  coefficients: readonly number[],
  weights: readonly Register[],
  terms: readonly Register[],
): readonly Group[] {
  const groups = new Map<number, Group>();
  coefficients.forEach((coefficient, i) => {
    const [weight, x] = [weights[i], terms[i]] as readonly [Register, Register];
    const known = groups.get(weight.index);
    groups.set(weight.index, { weight, terms: [...(known?.terms ?? []), { coefficient, x }] });
  });
  return [...groups.values()];
}

function packed(builder: KernelBuilder, groups: readonly Group[]): Register {
  const terms = groups.flatMap((group) => group.terms.map(({ x }) => x));
  const { shape, dtype } = terms[0] as Register;
  const n = terms.length;
  // TensorFlow's products may round to ten bits on a GPU.
  if (builder.backendName === 'tensorflow') {
    const stack = builder.call('Pack', terms, { axis: 0 }, { shape: [n, ...shape], dtype });
    const factors = factorsOf(builder, groups, [n, ...shape.map(() => 1)]);
    return builder.lower('sum', [builder.lower('mul', [stack, factors], {})], { axes: [0], keepDims: false });
  }
  const rows = shape.length === 0 ? terms.map((x) => reshape(builder, x, [1])) : terms;
  const matrix = reshape(builder, builder.lower('concat', rows, { axis: 0 }), [n, sizeOf(shape)]);
  const factors = factorsOf(builder, groups, [1, n]);
  const product = builder.lower('matmul', [factors, matrix], { transposeA: false, transposeB: false });
  return reshape(builder, product, shape);
}

/** The factors of all terms in a shape, group by group. */
function factorsOf(builder: KernelBuilder, groups: readonly Group[], shape: Shape): Register {
  const n = groups.reduce((count, { terms }) => count + terms.length, 0);
  const constant = (data: Float32Array): Register => builder.constant(hostArray(data, shape, 'f32'));
  let first = 0;
  const known = new Float32Array(n);
  const scaled: Register[] = [];
  for (const { weight, terms } of groups) {
    const row = weight.splat === undefined ? new Float32Array(n) : known;
    terms.forEach(({ coefficient }, i) => (row[first + i] = coefficient * (weight.splat ?? 1)));
    first += terms.length;
    if (row !== known) scaled.push(builder.lower('mul', [constant(row), weight], {}));
  }
  const parts = known.some((factor) => factor !== 0) || scaled.length === 0 ? [...scaled, constant(known)] : scaled;
  return parts.reduce((sum, part) => builder.lower('add', [sum, part], {}));
}

/** Each weight times the sum of its terms. */
function groupByGroup(builder: KernelBuilder, groups: readonly Group[]): Register {
  const parts = groups.flatMap(({ weight, terms }): readonly Register[] => {
    const own = weight.splat ?? 1;
    const scaled = terms.map(({ coefficient, x }) => times(builder, x, coefficient * own));
    return weight.splat === undefined ? [weighted(builder, sum(builder, scaled), weight)] : scaled;
  });
  return sum(builder, parts);
}

const times = (builder: KernelBuilder, x: Register, factor: number): Register =>
  factor === 1 ? x : builder.lower('mul', [x, builder.constant(hostArray(Float32Array.of(factor), [], 'f32'))], {});

/** A weight of the leading axes has axes of extent 1 behind. */
function weighted(builder: KernelBuilder, x: Register, weight: Register): Register {
  const { length } = weight.shape;
  const trailing = length === 0 ? [] : x.shape.slice(length).map(() => 1);
  return builder.lower('mul', [x, reshape(builder, weight, [...weight.shape, ...trailing])], {});
}

/** The sum of tensors of one shape. */
export function sum(builder: KernelBuilder, terms: readonly Register[]): Register {
  const [first, second] = terms as readonly [Register, Register?];
  if (second === undefined) return first;
  // A shader has eight arrays, and AddN on `webgpu` takes all terms at once.
  if (terms.length === 2 || !builder.has('AddN') || (builder.backendName === 'webgpu' && terms.length > 7)) {
    return terms.reduce((total, term) => builder.lower('add', [total, term], {}));
  }
  return builder.call('AddN', terms, {}, { shape: first.shape, dtype: first.dtype });
}
