/**
 * Small matrix products in WGSL, a thread for each element. tfjs's have a workgroup or a tile for each, whose threads wait for each
 * other: made for large products, and a thousand times slower where small ones run in software.
 */
import { broadcastShapes, sameShape, sizeOf } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { matmul } from '../matmul.ts';
import { code, whole } from './code.ts';
import { wgsl } from './program.ts';

/** A product of matrices along the last two axes, and what is done to its elements. */
export interface Product {
  readonly a: Register;
  readonly b: Register;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** A vector that is added to each row. */
  readonly bias?: Register;
  readonly activation?: string;
}

/** Multiplications that one launch of ours makes at most, and terms of a sum, which are added one after the other. */
const mostMultiplications = 2 ** 18;
const mostTerms = 256;

interface Extents {
  readonly lead: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

function extentsOf({ a, b, transposeA, transposeB }: Product): Extents {
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [rows = 0, inner = 0] = transposeA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2);
  const columns = b.shape.at(transposeB ? -2 : -1) ?? 0;
  return { lead, rows, inner, columns };
}

/** The product, if it is small. */
export function smallProduct(builder: KernelBuilder, product: Product): Register | undefined {
  const { lead, rows, inner, columns } = extentsOf(product);
  const shape = [...lead, rows, columns];
  const multiplications = sizeOf(shape) * inner;
  if (multiplications === 0 || multiplications > mostMultiplications || inner > mostTerms) return undefined;
  const { bias, activation = 'linear', transposeA, transposeB } = product;
  const a = operand(builder, product.a, lead, transposeA);
  const b = operand(builder, product.b, lead, transposeB);
  const [columnCount, innerCount] = [whole(columns), whole(inner)];
  const sum = bias === undefined ? 'sum' : '(sum + C[column])';
  const body = code`
let column = index % ${columnCount};
let row = index / ${columnCount};
let matrix = row / ${rows};
let a = matrix * ${a.step} + row % ${rows} * ${a.rows};
let b = matrix * ${b.step} + column * ${b.columns};
var sum = 0.0f;
for (var k = 0; k < ${innerCount}; k++) {
  sum += A[a + k * ${a.columns}] * B[b + k * ${b.rows}];
}
result[index] = ${activation === 'relu' ? `maximum_(${sum}, 0.0f)` : sum};`;
  return wgsl(builder, [a.x, b.x, ...(bias === undefined ? [] : [bias])], body, {
    shape,
    dtype: 'float32',
  });
}

/** An operand: how far its matrices, rows and columns are apart. */
interface Operand {
  readonly x: Register;
  readonly step: number;
  readonly rows: number;
  readonly columns: number;
}

function operand(builder: KernelBuilder, x: Register, lead: readonly number[], isTransposed: boolean): Operand {
  const own = x.shape.slice(0, -2);
  const matrix = x.shape.slice(-2);
  const isOne = sizeOf(own) === 1;
  const isWhole = isOne || sameShape(own, lead);
  const [down, along] = [matrix[1] ?? 0, 1];
  return {
    x: isWhole ? x : builder.lower('broadcastTo', [x], { shape: [...lead, ...matrix] }),
    step: isOne ? 0 : sizeOf(matrix),
    rows: isTransposed ? along : down,
    columns: isTransposed ? down : along,
  };
}

export const product: Lowering<'matmul'> = (builder, inputs, node) => {
  const [a, b] = inputs as readonly [Register, Register];
  return smallProduct(builder, { a, b, ...node.params }) ?? matmul.matmul(builder, inputs, node);
};
