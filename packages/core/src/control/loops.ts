/** `whileLoop` and `scan` over trees: bodies are traced once, what they use from outside is captured. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { formatType, sameType, tensorType, type ValueType } from '../graph/graph.ts';
import type { Checkpoints } from '../graph/primitives.ts';
import { flattenTree, requireSameStructure, type MapLeaves, type TreeStructure } from '../tree.ts';
import { isTape, type Tape } from '../tensor/tape.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { apply, asTensorResult, capturesOf, closeGraph, openTrace, type Traced } from '../tensor/trace.ts';
import { passReports, reportCarries } from './thread.ts';

/** What one iteration of a flat `whileLoop` gives. */
export interface FlatIteration {
  readonly carry: readonly Traced[];
  readonly taped?: readonly Traced[];
  readonly advances?: Tensor | undefined;
}

/** `whileLoop` over flat lists: the last carry, then the tapes. */
export function whileFlat(
  initial: readonly Traced[],
  condition: (carry: readonly Traced[]) => Tensor,
  body: (carry: readonly Traced[]) => FlatIteration,
  checkpoints?: Checkpoints,
): { readonly carry: readonly Traced[]; readonly tapes: readonly Traced[] } {
  const types = initial.map((x) => x.type);
  const { trace: conditionTrace, inputs: conditionInputs } = openTrace('condition', types);
  const predicate = condition(conditionInputs);
  if (predicate.dtype !== 'bool' || predicate.rank !== 0) {
    throw new DTypeError('whileLoop', `the condition is ${formatType(predicate.type)}`, { expected: 'bool[]' });
  }
  // Reports of a condition would count once more than its iterations: they are dropped.
  const conditionBody = conditionTrace.close([predicate]);
  const { trace, inputs } = openTrace('body', types);
  const { carry, taped = [], advances } = body(inputs);
  requireCarry('whileLoop', types, carry);
  if (advances !== undefined && (advances.dtype !== 'bool' || advances.rank !== 0)) {
    throw new DTypeError('whileLoop', `advances is ${formatType(advances.type)}`, { expected: 'bool[]' });
  }
  const flag = advances === undefined ? [] : [advances];
  trace.settle([...carry, ...taped, ...flag]);
  const hidden = reportCarries(trace);
  const closed = trace.close([...carry, ...hidden.next, ...taped, ...flag]);
  const captures = capturesOf(conditionBody, closed);
  const conditionGraph = closeGraph(conditionBody, captures);
  const hiddenInputs = hidden.initial.map((x) => ({ type: x.type }));
  const outputs = apply('whileLoop', [...captures, ...initial, ...hidden.initial], {
    condition: { ...conditionGraph, inputs: [...conditionGraph.inputs, ...hiddenInputs] },
    body: closeGraph(closed, captures),
    constants: captures.length,
    taped: taped.length,
    advances: advances !== undefined,
    ...(checkpoints === undefined ? {} : { checkpoints }),
  });
  const carries = types.length + hidden.reports.length;
  passReports(hidden.reports, outputs.slice(types.length, carries));
  return { carry: outputs.slice(0, types.length), tapes: outputs.slice(carries) };
}

/** `scan` over flat lists: the last carry, then the output sequences. */
export function scanFlat(
  initial: readonly Traced[],
  sequences: readonly Traced[],
  options: { readonly length: number | null; readonly reverse: boolean },
  body: (
    carry: readonly Traced[],
    elements: readonly Tensor[],
  ) => { readonly carry: readonly Traced[]; readonly outputs: readonly Traced[] },
): { readonly carry: readonly Traced[]; readonly outputs: readonly Traced[] } {
  const types = initial.map((x) => x.type);
  const { trace, inputs } = openTrace('body', types);
  // Hidden carries stand between the carry and the elements, so the elements' inputs are added last.
  const elements = openElements(sequences);
  const elementInputs = elements.map((type) => asTensorResult(trace.input(type)));
  const { carry, outputs } = body(inputs, elementInputs);
  requireCarry('scan', types, carry);
  trace.settle([...carry, ...outputs]);
  const visible = trace.inputs.splice(types.length);
  const hidden = reportCarries(trace);
  trace.inputs.push(...visible);
  const closed = trace.close([...carry, ...hidden.next, ...outputs]);
  const captures = capturesOf(closed);
  const results = apply('scan', [...captures, ...initial, ...hidden.initial, ...sequences], {
    body: closeGraph(closed, captures),
    constants: captures.length,
    carries: types.length + hidden.reports.length,
    length: options.length,
    reverse: options.reverse,
  });
  const carries = types.length + hidden.reports.length;
  passReports(hidden.reports, results.slice(types.length, carries));
  return { carry: results.slice(0, types.length), outputs: results.slice(carries) };
}

/** The element types of sequences: what a tape holds, or a tensor without its first axis. */
function openElements(sequences: readonly Traced[]): readonly ValueType[] {
  return sequences.map(({ type }) =>
    type.kind === 'tape' ? type.element : tensorType(type.shape.slice(1), type.dtype),
  );
}

/** What one iteration of `whileLoop` gives. */
export interface Iteration<C, E> {
  /** The next carry: the structure, shapes and dtypes of the one before. */
  readonly carry: C;
  /** A tree of tensors to append to tapes. */
  readonly tape?: E;
  /**
   * A bool scalar: where it is false the iteration appends nothing to the tapes and must leave the differentiable part of
   * the carry as it was. The reverse pass then passes over it, and records nothing for it.
   */
  readonly advances?: Tensor;
}

/** How a `whileLoop` is differentiated. */
export interface WhileOptions<C> {
  /**
   * The largest number of carries that its reverse pass holds, at least 4: instead of taping each iteration it runs
   * iterations again from checkpoints (Griewank & Walther 2000), fewer times the more it holds. Where the loop tapes
   * values of its own, it can't be given.
   */
  readonly checkpoints?: number;
  /** Counters among the leaves of the carry, i32 scalars; what they gain in iterations run again is reported by name. */
  readonly tallies?: (carry: C) => Readonly<Record<string, Tensor>>;
}

/**
 * Repeats `body` while `condition` holds; zero times if it does not at first. Differentiable: the reverse records the
 * carry of each iteration on a tape and replays them backwards, or holds no more than `checkpoints` of them.
 *
 * @throws TreeError, ShapeError or DTypeError if the body's carry differs from the one it was given; OptionError if the
 * number of checkpoints is out of range, or the loop tapes values as well.
 * @example
 * const { carry } = whileLoop({ n: i, x }, ({ n }) => n.less(10), ({ n, x }) => ({ carry: { n: n.add(1), x: x.mul(0.5) } }));
 */
export function whileLoop<C, E = readonly []>(
  initial: C,
  condition: (carry: C) => Tensor,
  body: (carry: C) => Iteration<C, E>,
  options: WhileOptions<C> = {},
): { readonly carry: C; readonly tape: MapLeaves<E, Tensor, Tape> } {
  const { leaves, structure } = flattenTree('whileLoop', initial, isTensor);
  let tapeStructure: TreeStructure | undefined;
  const result = whileFlat(
    leaves,
    (carry) => condition(structure.rebuild(carry) as C),
    (carry) => {
      const next = body(structure.rebuild(carry) as C);
      const flat = flattenTree('whileLoop', next.carry, isTensor);
      requireSameStructure('whileLoop', structure, flat.structure);
      const taped = flattenTree('whileLoop', next.tape ?? [], isTensor);
      tapeStructure = taped.structure;
      requireCheckpoints(options.checkpoints, taped.leaves.length);
      return { carry: flat.leaves, taped: taped.leaves, advances: next.advances };
    },
    checkpointsOf(structure, options),
  );
  return {
    carry: structure.rebuild(result.carry) as C,
    tape: tapeStructure?.rebuild(result.tapes) as MapLeaves<E, Tensor, Tape>,
  };
}

/** Checkpoints with the tallies as positions in the carry. */
function checkpointsOf<C>(
  structure: TreeStructure,
  { checkpoints, tallies }: WhileOptions<C>,
): Checkpoints | undefined {
  if (checkpoints === undefined) return undefined;
  const positions = structure.rebuild(structure.paths.map((_, i) => i)) as C;
  const counted = Object.entries(tallies?.(positions) ?? {}) as readonly [string, unknown][];
  return { budget: checkpoints, tallies: counted.map(([report, carry]) => ({ report, carry: carry as number })) };
}

/** The fewest checkpoints: a tape of one iteration, and room to halve what the forward pass keeps. */
const fewestCheckpoints = 4;

function requireCheckpoints(checkpoints: number | undefined, taped: number): void {
  if (checkpoints === undefined) return;
  if (!(Number.isInteger(checkpoints) && checkpoints >= fewestCheckpoints)) {
    throw new OptionError('whileLoop', `checkpoints = ${checkpoints}`, {
      expected: `an integer of at least ${fewestCheckpoints}`,
    });
  }
  if (taped === 0) return;
  throw new OptionError('whileLoop', 'checkpoints for a loop that tapes values', {
    expected: 'one of them',
    advice: 'Iterations that are run again leave no tape: carry what is needed, or leave checkpoints out.',
  });
}

/** One element of a tree of sequences. */
export type Element<X> = MapLeaves<X, Tensor | Tape, Tensor>;

/**
 * Runs `body` along sequences: tensors, by their first axis, or tapes. Gives the last carry and the stacked outputs
 * (tapes, if the sequences are tapes). With `reverse` it runs from the last element to the first; outputs keep the
 * positions of the elements they belong to.
 *
 * @throws ShapeError if the sequences differ in length or mix tapes with tensors; TreeError, ShapeError or DTypeError if the
 * carry changes its structure, shape or dtype.
 * @example
 * // Cumulative products along axis 0.
 * const { outputs } = scan(onesLike(xs.at(0)), xs, (product, x) => { const p = product.mul(x); return { carry: p, output: p }; });
 */
export function scan<C, X, R = readonly []>(
  initial: C,
  sequences: X,
  body: (carry: C, element: Element<X>) => { readonly carry: C; readonly output?: R },
  options: { readonly reverse?: boolean; readonly length?: number } = {},
): { readonly carry: C; readonly outputs: MapLeaves<R, Tensor, X extends Tape ? Tape : Tensor> } {
  const { leaves, structure } = flattenTree('scan', initial, isTensor);
  const xs = flattenTree('scan', sequences, (x): x is Traced => isTensor(x) || isTape(x), 'a tensor or a tape');
  let outputStructure: TreeStructure | undefined;
  const length = sequenceLength(xs.leaves, options.length);
  const result = scanFlat(leaves, xs.leaves, { length, reverse: options.reverse ?? false }, (carry, elements) => {
    const next = body(structure.rebuild(carry) as C, xs.structure.rebuild(elements) as Element<X>);
    const flat = flattenTree('scan', next.carry, isTensor);
    requireSameStructure('scan', structure, flat.structure);
    const output = flattenTree('scan', next.output ?? [], isTensor);
    outputStructure = output.structure;
    return { carry: flat.leaves, outputs: output.leaves };
  });
  return {
    carry: structure.rebuild(result.carry) as C,
    outputs: outputStructure?.rebuild(result.outputs) as MapLeaves<R, Tensor, X extends Tape ? Tape : Tensor>,
  };
}

function sequenceLength(sequences: readonly Traced[], given: number | undefined): number | null {
  const tapes = sequences.filter(isTape).length;
  if (tapes > 0) {
    if (tapes === sequences.length && given === undefined) return null;
    throw new ShapeError('scan', 'tapes together with tensors or with a length', {
      expected: 'sequences that are all tapes or all tensors',
      advice: 'A tape knows its length only when it runs.',
    });
  }
  const lengths = sequences.map((x) => (x.type.kind === 'tensor' ? x.type.shape[0] : undefined));
  const length = given ?? lengths[0];
  if (length === undefined) {
    throw new OptionError('scan', 'no sequence and no length', {
      expected: 'sequences with a first axis, or options.length',
    });
  }
  if (!(Number.isInteger(length) && length >= 0)) {
    throw new OptionError('scan', `length = ${length}`, { expected: 'an integer that is not negative' });
  }
  if (lengths.some((other) => other !== length)) {
    throw new ShapeError('scan', `sequences of lengths ${lengths.map(String).join(', ')}`, {
      expected: `first axes of ${length}`,
    });
  }
  return length;
}

function requireCarry(operation: string, types: readonly ValueType[], carry: readonly Traced[]): void {
  types.forEach((type, i) => {
    const given = carry[i]?.type;
    if (given !== undefined && sameType(type, given)) return;
    throw new ShapeError(operation, `leaf ${i + 1} of the carry became ${given ? formatType(given) : 'nothing'}`, {
      expected: `${formatType(type)}, as it was given`,
      advice: 'A loop body returns a carry of the shapes and dtypes that it received.',
    });
  });
}
