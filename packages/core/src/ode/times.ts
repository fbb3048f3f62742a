/** The times of a solve: what is accepted, checked where it is known, and how the integrator has them. */
import { array, isHostArray, type HostArray } from '../array.ts';
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType, type Shape } from '../graph/graph.ts';
import { concat } from '../tensor/functions.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';

/**
 * Times: increasing or decreasing, without repetition. With steps for each sample also [samples, times], each row in a
 * direction of its own.
 */
export type Times = readonly TensorLike[] | HostTimes | Tensor;

/** Times on the host. */
export type HostTimes = readonly number[] | readonly (readonly number[])[] | HostArray;

/** Times as a problem has them: a vector, or [times, samples]. */
export function stackTimes(times: Tensor, [samples]: Shape): Tensor {
  if (samples === undefined) return times;
  return times.rank === 2 ? times.transpose() : times.expandDims(1).broadcastTo([...times.shape, samples]);
}

/**
 * Times as a tensor: a vector, or one for each sample.
 *
 * @throws ShapeError, DTypeError or OptionError naming `name`.
 */
export function asTimes(name: string, ts: Times, dtype: DType, lanes: Shape): Tensor {
  requireList(name, ts);
  const times = isTensor(ts) ? ts : isHostArray(ts) ? asTensor(ts) : fromNumbers(name, ts, dtype);
  const isForEach = times.rank === 1 + lanes.length && lanes.every((extent, i) => times.shape[i] === extent);
  if (!(times.rank === 1 || isForEach) || times.shape.at(-1) === 0) {
    throw new ShapeError('odeint', `${name} is ${formatType(times.type)}`, {
      expected: `a vector of at least one time${lanes.map((extent) => `, or a row of them for each of ${extent} samples`).join('')}`,
      ...(times.rank === 2 && lanes.length === 0 ? { advice: 'Times for each sample are for perSample: true.' } : {}),
    });
  }
  if (isHostArray(ts)) requireMonotone(ts, name);
  if (times.dtype !== dtype) {
    throw new DTypeError('odeint', `${name} is ${formatType(times.type)}`, {
      expected: `${dtype}, as the state`,
      advice: `Convert it with .cast('${dtype}') or array(…, { dtype: '${dtype}' }).`,
    });
  }
  return times;
}

/** @throws OptionError for times that are no list: types forbid them, JavaScript does not. */
function requireList(name: string, ts: unknown): void {
  if (Array.isArray(ts) || isHostArray(ts) || isTensor(ts)) return;
  throw new OptionError('odeint', `${name} = ${String(ts)}`, {
    expected: 'times: a list of numbers or tensors, an array or a tensor',
    advice: `Write one time as [${String(ts)}].`,
  });
}

const isNested = (ts: readonly unknown[]): ts is readonly (readonly number[])[] => Array.isArray(ts[0]);

function fromNumbers(name: string, ts: readonly TensorLike[] | readonly (readonly number[])[], dtype: DType): Tensor {
  if (!isNested(ts)) return vectorOf(name, ts, dtype);
  requireMonotone(ts, name);
  return asTensor(array(ts, { dtype }));
}

function vectorOf(name: string, ts: readonly TensorLike[], dtype: DType): Tensor {
  const numbers = ts.filter((t) => typeof t === 'number');
  if (numbers.length === ts.length) requireMonotone(numbers, name);
  if (ts.length === 0) throw new ShapeError('odeint', `${name} is empty`, { expected: 'at least one time' });
  return concat(ts.map((t) => asTensor(t, dtype, 'odeint').reshape([1])));
}

/** @throws OptionError where times given as numbers, or one of their rows, are not finite or not strictly monotone. */
export function requireMonotone(ts: HostTimes, name = 'ts'): void {
  requireList(name, ts);
  const rows = isHostArray(ts) ? rowsOf(ts) : isNested(ts) ? ts : undefined;
  if (rows === undefined) requireMonotoneRow(ts as readonly number[], name);
  else rows.forEach((row, i) => requireMonotoneRow(row, rows.length === 1 ? name : `${name}[${i}]`));
}

function rowsOf({ data, shape }: HostArray): readonly (readonly number[])[] {
  const count = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / count }, (_, i) => Array.from(data.slice(i * count, (i + 1) * count)));
}

function requireMonotoneRow(ts: readonly number[], name: string): void {
  const direction = Math.sign((ts.at(-1) ?? 0) - (ts[0] ?? 0));
  ts.forEach((t, i) => {
    const before = ts[i - 1];
    const fits = Number.isFinite(t) && (before === undefined || (t - before) * direction > 0);
    if (fits) return;
    throw new OptionError('odeint', `${name}[${i}] = ${t}${before === undefined ? '' : ` after ${before}`}`, {
      expected: 'finite times, strictly increasing or strictly decreasing',
      advice: 'Sort them and remove repeated ones.',
    });
  });
}
