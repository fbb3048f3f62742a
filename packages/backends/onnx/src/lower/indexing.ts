/** Primitives that read and write at indices. ONNX counts negative indices from the end; ours are out of range. */
import { sizeOf, tensorType, type Shape, type TensorType } from '@node-ode/core';
import { elementTypeOf } from '../model/ir.ts';
import { cast } from './arithmetic.ts';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { hasKernel, requireKernel } from './kernels.ts';
import { castTo, filled, int, iota, range, reshape, withTrailingAxes } from './shaping.ts';

type Indexing = 'gather' | 'scatterAdd' | 'setRow' | 'argMax' | 'cumsum';

export const indexingRules: { readonly [P in Indexing]: Lowering<P> } = {
  gather: (emitter, { params: { axis } }, operands) => {
    const [x, indices] = operands as readonly [Operand, Operand];
    requireKernel(emitter, 'gather', 'Gather', x.type.dtype);
    const attributes = { axis: int(axis) };
    if (raises(emitter))
      return emitter.emit('Gather', [x.name, castTo(emitter, unsigned(emitter, indices), 'int64')], attributes);
    const extent = x.type.shape[axis] ?? 0;
    const shape = [...x.type.shape.slice(0, axis), ...indices.type.shape, ...x.type.shape.slice(axis + 1)];
    if (extent === 0) return filled(emitter, poison(x.type), shape, x.type.dtype);
    const { safe, valid } = checked(emitter, indices, extent);
    const gathered = emitter.emit('Gather', [x.name, safe.name], attributes);
    return keepWhere(emitter, valid, shape.length - axis, emitter.operand(gathered, tensorType(shape, x.type.dtype)));
  },
  scatterAdd: (emitter, { params: { axis }, outputs }, operands) => {
    const [updates, indices] = operands as readonly [Operand, Operand];
    const result = outputs[0]?.type as TensorType;
    return scatterAdd(emitter, { updates, indices, axis, shape: result.shape });
  },
  setRow: (emitter, _, operands) => {
    const [buffer, index, row] = operands as readonly [Operand, Operand, Operand];
    const { shape, dtype } = buffer.type;
    if (raises(emitter) || !hasKernel(emitter.provider, 'Where', elementTypeOf(dtype))) {
      requireKernel(emitter, 'setRow', 'ScatterND', dtype);
      const axis = emitter.ints([index.type.shape.length]);
      const at = emitter.emit('Unsqueeze', [castTo(emitter, unsigned(emitter, index), 'int64'), axis]);
      return emitter.emit('ScatterND', [buffer.name, at, row.name]);
    }
    if (index.type.shape.length > 0) return setRows(emitter, buffer, index, row);
    // Where nothing can be raised, a row out of range is no row.
    const rows = iota(emitter, [shape[0] ?? 0, ...row.type.shape.map(() => 1)], 0, 'i32');
    const isRow = emitter.emit('Equal', [rows, index.broadcast]);
    if (dtype !== 'bool') return emitter.emit('Where', [isRow, row.broadcast, buffer.name]);
    // WebGPU chooses between booleans of one shape only.
    const [after, before] = [row, buffer].map(({ name }) => cast(emitter, 'setRow', name, 'bool', 'i32'));
    return cast(emitter, 'setRow', emitter.emit('Where', [isRow, after as string, before as string]), 'i32', 'bool');
  },
  argMax: (emitter, { params: { axis } }, [operand]) => {
    const x = operand as Operand;
    const { provider } = emitter;
    // The runtime's ArgMax passes over NaN, which is the largest for us; int64 is not for WebGPU.
    const isInteger = x.type.dtype === 'i32';
    if (isInteger && provider !== 'webgpu' && hasKernel(provider, 'ArgMax', 'int32')) {
      const index = emitter.emit('ArgMax', [x.name], { axis: int(axis), keepdims: int(0) });
      return castTo(emitter, index, 'i32');
    }
    return firstLargest(emitter, x, axis);
  },
  cumsum: (emitter, { params: { axis, reverse } }, [x]) => {
    const { name, type } = x as Operand;
    requireKernel(emitter, 'cumsum', 'CumSum', type.dtype);
    return emitter.emit('CumSum', [name, emitter.scalar(axis, 'int64')], { reverse: int(reverse ? 1 : 0) });
  },
};

/** Whether the provider's kernels check indices and fail on one out of range. */
const raises = ({ provider }: Emitter): boolean => provider === 'cpu';

/**
 * Indices of which none is negative: seen as uint32, a negative one is far beyond the end of any axis. With the cast to int64
 * that has to follow, this takes less than half the time of a comparison and a choice.
 */
const unsigned = (emitter: Emitter, { name, splat }: Operand): string =>
  splat !== undefined && splat >= 0 ? name : castTo(emitter, name, 'uint32');

interface CheckedIndices {
  /** The indices, 0 where they are out of range. */
  readonly safe: Operand;
  /** Whether they are in range. */
  readonly valid: Operand;
}

/** For providers whose kernels read and write wherever an index points to. */
function checked(emitter: Emitter, indices: Operand, extent: number): CheckedIndices {
  const zero = emitter.scalar(0, 'i32');
  const isNegative = emitter.emit('Less', [indices.name, zero]);
  const isBefore = emitter.emit('Less', [indices.name, emitter.scalar(extent, 'i32')]);
  const valid = emitter.emit('And', [emitter.emit('Not', [isNegative]), isBefore]);
  return {
    safe: emitter.operand(emitter.emit('Where', [valid, indices.name, zero]), indices.type),
    valid: emitter.operand(valid, tensorType(indices.type.shape, 'bool')),
  };
}

/** What stands where an index was out of range. */
const poison = ({ dtype }: TensorType): number => (dtype === 'f32' || dtype === 'f64' ? NaN : 0);

/** The elements of `x` where an index was in range; the axes of the indices begin `depth` before the last of `x`. */
function keepWhere(emitter: Emitter, valid: Operand, depth: number, x: Operand): string {
  const condition = withTrailingAxes(emitter, valid, depth);
  if (x.type.dtype === 'bool') return emitter.emit('And', [condition, x.name]);
  requireKernel(emitter, 'gather', 'Where', x.type.dtype);
  return emitter.emit('Where', [condition, x.name, emitter.scalar(poison(x.type), x.type.dtype)]);
}

interface Scatter {
  readonly updates: Operand;
  readonly indices: Operand;
  readonly axis: number;
  /** Of the result. */
  readonly shape: Shape;
}

/** Rows are added whole where the axis is the first, elements one by one otherwise. */
function scatterAdd(emitter: Emitter, { updates, indices, axis, shape }: Scatter): string {
  const { dtype } = updates.type;
  const byRow = axis === 0;
  requireKernel(emitter, 'scatterAdd', byRow ? 'ScatterND add' : 'ScatterElements add', dtype);
  const zeros = filled(emitter, 0, shape, dtype);
  const isEmpty = sizeOf(updates.type.shape) === 0;
  if (isEmpty) return zeros;
  const { at, added } = targets(emitter, { updates, indices, axis, shape });
  const reduction = { reduction: { kind: 'string', value: 'add' } } as const;
  if (byRow) return emitter.emit('ScatterND', [zeros, at, added], reduction);
  // One axis of indices in place of all of them, repeated for each element that it stands for.
  const total = sizeOf(indices.type.shape);
  const rank = shape.length;
  const flat = [...updates.type.shape.slice(0, axis), total, ...shape.slice(axis + 1)];
  const column = reshape(emitter, at, [total, ...range(axis + 1, rank).map(() => 1)]);
  const everywhere = emitter.emit('Expand', [column, emitter.ints(flat)]);
  const elements = indices.type.shape.length === 1 ? added : reshape(emitter, added, flat);
  return emitter.emit('ScatterElements', [zeros, everywhere, elements], { axis: int(axis), ...reduction });
}

interface Targets {
  /** Indices as the kernel takes them; where rows are scattered each is a vector of one. */
  readonly at: string;
  readonly added: string;
}

/** An update out of range is an error, or NaN at index 0 where none can be raised. */
function targets(emitter: Emitter, { updates, indices, axis, shape }: Scatter): Targets {
  const asTargets = (x: string): string => {
    if (axis !== 0) return raises(emitter) ? castTo(emitter, x, 'int64') : x;
    return castTo(emitter, emitter.emit('Unsqueeze', [x, emitter.ints([indices.type.shape.length])]), 'int64');
  };
  if (raises(emitter)) return { at: asTargets(unsigned(emitter, indices)), added: updates.name };
  const { safe, valid } = checked(emitter, indices, shape[axis] ?? 0);
  return { at: asTargets(safe.name), added: keepWhere(emitter, valid, updates.type.shape.length - axis, updates) };
}

/** Rows replaced where nothing can be raised: those that an index meets come from the rows added to zeros. */
function setRows(emitter: Emitter, buffer: Operand, index: Operand, row: Operand): string {
  const { shape, dtype } = buffer.type;
  if (dtype === 'bool') {
    const [before, after] = [buffer, row].map(({ name, type }) =>
      emitter.operand(cast(emitter, 'setRow', name, 'bool', 'i32'), tensorType(type.shape, 'i32')),
    );
    const rows = setRows(emitter, before as Operand, index, after as Operand);
    return cast(emitter, 'setRow', rows, 'i32', 'bool');
  }
  const ones = filled(emitter, 1, index.type.shape, dtype);
  const updates = emitter.operand(ones, tensorType(index.type.shape, dtype));
  const extent = shape.slice(0, 1);
  const hits = scatterAdd(emitter, { updates, indices: index, axis: 0, shape: extent });
  const isKept = emitter.emit('Equal', [hits, emitter.scalar(0, dtype)]);
  const condition = withTrailingAxes(emitter, emitter.operand(isKept, tensorType(extent, 'bool')), shape.length);
  const placed = scatterAdd(emitter, { updates: row, indices: index, axis: 0, shape });
  return emitter.emit('Where', [condition, buffer.name, placed]);
}

/** The least index of what equals the maximum, or is NaN. */
function firstLargest(emitter: Emitter, x: Operand, axis: number): string {
  const top = emitter.lower('reduceMax', [x], { axes: [axis], keepDims: true });
  const { shape } = x.type;
  const along = iota(emitter, [shape[axis] ?? 0, ...range(axis + 1, shape.length).map(() => 1)], 0, 'i32');
  const none = emitter.scalar(2 ** 31 - 1, 'i32');
  const isTop = emitter.emit('Equal', [x.name, top.name]);
  const candidates = emitter.emit('Where', [isTop, along, none]);
  const all =
    x.type.dtype === 'i32'
      ? candidates
      : emitter.emit('Where', [emitter.emit('Equal', [x.name, x.name]), candidates, along]);
  return emitter.lower('reduceMin', [emitter.operand(all, tensorType(shape, 'i32'))], { axes: [axis], keepDims: false })
    .name;
}
