/**
 * Binomial checkpointing (Griewank & Walther 2000, "Algorithm 799: revolve"): where to put the next checkpoint so that a
 * chain of steps is reversed with as few steps run again as possible.
 */
import { array } from '../array.ts';
import { asTensor, type Tensor } from '../tensor/tensor.ts';

/** Times that a step is run again, at most, for which the table has exact bounds; beyond, positions are merely good. */
const repetitions = 64;

/** β(s, r) = (s + r)! / (s!·r!): the longest chain that s checkpoints reverse if no step is run more than r times. */
function longestChain(s: number, r: number): number {
  let chain = 1;
  for (let i = 1; i <= s; i++) chain = (chain * (r + i)) / i;
  return Math.min(Math.round(chain), 2 ** 31 - 1);
}

/**
 * How far to advance before the next checkpoint. A chain of `length` ≥ 2 steps is to be reversed; its start is held, and
 * `free` from 1 to `most` further checkpoints can be. All are i32 scalars; so is the result, from 1 to `length` − 1.
 */
export function binomialSplit(length: Tensor, free: Tensor, most: number): Tensor {
  const rows = Array.from({ length: most + 2 }, (_, s) =>
    Array.from({ length: repetitions }, (__, r) => longestChain(s, r)),
  );
  const table = asTensor(array(rows, { dtype: 'i32' }));
  const [withNext, without] = [table.at(free.add(1)), table.at(free)];
  // The least r with β(s, r) ≥ length, for s = free + 1 checkpoints; the first part has r − 1, the rest one checkpoint less.
  const r = withNext
    .less(length)
    .cast('i32')
    .sum()
    .maximum(1)
    .minimum(repetitions - 1);
  const fewer = r.sub(1);
  return withNext
    .at(fewer)
    .minimum(length.sub(without.at(fewer)))
    .maximum(1);
}
