/**
 * The integrator's decisions are of one kind whether the whole state has one time and one step or each sample has its own:
 * a decision, a time or a count is then a scalar, or a vector of one element for each sample ("lane"). The rank tells.
 */
import { cond } from '../control/cond.ts';
import { arange, select, zerosLike } from '../tensor/functions.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, requireSameStructure } from '../tree.ts';

/** Whether decisions are made for each sample. */
export const isPerSample = (x: Tensor): boolean => x.rank > 0;

/**
 * `whenTrue` for the samples where a condition holds, else `whenFalse`: both of one shape, which the condition's leads.
 *
 * @example
 * selectSamples(accept, y1, y0); // bool[20] chooses among the rows of f32[20,2]
 */
export function selectSamples(condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor {
  const trailing = new Array<number>(Math.max(0, whenTrue.rank - condition.rank)).fill(1);
  const along = trailing.length === 0 ? condition : condition.reshape([...condition.shape, ...trailing]);
  return select(along, whenTrue, whenFalse);
}

/** `x` with the rows of samples that are not sound replaced by that of the first lender. */
export const lend = (x: Tensor, isSound: Tensor, lends: Tensor): Tensor =>
  selectSamples(isSound, x, x.at(lends.cast('i32').argMax()));

/**
 * The result of one of two functions of `operands`: one scalar decision executes one of them (`cond`), a decision for each
 * sample both, and each sample has its own result.
 */
export function choose<O, R>(
  condition: Tensor,
  operands: O,
  whenTrue: (operands: O) => R,
  whenFalse: (operands: O) => R,
): R {
  if (!isPerSample(condition)) return cond(condition, operands, whenTrue, whenFalse);
  const then = flattenTree('choose', whenTrue(operands), isTensor);
  const otherwise = flattenTree('choose', whenFalse(operands), isTensor);
  requireSameStructure('choose', then.structure, otherwise.structure);
  const chosen = then.leaves.map((leaf, i) => selectSamples(condition, leaf, otherwise.leaves[i] as Tensor));
  return then.structure.rebuild(chosen) as R;
}

/** `choose` where the second function is rarely needed and costs something: it is executed only if a sample needs it. */
export function chooseRarely<O, R>(
  condition: Tensor,
  operands: O,
  usual: (operands: O) => R,
  rare: (operands: O) => R,
): R {
  if (!isPerSample(condition)) return cond(condition, operands, usual, rare);
  return cond(
    everySample(condition),
    { condition, operands },
    (x) => usual(x.operands),
    (x) => choose(x.condition, x.operands, usual, rare),
  );
}

/** Whether a condition holds for any sample. */
export const anySample = (condition: Tensor): Tensor => (isPerSample(condition) ? condition.any() : condition);

/** Whether a condition holds for every sample. */
export const everySample = (condition: Tensor): Tensor => (isPerSample(condition) ? condition.all() : condition);

/** A row of buffers: the one of a time, or of the time that each sample is at. */
export interface Row {
  read(buffer: Tensor): Tensor;
  /** The buffer with this row replaced. */
  write(buffer: Tensor, value: Tensor | 0): Tensor;
}

/**
 * Row j; where samples have indices of their own, row jᵢ·B + i for each of B samples, of which only those that are `due` are
 * written: the others keep what they have.
 */
export function rowAt(j: Tensor, due: Tensor): Row {
  const samples = j.shape[0];
  if (samples === undefined) {
    return { read: (buffer) => buffer.at(j), write: (buffer, value) => buffer.setRow(j, value) };
  }
  const index = rowIndex(select(due, j, 0), samples);
  const read = (buffer: Tensor): Tensor => buffer.gather(index);
  return {
    read,
    write: (buffer, value) => {
      const kept = read(buffer);
      return buffer.setRow(index, selectSamples(due, value === 0 ? zerosLike(kept) : value, kept));
    },
  };
}

/** Row j of a buffer, or row jᵢ for each sample i. */
export const readRow = (buffer: Tensor, j: Tensor): Tensor =>
  buffer.gather(j.shape[0] === undefined ? j : rowIndex(j, j.shape[0]));

const rowIndex = (j: Tensor, samples: number): Tensor => j.mul(samples).add(arange(samples));

/** `x` stacked along times and samples as the rows of one axis, as `rowAt` counts them; as it is where there is one clock. */
export const asRows = (x: Tensor, lanes: readonly number[]): Tensor =>
  lanes.length === 0 ? x : x.reshape([-1, ...x.shape.slice(1 + lanes.length)]);

/** The reverse of `asRows`. */
export const fromRows = (x: Tensor, lanes: readonly number[]): Tensor =>
  lanes.length === 0 ? x : x.reshape([-1, ...lanes, ...x.shape.slice(1)]);
