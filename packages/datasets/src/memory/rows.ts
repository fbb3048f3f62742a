/** Rows of host arrays: what batches and splits are made of. */
import { allocate, hostArray, isHostArray, mapTree, ShapeError, TreeError, type HostArray } from '@node-ode/core';

/**
 * The rows of an array (axis 0) that `indices` name, in their order.
 *
 * @param x shape [n, …]
 * @returns shape [indices.length, …]
 */
export function takeRows(x: HostArray, indices: ArrayLike<number>): HostArray {
  const [, ...rest] = x.shape;
  const width = rest.reduce((product, extent) => product * extent, 1);
  const data = allocate(x.dtype, indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const from = (indices[i] ?? 0) * width;
    data.set(x.data.subarray(from, from + width), i * width);
  }
  return hostArray(data, [indices.length, ...rest], x.dtype);
}

/** The named rows of every array of a tree. */
export const takeSample = <Sample>(sample: Sample, indices: ArrayLike<number>): Sample =>
  mapArrays('takeSample', sample, (x) => takeRows(x, indices));

/** A tree with arrays of its own. */
export const copySample = <Sample>(sample: Sample): Sample =>
  mapArrays('copySample', sample, (x) => hostArray(x.data.slice(), x.shape, x.dtype));

/** A tree with each array replaced by another. */
export const mapArrays = <Sample>(operation: string, sample: Sample, fn: (x: HostArray) => HostArray): Sample =>
  mapTree(operation, isHostArray, (x) => fn(x as HostArray), sample) as Sample;

/**
 * Extent of axis 0, which all arrays of a tree share.
 *
 * @throws ShapeError if they don't; TreeError if there is no array.
 */
export function rowCount(operation: string, sample: unknown): number {
  const shapes: (readonly number[])[] = [];
  mapArrays(operation, sample, (x) => (shapes.push(x.shape), x));
  const [first] = shapes;
  if (first === undefined) {
    throw new TreeError(operation, 'the sample has no arrays', { expected: 'at least one host array' });
  }
  const wrong = shapes.find((shape) => shape.length === 0 || shape[0] !== first[0]);
  if (wrong !== undefined) {
    throw new ShapeError(operation, `arrays of shapes [${first.join(', ')}] and [${wrong.join(', ')}]`, {
      expected: 'arrays whose axis 0, the sample axis, has one extent',
      advice: 'Give each array one row for each sample.',
    });
  }
  return first[0] ?? 0;
}
