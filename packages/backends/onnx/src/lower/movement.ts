/** Primitives that make or move elements. Shapes are int64 operands, never attributes: an export may make them dynamic. */
import { sameShape, type Shape } from '@node-ode/core';
import { elementTypeOf } from '../model/ir.ts';
import { cast } from './arithmetic.ts';
import type { Attributes, Emitter, Lowering, Operand } from './contract.ts';
import { hasKernel, requireKernel, type Kernel } from './kernels.ts';
import { int, iota, range, reshape, vector } from './shaping.ts';

type Movement = 'iota' | 'reshape' | 'broadcastTo' | 'transpose' | 'slice' | 'pad' | 'concat';

export const movementRules: { readonly [P in Movement]: Lowering<P> } = {
  iota: (emitter, { params: { shape, axis, dtype } }) => iota(emitter, shape, axis, dtype === 'bool' ? 'i32' : dtype),
  reshape: (emitter, { params: { shape } }, [x]) => {
    const { name, type } = x as Operand;
    return sameShape(type.shape, shape) ? name : reshape(emitter, name, shape);
  },
  broadcastTo: (emitter, { params: { shape } }, [x]) => {
    const { type } = x as Operand;
    if (sameShape(type.shape, shape)) return (x as Operand).name;
    requireKernel(emitter, 'broadcastTo', 'Expand', type.dtype);
    return emitter.emit('Expand', [(x as Operand).broadcast, emitter.ints(shape)]);
  },
  transpose: (emitter, { params: { perm } }, [x]) => {
    if (perm.every((axis, i) => axis === i)) return (x as Operand).name;
    return moved(emitter, 'transpose', 'Transpose', [x as Operand], ([name]) => [
      [name as string],
      { perm: { kind: 'ints', value: perm } },
    ]);
  },
  slice: (emitter, { params: { starts, sizes } }, [x]) => slice(emitter, x as Operand, starts, sizes),
  pad: (emitter, { params: { before, after, value } }, [x]) => {
    if ([...before, ...after].every((width) => width === 0)) return (x as Operand).name;
    return moved(emitter, 'pad', 'Pad', [x as Operand], ([name], dtype) => [
      [name as string, emitter.ints([...before, ...after]), emitter.scalar(value, dtype)],
      {},
    ]);
  },
  concat: (emitter, { params: { axis } }, operands) => {
    if (operands.length === 1) return (operands[0] as Operand).name;
    return moved(emitter, 'concat', 'Concat', operands, (names) => [names, { axis: int(axis) }]);
  },
};

/** The elements of a node, given the names of its operands as the provider has them and their dtype. */
type Inputs = (
  names: readonly string[],
  dtype: 'f32' | 'f64' | 'i32' | 'bool',
) => readonly [readonly string[], Attributes];

/** A node that moves elements. Booleans travel as i32 where the provider moves no booleans. */
function moved(
  emitter: Emitter,
  primitive: string,
  kernel: Kernel,
  operands: readonly Operand[],
  inputs: Inputs,
): string {
  const { dtype } = (operands[0] as Operand).type;
  const names = operands.map(({ name }) => name);
  const has = (type: typeof dtype): boolean => hasKernel(emitter.provider, kernel, elementTypeOf(type));
  if (dtype !== 'bool' || has('bool') || !has('i32')) {
    requireKernel(emitter, primitive, kernel, dtype);
    return emitter.emit(kernel, ...inputs(names, dtype));
  }
  const numbers = names.map((name) => cast(emitter, primitive, name, 'bool', 'i32'));
  return cast(emitter, primitive, emitter.emit(kernel, ...inputs(numbers, 'i32')), 'i32', 'bool');
}

/** Cuts only the axes that change, so that a dynamic one is not mentioned. */
function slice(emitter: Emitter, { name, type }: Operand, starts: readonly number[], sizes: Shape): string {
  const axes = range(0, sizes.length).filter((axis) => sizes[axis] !== type.shape[axis]);
  if (axes.length === 0) return name;
  const at = (axis: number): number => starts[axis] ?? 0;
  if (!hasKernel(emitter.provider, 'Slice', elementTypeOf(type.dtype))) {
    requireKernel(emitter, 'slice', 'Gather', type.dtype);
    return axes.reduce((x, axis) => {
      const kept = vector(range(at(axis), at(axis) + (sizes[axis] ?? 0)), 'i32');
      return emitter.emit('Gather', [x, emitter.constant(kept)], { axis: int(axis) });
    }, name);
  }
  const ends = axes.map((axis) => at(axis) + (sizes[axis] ?? 0));
  return emitter.emit('Slice', [name, emitter.ints(axes.map(at)), emitter.ints(ends), emitter.ints(axes)]);
}
