/** Sums of cotangents. Null is a zero that nobody computes. */
import { scanFlat } from '../control/loops.ts';
import { isTape } from '../tensor/tape.ts';
import { constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import type { Traced } from '../tensor/trace.ts';
import type { ValueType } from '../graph/graph.ts';

/** A cotangent: null is zero. */
export type Cotangent = Traced | null;

/** a + b of cotangents of one value; tapes are added entry by entry. */
export function addCotangents(a: Cotangent, b: Cotangent): Cotangent {
  if (a === null) return b;
  if (b === null) return a;
  if (isTensor(a) && isTensor(b)) return a.add(b);
  const { outputs } = scanFlat([], [a, b], { length: null, reverse: false }, (_, [x, y]) => ({
    carry: [],
    outputs: [(x as Tensor).add(y as Tensor)],
  }));
  return outputs[0] ?? null;
}

/** A cotangent as a tensor or tape: zeros where it is null. `like` gives a tape its length. */
export function materialize(cotangent: Cotangent, like: Traced): Traced {
  if (cotangent !== null) return cotangent;
  if (!isTape(like)) return zeros(like.type);
  const { outputs } = scanFlat([], [like], { length: null, reverse: false }, () => ({
    carry: [],
    outputs: [zeros(like.type.element)],
  }));
  return outputs[0] as Traced;
}

/** A tensor of zeros of a type. */
export const zeros = (type: ValueType): Tensor =>
  type.kind === 'tape' ? zeros(type.element) : constant(0, type.shape, type.dtype);
