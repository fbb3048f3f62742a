/** The state of a solve: a tree of tensors, whose leaves are of one float dtype. */
import { isHostArray } from '../array.ts';
import { DTypeError, ShapeError, TreeError } from '../errors.ts';
import { isFloat, type DType } from '../graph/dtype.ts';
import { formatType, type Shape } from '../graph/graph.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';
import { flattenTree, type MapLeaves, type TreeStructure } from '../tree.ts';
import type { Leaves } from './solver.ts';

/** A state as tensors. */
export type StateOf<Y> = MapLeaves<Y, TensorLike, Tensor>;

export interface State {
  readonly leaves: Leaves;
  readonly structure: TreeStructure;
  readonly dtype: DType;
  /** The shape of times: the number of samples where each has its own, else none. */
  readonly lanes: Shape;
}

export const isLike = (x: unknown): x is TensorLike => typeof x === 'number' || isTensor(x) || isHostArray(x);

/**
 * A tree as the state of a solve; its numbers have the dtype of its tensors, or `fallback`.
 *
 * @throws TreeError, DTypeError or ShapeError naming the leaf that is none.
 */
export function asState(y0: unknown, fallback: DType, perSample: boolean): State {
  const flat = flattenTree('odeint', y0, isLike, 'a tensor or a number');
  const { structure } = flat;
  const dtype = flat.leaves.find((leaf) => isTensor(leaf) || isHostArray(leaf))?.dtype ?? fallback;
  const leaves = flat.leaves.map((leaf) => asTensor(leaf, dtype, 'odeint'));
  requireState(leaves, structure, dtype);
  return { leaves, structure, dtype, lanes: perSample ? samplesOf(leaves, structure) : [] };
}

/** How errors name leaf `i` of a tree. */
export const leafName = ({ paths }: TreeStructure, i: number, tree = 'the state'): string =>
  paths[i] === '' ? tree : `leaf '${paths[i] ?? ''}' of ${tree}`;

function requireState(leaves: Leaves, structure: TreeStructure, dtype: DType): void {
  if (leaves.length === 0)
    throw new TreeError('odeint', 'the state has no leaves', { expected: 'at least one tensor' });
  leaves.forEach((leaf, i) => {
    const name = leafName(structure, i);
    if (!isFloat(leaf.dtype) || leaf.dtype !== dtype) {
      throw new DTypeError('odeint', `${name} is ${formatType(leaf.type)}`, {
        expected: isFloat(dtype) ? `${dtype}, as the first leaf` : 'f32 or f64',
        advice: "Convert it with .cast('f32') or array(…, { dtype: 'f32' }).",
      });
    }
    if (leaf.shape.includes(0)) {
      throw new ShapeError('odeint', `${name} is ${formatType(leaf.type)}: it has no elements`, {
        expected: 'a state with at least one element',
        advice: 'Check that the batch is not empty.',
      });
    }
  });
}

/** The extent of the samples' axis, which all leaves share. */
function samplesOf(leaves: Leaves, structure: TreeStructure): Shape {
  const samples = leaves[0]?.shape[0];
  leaves.forEach(({ shape, type }, i) => {
    if (samples !== undefined && shape[0] === samples) return;
    const name = leafName(structure, i);
    throw new ShapeError('odeint', `${name} is ${formatType(type)}, with perSample`, {
      expected: `a first axis of ${samples === undefined ? 'the' : samples} samples`,
      advice: 'With steps for each sample all leaves of the state lead with the samples.',
    });
  });
  return [samples as number];
}
