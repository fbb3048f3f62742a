/** NumPy's broadcasting, axis and extent arithmetic, on shapes alone. */
import { ShapeError } from '../errors.ts';
import { sizeOf, type Shape } from './graph.ts';

/**
 * The shape that several shapes broadcast to.
 *
 * @throws ShapeError naming `operation` if two extents differ and neither is 1.
 * @example
 * broadcastShapes('add', [20, 1], [2]); // [20, 2]
 */
export function broadcastShapes(operation: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result: number[] = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const lead = rank - shape.length;
    shape.forEach((extent, i) => {
      const current = result[lead + i] ?? 1;
      if (current !== 1 && extent !== 1 && current !== extent) {
        throw new ShapeError(operation, `shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`, {
          expected: 'extents that are equal or 1, aligned from the last axis',
          advice: 'Reshape one of the operands so that its axes line up.',
        });
      }
      if (current === 1) result[lead + i] = extent;
    });
  }
  return result;
}

/** `[20, 2]`: how shapes are written in errors. */
export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/**
 * Axes counted from the end made non-negative, sorted and checked.
 *
 * @throws ShapeError if an axis is out of range or given twice.
 */
export function normalizeAxes(operation: string, axes: readonly number[], rank: number): readonly number[] {
  const result = axes.map((axis) => normalizeAxis(operation, axis, rank)).sort((a, b) => a - b);
  result.forEach((axis, i) => {
    if (axis === result[i + 1]) {
      throw new ShapeError(operation, `axis ${axis} is given twice`, { advice: 'Name each axis once.' });
    }
  });
  return result;
}

/** One axis counted from the end made non-negative and checked. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(operation, `axis ${axis} of a tensor with ${rank} axes`, {
      expected: rank === 0 ? 'no axis: the tensor is a scalar' : `an integer in [${-rank}, ${rank})`,
    });
  }
  return axis < 0 ? axis + rank : axis;
}

/** The shape after reducing `axes`. */
export const reducedShape = (shape: Shape, axes: readonly number[], keepDims: boolean): Shape =>
  keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));

/**
 * A shape of as many elements as another, with an extent of −1 made what is left.
 *
 * @throws ShapeError if more extents than one are −1, or the others do not divide the size.
 */
export function completeShape(operation: string, from: Shape, to: Shape): Shape {
  const free = to.indexOf(-1);
  if (free === -1) return to;
  const known = sizeOf(to.filter((extent) => extent !== -1));
  const size = sizeOf(from);
  if (to.lastIndexOf(-1) !== free || known === 0 || size % known !== 0) {
    throw new ShapeError(operation, `${formatShape(from)} to ${formatShape(to)}`, {
      expected: 'one −1 at most, and extents that divide the size',
    });
  }
  return to.map((extent) => (extent === -1 ? size / known : extent));
}
