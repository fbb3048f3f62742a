/** Standardising features: fitted on training data, applied to any, and undone. */
import { allocate, array, hostArray, isFloat, OptionError, ShapeError, type HostArray } from '@node-ode/core';

/** Means and standard deviations of features, and what to do with them. */
export interface Standardizer {
  /** Shape [features]; a scalar for a vector. */
  readonly mean: HostArray;
  /** Shape [features]; a scalar for a vector. */
  readonly std: HostArray;
  /** (x − mean) / std; shape [..., features] is kept, and so are NaNs. */
  apply(x: HostArray): HostArray;
  /** z · std + mean. */
  invert(z: HostArray): HostArray;
}

/**
 * Fits a standardiser: mean and (population) standard deviation of each feature over all other axes. The features are
 * the last axis; a vector is one feature. Values that are missing (NaN) don't count; a feature that never changes is
 * divided by 1.
 *
 * @throws OptionError if a feature has no value at all.
 * @example
 * const { apply, invert } = standardize(array([[1, 10], [3, 30]]));
 * apply(array([[2, 20]])); // [[0, 0]]
 */
export function standardize(x: HostArray): Standardizer {
  if (!isFloat(x.dtype)) {
    throw new OptionError('standardize', `an array of ${x.dtype}`, { expected: 'f32 or f64' });
  }
  const shape = x.shape.length < 2 ? [] : x.shape.slice(-1);
  const features = shape[0] ?? 1;
  const statistics = Array.from({ length: features }, (_, feature) => {
    const values = column(x, feature, features).filter((value) => !Number.isNaN(value));
    if (values.length === 0) {
      throw new OptionError('standardize', `feature ${feature} has no values`, {
        expected: 'at least one that is not missing',
        advice: 'Leave the feature out.',
      });
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, std: variance > 0 ? Math.sqrt(variance) : 1 };
  });
  const of = (key: 'mean' | 'std'): HostArray =>
    array(
      statistics.map((s) => s[key]),
      { dtype: x.dtype, shape },
    );
  return standardizer({ mean: of('mean'), std: of('std') });
}

/** The standardiser with these means and standard deviations, such as those of a checkpoint. */
export function standardizer({ mean, std }: Pick<Standardizer, 'mean' | 'std'>): Standardizer {
  const features = mean.data.length;
  const map = (
    operation: string,
    x: HostArray,
    fn: (value: number, mean: number, std: number) => number,
  ): HostArray => {
    if (mean.shape.length > 0 && x.shape[x.shape.length - 1] !== features) {
      throw new ShapeError(operation, `an array of shape [${x.shape.join(', ')}]`, {
        expected: `${features} features on the last axis`,
      });
    }
    const data = allocate(x.dtype, x.data.length);
    for (let i = 0; i < data.length; i++) {
      data[i] = fn(x.data[i] ?? NaN, mean.data[i % features] ?? NaN, std.data[i % features] ?? NaN);
    }
    return hostArray(data, x.shape, x.dtype);
  };
  return {
    mean,
    std,
    apply: (x) => map('standardizer.apply', x, (value, m, s) => (value - m) / s),
    invert: (z) => map('standardizer.invert', z, (value, m, s) => value * s + m),
  };
}

const column = (x: HostArray, feature: number, features: number): number[] =>
  Array.from({ length: x.data.length / features }, (_, row) => x.data[row * features + feature] ?? NaN);
