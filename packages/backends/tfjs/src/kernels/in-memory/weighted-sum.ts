/** Σ cᵢ·wᵢ·xᵢ in one pass over the elements, where tfjs has a kernel for each product and each sum. */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fill } from './memory.ts';

/** Inputs are the weights, each of one element or one for each row, then the terms; the attribute `sum` is a `WeightedSum`. */
export const weightedSumName = 'NodeOdeWeightedSum';

/** A term, by its factor: known + Σ coefficient·weights[weight]. */
export interface WeightedTerm {
  readonly known: number;
  readonly scaled: readonly { readonly coefficient: number; readonly weight: number }[];
}

/** Which weights scale which terms: each weight and each term is an operand once, however often it occurs. */
export class WeightedSum {
  /** How many of the operands are weights. */
  readonly weights: number;
  readonly terms: readonly WeightedTerm[];

  constructor(weights: number, terms: readonly WeightedTerm[]) {
    this.weights = weights;
    this.terms = terms;
  }
}

export const weightedSum = (backendName: string): TfKernelConfig => ({
  kernelName: weightedSumName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const sum = attrs?.['sum'];
    if (!(sum instanceof WeightedSum) || !Array.isArray(inputs)) throw new ExecutionError(weightedSumName, 'no terms');
    return fill(backend, inputs, inputs[sum.weights]?.shape ?? [], ({ operands, result }) => {
      const [weights, terms] = [operands.slice(0, sum.weights), operands.slice(sum.weights)];
      const rows = weights.reduce((most, { length }) => Math.max(most, length), 1);
      const columns = result.length / rows;
      for (let row = 0; row < rows; row++) {
        const factors = sum.terms.map((term) => factorOf(term, weights, row));
        sumRow({ result, terms, factors, first: row * columns, end: (row + 1) * columns });
      }
    });
  },
});

function factorOf({ known, scaled }: WeightedTerm, weights: readonly Float32Array[], row: number): number {
  let factor = known;
  for (let i = 0; i < scaled.length; i++) {
    const { coefficient, weight } = scaled[i]!;
    const values = weights[weight]!;
    factor += coefficient * values[values.length === 1 ? 0 : row]!;
  }
  return factor;
}

interface Row {
  readonly result: Float32Array;
  readonly terms: readonly Float32Array[];
  readonly factors: readonly number[];
  readonly first: number;
  readonly end: number;
}

/** Four terms at a time, and what is left over by itself. */
function sumRow(row: Row): void {
  const { terms } = row;
  for (let i = 0; i < terms.length; i += 4) {
    if (i + 4 <= terms.length) addFour(row, i);
    else for (let k = i; k < terms.length; k++) addOne(row, k);
  }
}

function addFour({ result, terms, factors, first, end }: Row, i: number): void {
  const [a, b, c, d] = terms.slice(i, i + 4) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const [p, q, r, s] = factors.slice(i, i + 4) as [number, number, number, number];
  if (i === 0) for (let j = first; j < end; j++) result[j] = p * a[j]! + q * b[j]! + r * c[j]! + s * d[j]!;
  else for (let j = first; j < end; j++) result[j]! += p * a[j]! + q * b[j]! + r * c[j]! + s * d[j]!;
}

function addOne({ result, terms, factors, first, end }: Row, i: number): void {
  const [a, p] = [terms[i]!, factors[i]!];
  if (i === 0) for (let j = first; j < end; j++) result[j] = p * a[j]!;
  else for (let j = first; j < end; j++) result[j]! += p * a[j]!;
}
