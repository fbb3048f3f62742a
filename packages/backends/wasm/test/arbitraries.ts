/** Random shapes and dtypes for property tests. */
import type { DType } from '@node-ode/core';
import fc from 'fast-check';

export const anyDType = fc.constantFrom<DType[]>('f32', 'f64', 'i32', 'bool');
export const numericDType = fc.constantFrom<DType[]>('f32', 'f64', 'i32');

/** Extents on both sides of where code changes: a vector, a few vectors, straight code, loops; sometimes none. */
export const extent = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 2, arbitrary: fc.integer({ min: 6, max: 40 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);

export const shapes = ({ minRank = 0, maxRank = 4 }: { readonly minRank?: number; readonly maxRank?: number }) =>
  fc
    .array(extent, { minLength: minRank, maxLength: maxRank })
    .filter((shape) => shape.reduce((a, b) => a * b, 1) <= 4000);

export const seed = fc.nat();
