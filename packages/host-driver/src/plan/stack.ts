/** Joining the elements that a loop has left on the device to one tensor. */
import { tensorType, value, type NodeOf, type TensorType, type Value } from '@node-ode/core';
import type { Segment } from './partition.ts';
import type { PlainNode } from './scope.ts';

/** Operands of one join: few enough for any provider, and so many that a thousand elements are joined in two levels. */
const mostOperands = 32;

/** What one level joins: segments for groups of `width` and for a smaller one at the end, where there are such. */
export interface StackSegments {
  readonly width: number;
  readonly whole: Segment | undefined;
  readonly rest: Segment | undefined;
}

/** The segments that stack `length` elements of a type, level by level. */
export function stackSegments({ shape, dtype }: TensorType, length: number): readonly StackSegments[] {
  const levels: StackSegments[] = [];
  const rows = (n: number): TensorType => tensorType([n, ...shape], dtype);
  /** Rows of the operands of a level: all but the last have as many. */
  let [each, last, count] = [1, 1, length];
  do {
    const width = Math.min(mostOperands, count);
    const groups = Math.ceil(count / width);
    const left = count - (groups - 1) * width;
    const types = (n: number, end: number): readonly TensorType[] =>
      Array.from({ length: n }, (_, i) =>
        levels.length === 0 ? tensorType(shape, dtype) : rows(i < n - 1 ? each : end),
      );
    const isEven = left === width && last === each;
    levels.push({
      width,
      whole: groups > 1 || isEven ? joining(types(width, each), rows(width * each)) : undefined,
      rest: isEven ? undefined : joining(types(left, last), rows((left - 1) * each + last)),
    });
    last = (left - 1) * each + last;
    each *= width;
    count = groups;
  } while (count > 1);
  return levels;
}

/** Joins tensors along a first axis, which elements get here. */
function joining(types: readonly TensorType[], result: TensorType): Segment {
  const inputs = types.map((type) => value(type));
  const nodes: PlainNode[] = [];
  const rows = inputs.map((input): Value => {
    if (input.type.shape.length === result.shape.length) return input;
    const shape = [1, ...input.type.shape];
    const row = value(tensorType(shape, result.dtype));
    nodes.push({ op: 'reshape', inputs: [input], params: { shape }, outputs: [row] });
    return row;
  });
  const output = value(result);
  const join: NodeOf<'concat'> = { op: 'concat', inputs: rows, params: { axis: 0 }, outputs: [output] };
  return {
    graph: { name: 'stack', inputs, nodes: [...nodes, join], outputs: [output] },
    results: [{ values: [output], isHost: false }],
  };
}
