/**
 * What the host fetches from a segment, in one vector: every copy from a GPU waits for it, and costs as much for a scalar as
 * for a thousand.
 */
import { sizeOf, tensorType, value, type DType, type NodeOf, type Value } from '@node-ode/core';
import type { PlainNode } from './scope.ts';

/** Nodes that put values one behind the other, and the vector that they give. */
export interface Pack {
  readonly values: readonly Value[];
  readonly nodes: readonly PlainNode[];
  readonly output: Value;
}

/** Packs those of a segment's results that a float can hold; undefined if there are not two of them. */
export function packOf(results: readonly Value[], nodes: readonly PlainNode[]): Pack | undefined {
  const dtypes = results.map(dtypeOf);
  const dtype = dtypes.includes('f64') ? 'f64' : 'f32';
  const values = results.filter((x) => dtypeOf(x) !== 'i32' || dtype === 'f64' || isFlag(x, nodes));
  if (values.length < 2) return undefined;
  const added: PlainNode[] = [];
  const rows = values.map((x) => {
    const size = x.type.kind === 'tensor' ? sizeOf(x.type.shape) : 0;
    const number = dtypeOf(x) === dtype ? x : value(tensorType(x.type.kind === 'tensor' ? x.type.shape : [], dtype));
    if (number !== x) added.push({ op: 'cast', inputs: [x], params: { dtype }, outputs: [number] });
    const row = value(tensorType([size], dtype));
    added.push({ op: 'reshape', inputs: [number], params: { shape: [size] }, outputs: [row] });
    return row;
  });
  const total = rows.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  const output = value(tensorType([total], dtype));
  const join: NodeOf<'concat'> = { op: 'concat', inputs: rows, params: { axis: 0 }, outputs: [output] };
  return { values, nodes: [...added, join], output };
}

const dtypeOf = ({ type }: Value): DType => (type.kind === 'tape' ? type.element : type).dtype;

/** Whether integers are 0 or 1: truths that were counted with, as in "all are finite". f32 holds no other i32 for certain. */
function isFlag(x: Value, nodes: readonly PlainNode[]): boolean {
  const node = nodes.find(({ outputs }) => outputs.includes(x));
  switch (node?.op) {
    case 'cast':
      return dtypeOf(node.inputs[0]!) === 'bool';
    case 'reduceMin':
    case 'reduceMax':
    case 'reshape':
    case 'minimum':
    case 'maximum':
      return node.inputs.every((input) => isFlag(input, nodes));
    default:
      return false;
  }
}
