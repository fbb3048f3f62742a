/** Host arrays filled from a seeded generator. */
import { array, type DType, type HostArray, type Random } from '@node-ode/core';

const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** An array whose elements `draw` gives. */
export const filled = (shape: readonly number[], dtype: DType, draw: () => number): HostArray =>
  array(Array.from({ length: size(shape) }, draw), { shape, dtype });

/** Uniform in [low, high). */
export const uniform = (random: Random, shape: readonly number[], dtype: DType, low = -2, high = 2): HostArray =>
  filled(shape, dtype, () => low + (high - low) * random.uniform());

/** Standard normal, times `scale`. */
export const normal = (random: Random, shape: readonly number[], dtype: DType, scale = 1): HostArray =>
  filled(shape, dtype, () => scale * random.normal());

/** A scalar. */
export const scalar = (value: number, dtype: DType): HostArray => array([value], { shape: [], dtype });
