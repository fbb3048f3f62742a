/** The backward loop that `whileLoop` and `scan` share: a `scan` over what the forward loop recorded. */
import { scanFlat } from '../control/loops.ts';
import type { Traced } from '../tensor/trace.ts';
import { addCotangents, materialize, type Cotangent } from './accumulate.ts';
import { applyBackward, type ForwardBackward, type Residuals } from './residuals.ts';

/** A loop to pull back. Its body's inputs are constants, carries and elements; its outputs carries and output elements. */
export interface Sweep {
  readonly fb: ForwardBackward;
  readonly residuals: Residuals;
  /** The body's captured values. */
  readonly constants: readonly Traced[];
  readonly carry: {
    readonly active: readonly boolean[];
    /** The last carries, for their types, and their cotangents. */
    readonly last: readonly Traced[];
    readonly cotangents: readonly Cotangent[];
  };
  /** The loop's output sequences; those that are wanted have a cotangent. */
  readonly outputs: readonly { readonly isWanted: boolean; readonly like: Traced; readonly cotangent: Cotangent }[];
  /** The loop's input sequences. */
  readonly elements: readonly Traced[];
  /** Sequences that the forward loop recorded: carries (by input position of the body), then the saved scalars. */
  readonly recorded: { readonly kept: readonly number[]; readonly sequences: readonly Traced[] };
  /** As the backward scan takes them. */
  readonly length: number | null;
  readonly reverse: boolean;
}

/** Cotangents of the loop's constants, first carries and input sequences. */
export function reverseSweep(sweep: Sweep): readonly Cotangent[] {
  const { fb, residuals, constants, carry, elements, recorded } = sweep;
  const activeCarries = carry.active.flatMap((isActive, i) => (isActive ? [i] : []));
  const reached = (input: number): boolean => fb.positions[input] !== null && fb.positions[input] !== undefined;
  const sums = constants.flatMap((_, i) => (reached(i) ? [i] : []));
  const firstElement = constants.length + carry.active.length;
  const pulledElements = elements.flatMap((_, i) => (reached(firstElement + i) ? [i] : []));
  const neededElements = residuals.inputs.filter((i) => i >= firstElement);
  const wanted = sweep.outputs.filter(({ isWanted }) => isWanted);
  const initial = [
    ...activeCarries.map((i) => materialize(carry.cotangents[i] ?? null, carry.last[i] as Traced)),
    ...sums.map((i) => materialize(null, constants[i] as Traced)),
  ];
  const sequences = [
    ...recorded.sequences,
    ...neededElements.map((i) => elements[i - firstElement] as Traced),
    ...wanted.map(({ cotangent, like }) => materialize(cotangent, like)),
  ];
  // A tape of the inputs gives the length where nothing else does.
  if (sweep.length === null && sequences.length === 0) sequences.push(elements[0] as Traced);
  const body = (state: readonly Traced[], items: readonly Traced[]) => {
    const given = new Map<number, Traced>();
    constants.forEach((x, i) => given.set(i, x));
    recorded.kept.forEach((input, i) => given.set(input, items[i] as Traced));
    const afterKept = recorded.kept.length + residuals.saved.length;
    const afterRecorded = recorded.sequences.length;
    neededElements.forEach((input, i) => given.set(input, items[afterRecorded + i] as Traced));
    const results = applyBackward(fb, residuals, {
      inputs: given,
      saved: items.slice(recorded.kept.length, afterKept),
      cotangents: [...state.slice(0, activeCarries.length), ...items.slice(afterRecorded + neededElements.length)],
    });
    const nextCarry = activeCarries.map((i) => {
      const input = constants.length + i;
      return materialize(results[input] ?? null, fb.inputs[input] as Traced);
    });
    const nextSums = sums.map(
      (i, k) => addCotangents(state[activeCarries.length + k] ?? null, results[i] ?? null) as Traced,
    );
    const pulled = pulledElements.map((i) => results[firstElement + i] as Traced);
    return { carry: [...nextCarry, ...nextSums], outputs: pulled };
  };
  const swept = scanFlat(initial, sequences, { length: sweep.length, reverse: sweep.reverse }, body);
  const cotangents: Cotangent[] = fb.inputs.map(() => null);
  activeCarries.forEach((i, k) => (cotangents[constants.length + i] = swept.carry[k] ?? null));
  sums.forEach((i, k) => (cotangents[i] = swept.carry[activeCarries.length + k] ?? null));
  pulledElements.forEach((i, k) => (cotangents[firstElement + i] = swept.outputs[k] ?? null));
  return cotangents;
}
