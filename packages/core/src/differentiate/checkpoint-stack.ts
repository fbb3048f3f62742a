/** Checkpoints on a stack: values of a few tensors at increasing positions, in buffers of fixed size. */
import { arange } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { asTensorResult, type Traced } from '../tensor/trace.ts';

/** Leaf by leaf the values at each position; what is above the top is of no meaning. */
export interface CheckpointStack {
  /** The number of checkpoints, i32. */
  readonly top: Tensor;
  /** Where each of them is, i32[slots]. */
  readonly positions: Tensor;
  /** For each leaf its values, [slots, …]. */
  readonly slots: readonly Tensor[];
}

/** A stack without checkpoints, for values like these. */
export const emptyStack = (like: readonly Traced[], slots: number): CheckpointStack => ({
  top: constant(0, [], 'i32'),
  positions: constant(0, [slots], 'i32'),
  slots: like.map(asTensorResult).map(({ shape, dtype }) => constant(0, [slots, ...shape], dtype)),
});

/** The stack with one more checkpoint, for which there must be room. */
export const push = (
  { top, positions, slots }: CheckpointStack,
  at: Tensor,
  leaves: readonly Traced[],
): CheckpointStack => ({
  top: top.add(1),
  positions: positions.setRow(top, at),
  slots: slots.map((rows, i) => rows.setRow(top, asTensorResult(leaves[i]))),
});

/** The last checkpoint. */
export function peek({ top, positions, slots }: CheckpointStack): {
  readonly at: Tensor;
  readonly leaves: readonly Tensor[];
} {
  const last = top.sub(1);
  return { at: positions.at(last), leaves: slots.map((rows) => rows.at(last)) };
}

/** The first, third, … of a stack of `count` checkpoints, an even number. */
export function dropEveryOther({ positions, slots }: CheckpointStack, count: number): CheckpointStack {
  const rows = positions.shape[0] ?? 0;
  const kept = arange(rows)
    .mul(2)
    .minimum(rows - 1);
  return {
    top: constant(count / 2, [], 'i32'),
    positions: positions.gather(kept),
    slots: slots.map((leaf) => leaf.gather(kept)),
  };
}

/** The stack as a flat list, and back. */
export const stackLeaves = ({ top, positions, slots }: CheckpointStack): readonly Tensor[] => [
  top,
  positions,
  ...slots,
];

export const stackOf = (leaves: readonly Traced[]): CheckpointStack => {
  const [top, positions, ...slots] = leaves.map(asTensorResult) as [Tensor, Tensor, ...Tensor[]];
  return { top, positions, slots };
};
