/** Arrays of plain numbers, scaled and not. */
import { array, type FloatDType, type HostArray } from '@node-ode/core';
import { standardizer, type Standardizer } from '@node-ode/datasets';
import type { Scale } from './problem.ts';

/** A standardiser of f64 with this scale. */
export const standardizerOf = ({ mean, std }: Scale): Standardizer =>
  standardizer({ mean: array([...mean], { dtype: 'f64' }), std: array([...std], { dtype: 'f64' }) });

/** The scale of a standardiser. */
export const scaleOf = ({ mean, std }: Pick<Standardizer, 'mean' | 'std'>): Scale => ({
  mean: Array.from(mean.data),
  std: Array.from(std.data),
});

/** An array of another float type. */
export const toDtype = (x: HostArray, dtype: FloatDType): HostArray =>
  x.dtype === dtype ? x : array(x.data, { dtype, shape: x.shape });

/** Means and deviations of row-major columns, what is missing left out; 0 and 1 where nothing is or changes. */
export function columnScale(data: Float64Array, columns: number): Scale {
  const stats = Array.from({ length: columns }, (_, column) => {
    const values = data.filter((value, i) => i % columns === column && !Number.isNaN(value));
    if (values.length === 0) return { mean: 0, std: 1 };
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, std: variance > 0 ? Math.sqrt(variance) : 1 };
  });
  return { mean: stats.map(({ mean }) => mean), std: stats.map(({ std }) => std) };
}

/** (x − mean) / std of row-major columns. */
export const scaled = (data: ArrayLike<number>, { mean, std }: Scale): Float64Array =>
  Float64Array.from(data, (value, i) => (value - (mean[i % mean.length] ?? 0)) / (std[i % std.length] ?? 1));

/** x · std + mean of row-major columns. */
export const unscaled = (data: ArrayLike<number>, { mean, std }: Scale): Float64Array =>
  Float64Array.from(data, (value, i) => value * (std[i % std.length] ?? 1) + (mean[i % mean.length] ?? 0));
