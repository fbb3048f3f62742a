/**
 * The reverse rule of a `whileLoop` with checkpoints: memory that does not grow with the number of iterations. The forward
 * loop stores carries at equal distances, every other one of which is dropped when there is no more room. The reverse pass
 * goes from the last checkpoint to the first: it runs the loop on from there, with further checkpoints where they are worth
 * most (`binomial.ts`), until shortly before the end of what is not yet reversed; the rest is taped and pulled back.
 */
import { cond } from '../control/cond.ts';
import { whileFlat } from '../control/loops.ts';
import { report } from '../control/report.ts';
import type { Graph, NodeOf } from '../graph/graph.ts';
import type { Checkpoints } from '../graph/primitives.ts';
import { closeCarry, neededInputs } from '../passes/dead-code.ts';
import { lower } from '../passes/lower.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { asTensorResult, type Traced } from '../tensor/trace.ts';
import { addCotangents, materialize, zeros, type Cotangent } from './accumulate.ts';
import { binomialSplit } from './binomial.ts';
import {
  dropEveryOther,
  emptyStack,
  peek,
  push,
  stackLeaves,
  stackOf,
  type CheckpointStack,
} from './checkpoint-stack.ts';
import { inline, type Linearized } from './linearize.ts';
import { recordBody, type RecordedBody } from './recorded-body.ts';
import { reverseSweep } from './sweep.ts';

/** How the carries that may be held at a time are used: by simulation, the least that is run again for 10 to 10⁴ iterations. */
interface Rooms {
  /** Iterations that are taped and pulled back together. */
  readonly window: number;
  /** Checkpoints. */
  readonly slots: number;
  /** Checkpoints that the forward loop uses, an even number; the others are free for the reverse pass. */
  readonly forward: number;
}

function roomsOf(budget: number): Rooms {
  const window = Math.max(1, Math.floor(budget / 4));
  const slots = budget - window;
  return { window, slots, forward: Math.max(2, 2 * Math.floor(slots / 3)) };
}

/** A loop as its reverse rule sees it. */
interface Loop {
  readonly condition: Graph;
  readonly body: Graph;
  readonly constants: readonly Traced[];
  /** The first carry. */
  readonly initial: readonly Traced[];
  readonly advances: boolean;
  readonly checkpoints: Checkpoints;
  /** Carries that decide how the loop goes on and what its reverse needs: the others are never stored. */
  readonly held: readonly number[];
}

/** Applies a loop that stores some of its carries; its pullback runs iterations again from them. */
export function linearizeCheckpointed(
  node: NodeOf<'whileLoop'>,
  inputs: readonly Traced[],
  active: readonly boolean[],
  checkpoints: Checkpoints,
): Linearized {
  const { condition, body, constants: captured, advances } = node.params;
  const recorded = recordBody(node.params, inputs.length - captured, active);
  const loop: Loop = {
    condition,
    body,
    constants: inputs.slice(0, captured),
    initial: inputs.slice(captured),
    advances,
    checkpoints,
    held: heldCarries(node.params, recorded.forward, inputs.length - captured),
  };
  const { carry, iterations, stack } = runForward(loop);
  return {
    outputs: carry,
    pullback: (cotangents) => runBackward(loop, recorded, { carry, iterations, stack, cotangents }),
  };
}

/** The carries that the condition, the tallies and the recorded values need in some iteration. */
function heldCarries(
  { condition, constants, checkpoints }: NodeOf<'whileLoop'>['params'],
  forward: Graph,
  carries: number,
): readonly number[] {
  // Lowered: a custom rule seems to need all its operands, the graph within it tells which it reads.
  const read = neededInputs(lower(condition, new Set()), [true]).slice(constants);
  const tallied = checkpoints?.tallies.map(({ carry }) => carry) ?? [];
  const start = read.map((isRead, i) => isRead || tallied.includes(i));
  const others = forward.outputs.slice(carries).map(() => true);
  const { carry } = closeCarry(lower(forward, new Set()), constants, start, others);
  return carry.flatMap((isHeld, i) => (isHeld ? [i] : []));
}

/** Derivatives of these loops hold no more than they do. What they count is nobody's but the first reverse pass's. */
const within = ({ checkpoints }: Loop): Checkpoints => ({ ...checkpoints, tallies: [] });

const heldOf = ({ held }: Loop, carry: readonly Traced[]): readonly Traced[] => held.map((i) => carry[i] as Traced);

/** The whole carry from what is held; nothing that is held depends on the rest. */
const wholeCarry = ({ held, initial }: Loop, leaves: readonly Traced[]): readonly Traced[] =>
  initial.map(({ type }, i) => leaves[held.indexOf(i)] ?? zeros(type));

const goesOn = ({ condition, constants }: Loop, carry: readonly Traced[]): Tensor =>
  asTensorResult(inline(condition, [...constants, ...carry])[0]);

/** Iterates on from `carry` at position `from`, the number of iterations that advanced, to position `to` or the end. */
function iterate(
  loop: Loop,
  carry: readonly Traced[],
  from: Tensor,
  to: Tensor,
): { readonly at: Tensor; readonly carry: readonly Traced[] } {
  const { body, constants, initial, advances } = loop;
  const end = whileFlat(
    [from, ...carry],
    ([at, ...rest]) => asTensorResult(at).less(to).and(goesOn(loop, rest)),
    ([at, ...rest]) => {
      const next = inline(body, [...constants, ...rest]);
      const advanced = advances ? asTensorResult(next[initial.length]).cast('i32') : 1;
      return { carry: [asTensorResult(at).add(advanced), ...next.slice(0, initial.length)] };
    },
    within(loop),
  ).carry;
  return { at: asTensorResult(end[0]), carry: end.slice(1) };
}

/** Iterates again over what the forward loop did already, with held leaves alone, and reports what is counted on the way. */
function iterateAgain(loop: Loop, leaves: readonly Traced[], from: Tensor, to: Tensor): readonly Traced[] {
  const last = heldOf(loop, iterate(loop, wholeCarry(loop, leaves), from, to).carry);
  tally(loop, leaves, last);
  return last;
}

/** Reports what the counters among the held leaves gained. */
function tally({ held, checkpoints }: Loop, first: readonly Traced[], last: readonly Traced[]): void {
  for (const { carry, report: name } of checkpoints.tallies) {
    const i = held.indexOf(carry);
    report(name, asTensorResult(last[i]).sub(asTensorResult(first[i])), 'sum');
  }
}

/** The loop, with carries stored at multiples of a distance, which doubles when there is no more room. */
function runForward(loop: Loop): {
  readonly carry: readonly Traced[];
  /** How many iterations advanced. */
  readonly iterations: Tensor;
  readonly stack: CheckpointStack;
} {
  const { window, slots, forward } = roomsOf(loop.checkpoints.budget);
  const first = emptyStack(heldOf(loop, loop.initial), slots);
  const leaves = stackLeaves(first).length;
  const { carry } = whileFlat(
    [constant(0, [], 'i32'), constant(window, [], 'i32'), ...stackLeaves(first), ...loop.initial],
    (state) => goesOn(loop, state.slice(2 + leaves)),
    ([position, ...state]) => {
      const at = asTensorResult(position);
      const carried = state.slice(1 + leaves);
      const { distance, stack } = cond(
        asTensorResult(state[1]).equal(forward),
        { distance: asTensorResult(state[0]), stack: stackOf(state.slice(1, 1 + leaves)) },
        (x) => ({ distance: x.distance.mul(2), stack: dropEveryOther(x.stack, forward) }),
        (x) => x,
      );
      const next = iterate(loop, carried, at, at.add(distance));
      return { carry: [next.at, distance, ...stackLeaves(push(stack, at, heldOf(loop, carried))), ...next.carry] };
    },
    within(loop),
  );
  return {
    carry: carry.slice(2 + leaves),
    iterations: asTensorResult(carry[0]),
    stack: stackOf(carry.slice(2, 2 + leaves)),
  };
}

/** What the forward loop left, and the cotangents of its last carry. */
interface Ran {
  readonly carry: readonly Traced[];
  readonly iterations: Tensor;
  readonly stack: CheckpointStack;
  readonly cotangents: readonly Cotangent[];
}

/** Cotangents of the constants and of the first carry. */
function runBackward(loop: Loop, recorded: RecordedBody, ran: Ran): readonly Cotangent[] {
  const { constants, initial } = loop;
  const { window } = roomsOf(loop.checkpoints.budget);
  const carries = recorded.active.flatMap((isActive, i) => (isActive ? [i] : []));
  const sums = constants.flatMap((_, i) => (recorded.fb.positions[i] == null ? [] : [i]));
  const leaves = stackLeaves(ran.stack).length;
  const { carry } = whileFlat(
    [
      ran.iterations,
      ...stackLeaves(ran.stack),
      ...carries.map((i) => materialize(ran.cotangents[i] ?? null, ran.carry[i] as Traced)),
      ...sums.map((i) => materialize(null, constants[i] as Traced)),
    ],
    ([end]) => asTensorResult(end).greater(0),
    ([end, ...state]) => {
      const to = asTensorResult(end);
      const stack = addCheckpoints(loop, stackOf(state.slice(0, leaves)), to);
      const given = state.slice(leaves);
      const last = peek(stack);
      const from = last.at.maximum(to.sub(window));
      const start = iterateAgain(loop, last.leaves, last.at, from);
      const cotangents = recorded.active.map((isActive, i) => (isActive ? (given[carries.indexOf(i)] ?? null) : null));
      const pulled = pullBack(loop, recorded, { start, from, to, cotangents });
      const isSpent = last.at.equal(from).cast('i32');
      return {
        carry: [
          from,
          ...stackLeaves({ ...stack, top: stack.top.sub(isSpent) }),
          ...carries.map((i) => materialize(pulled[constants.length + i] ?? null, initial[i] as Traced)),
          ...sums.map((i, k) => addCotangents(given[carries.length + k] ?? null, pulled[i] ?? null) as Traced),
        ],
      };
    },
    within(loop),
  );
  const found = carry.slice(1 + leaves);
  const all: Cotangent[] = [...constants, ...initial].map(() => null);
  carries.forEach((i, k) => (all[constants.length + i] = found[k] ?? null));
  sums.forEach((i, k) => (all[i] = found[carries.length + k] ?? null));
  return all;
}

/** Runs on from the last checkpoint, with further ones while there is room and the rest is longer than the window. */
function addCheckpoints(loop: Loop, stack: CheckpointStack, to: Tensor): CheckpointStack {
  const { window, slots } = roomsOf(loop.checkpoints.budget);
  const { carry } = whileFlat(
    stackLeaves(stack),
    (state) => {
      const { top, positions } = stackOf(state);
      return top.less(slots).and(to.sub(positions.at(top.sub(1))).greater(window));
    },
    (state) => {
      const now = stackOf(state);
      const { at, leaves } = peek(now);
      const windows = to
        .sub(at)
        .add(window - 1)
        .div(window);
      const next = at.add(binomialSplit(windows, now.top.neg().add(slots), slots).mul(window));
      return { carry: stackLeaves(push(now, next, iterateAgain(loop, leaves, at, next))) };
    },
    within(loop),
  );
  return stackOf(carry);
}

/** Some iterations to pull back. */
interface Span {
  /** Held leaves of the carry at `from`. */
  readonly start: readonly Traced[];
  readonly from: Tensor;
  readonly to: Tensor;
  /** Cotangents of the carry at `to`. */
  readonly cotangents: readonly Cotangent[];
}

/** Cotangents of the constants, and of the carry at the start: iterations are run again, taped and pulled back. */
function pullBack(loop: Loop, recordedBody: RecordedBody, span: Span): readonly Cotangent[] {
  const { constants, initial, advances } = loop;
  const { fb, residuals, forward, recorded, kept, active } = recordedBody;
  const { carry, tapes } = whileFlat(
    [span.from, ...wholeCarry(loop, span.start)],
    ([at, ...rest]) => asTensorResult(at).less(span.to).and(goesOn(loop, rest)),
    ([at, ...rest]) => {
      const next = inline(forward, [...constants, ...rest]);
      const advanced = advances ? asTensorResult(next[initial.length + recorded]) : undefined;
      return {
        carry: [asTensorResult(at).add(advanced?.cast('i32') ?? 1), ...next.slice(0, initial.length)],
        taped: next.slice(initial.length, initial.length + recorded),
        advances: advanced,
      };
    },
  );
  const last = carry.slice(1);
  tally(loop, span.start, heldOf(loop, last));
  return reverseSweep({
    fb,
    residuals,
    constants,
    carry: { active, last, cotangents: span.cotangents },
    outputs: [],
    elements: [],
    recorded: { kept, sequences: tapes },
    length: null,
    reverse: true,
  });
}
