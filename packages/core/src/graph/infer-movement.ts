/** The shape and dtype rules of primitives that move elements. */
import { ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape } from './broadcast.ts';
import { formatType, sameShape, sizeOf, tensorType, type Shape } from './graph.ts';
import { demand, isCount, numeric, requireShape, sameDType, tensor, tensors } from './operands.ts';
import type { Rules } from './rule.ts';

type MovementPrimitive =
  'reshape' | 'broadcastTo' | 'transpose' | 'slice' | 'pad' | 'concat' | 'gather' | 'scatterAdd' | 'setRow';

export const movementRules: Rules<MovementPrimitive> = {
  reshape: (types, { shape }, op) => {
    const x = tensor(op, types, 0);
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        op,
        `${formatType(x)} has ${sizeOf(x.shape)} elements and ${formatShape(shape)} has ${sizeOf(shape)}`,
        {
          expected: 'as many elements',
        },
      );
    }
    return [tensorType(requireShape(op, shape), x.dtype)];
  },
  broadcastTo: (types, { shape }, op) => {
    const x = tensor(op, types, 0);
    if (!sameShape(broadcastShapes(op, x.shape, shape), shape)) {
      throw new ShapeError(op, `${formatType(x)} to ${formatShape(shape)}`, {
        expected: 'a shape that the tensor broadcasts to',
      });
    }
    return [tensorType(shape, x.dtype)];
  },
  transpose: (types, { perm }, op) => {
    const x = tensor(op, types, 0);
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError(op, `axes [${perm.join(', ')}] of ${formatType(x)}`, {
        expected: `a permutation of 0 … ${x.shape.length - 1}`,
      });
    }
    return [
      tensorType(
        perm.map((axis) => x.shape[axis] ?? 0),
        x.dtype,
      ),
    ];
  },
  slice: (types, { starts, sizes }, op) => {
    const x = tensor(op, types, 0);
    const fits =
      starts.length === x.shape.length &&
      sizes.length === x.shape.length &&
      x.shape.every((extent, i) => {
        const [start, size] = [starts[i] ?? -1, sizes[i] ?? -1];
        return isCount(start) && isCount(size) && start + size <= extent;
      });
    if (!fits) {
      throw new ShapeError(op, `starts [${starts.join(', ')}] and sizes [${sizes.join(', ')}] of ${formatType(x)}`, {
        expected: 'one non-negative start and size for each axis, within its extent',
      });
    }
    return [tensorType(sizes, x.dtype)];
  },
  pad: (types, { before, after }, op) => {
    const x = tensor(op, types, 0);
    if (before.length !== x.shape.length || after.length !== x.shape.length || ![...before, ...after].every(isCount)) {
      throw new ShapeError(op, `before [${before.join(', ')}] and after [${after.join(', ')}] of ${formatType(x)}`, {
        expected: 'one non-negative width for each axis',
      });
    }
    return [
      tensorType(
        x.shape.map((extent, i) => extent + (before[i] ?? 0) + (after[i] ?? 0)),
        x.dtype,
      ),
    ];
  },
  concat: (types, { axis }, op) => {
    const all = tensors(op, types);
    const first = tensor(op, types, 0);
    const dtype = sameDType(op, all);
    const fits = all.every(
      (x) =>
        x.shape.length === first.shape.length && x.shape.every((extent, i) => i === axis || extent === first.shape[i]),
    );
    if (!fits || axis >= first.shape.length) {
      throw new ShapeError(op, `tensors ${all.map(formatType).join(', ')} along axis ${axis}`, {
        expected: 'shapes that are equal but for that axis',
      });
    }
    const extent = all.reduce((total, x) => total + (x.shape[axis] ?? 0), 0);
    return [tensorType(withAxis(first.shape, axis, [extent]), dtype)];
  },
  gather: (types, { axis }, op) => {
    const x = tensor(op, types, 0);
    const indices = demand(op, tensor(op, types, 1), ['i32']);
    return [tensorType(withAxis(x.shape, axis, indices.shape), x.dtype)];
  },
  scatterAdd: (types, { axis, size }, op) => {
    const updates = demand(op, tensor(op, types, 0), numeric);
    const indices = demand(op, tensor(op, types, 1), ['i32']);
    const span = updates.shape.slice(axis, axis + indices.shape.length);
    if (!sameShape(span, indices.shape)) {
      throw new ShapeError(op, `updates ${formatType(updates)} at indices ${formatType(indices)} along axis ${axis}`, {
        expected: "the indices' shape in the updates, from that axis on",
      });
    }
    const shape = [
      ...updates.shape.slice(0, axis),
      ...requireShape(op, [size]),
      ...updates.shape.slice(axis + indices.shape.length),
    ];
    return [tensorType(shape, updates.dtype)];
  },
  setRow: (types, _, op) => {
    const [buffer, row] = [tensor(op, types, 0), tensor(op, types, 2)];
    const index = demand(op, tensor(op, types, 1), ['i32']);
    sameDType(op, [buffer, row]);
    const isOfRows = sameShape([...index.shape, ...buffer.shape.slice(1)], row.shape);
    if (index.shape.length > 1 || !isOfRows || buffer.shape.length === 0) {
      throw new ShapeError(op, `row ${formatType(row)} at ${formatType(index)} of ${formatType(buffer)}`, {
        expected:
          "a row of the buffer's shape without its first axis and a scalar index, or stacked rows and a vector of indices",
      });
    }
    return [buffer];
  },
};

/** A shape with other extents in the place of one axis. */
function withAxis(shape: Shape, axis: number, extents: Shape): Shape {
  return [...shape.slice(0, axis), ...extents, ...shape.slice(axis + 1)];
}
