/** A recurrent cell along a sequence, in one loop of the graph. */
import {
  asTensor,
  constant,
  DTypeError,
  formatType,
  isTensor,
  mapTree,
  sameShape,
  scan,
  select,
  ShapeError,
  type Tensor,
  type TensorLike,
  type TensorsOf,
} from '@node-ode/core';
import { isLeading, toRank } from '../leading-axes.ts';
import type { Cell } from './cell.ts';

/** How a cell runs along a sequence. */
export interface UnrollOptions<State> {
  /** The state before the first step; `cell.initialState` (zeros) by default. */
  readonly initial?: State;
  /** From the last element to the first; outputs keep the positions of their inputs. */
  readonly reverse?: boolean;
  /**
   * bool [time, ...batch]: where it is false there is no element. The state stays as it was, and the output is that of the
   * state that stayed. The input there may be anything, NaN too: it touches neither results nor gradients.
   */
  readonly mask?: TensorLike;
}

/** What `unroll` gives. */
export interface Unrolled<State> {
  /** The cell's output at each step: [time, ...batch, features]. */
  readonly outputs: Tensor;
  /** The state after the last step (with `reverse`, after the first element). */
  readonly state: State;
}

/**
 * Runs a cell along inputs [time, ...batch, features], by `scan`. PyTorch calls this layout `batch_first=False`; there is
 * commonly one batch axis, and there may be none. A network in both directions is two calls, one with `reverse`, whose
 * outputs are joined.
 *
 * @throws ShapeError if the inputs have fewer than two axes, the mask is not of their shape without the last axis, or a
 * leaf of the state, under a mask, has not the batch's axes first; DTypeError if the mask is not bool. What the cell
 * refuses it refuses here.
 * @example
 * const cell = gruCell(3, 16);
 * const params = cell.init(random(0));
 * const f = (p: TensorsOf<typeof params>, xs: Tensor) => unroll(cell, p, xs).outputs; // [50,20,3] gives [50,20,16]
 */
export function unroll<Params, State>(
  cell: Cell<Params, State>,
  params: TensorsOf<Params>,
  inputs: Tensor,
  options: UnrollOptions<State> = {},
): Unrolled<State> {
  if (inputs.rank < 2) {
    throw new ShapeError('unroll', `inputs ${formatType(inputs.type)}`, {
      expected: '[time, ...batch, features]',
      advice: 'Time is the first axis and features are the last.',
    });
  }
  const steps = stepsOf(inputs, options.mask);
  const initial = options.initial ?? cell.initialState(constant(0, inputs.shape.slice(1), inputs.dtype));
  const { carry, outputs } = scan(
    initial,
    steps,
    (state: State, { input, mask }: Steps) => {
      const next = cell.apply(params, state, input);
      const kept = mask === undefined ? next : keepUnless(mask, next, state);
      return { carry: kept, output: cell.output(kept) };
    },
    { reverse: options.reverse ?? false },
  );
  return { outputs, state: carry };
}

/** What the loop runs along, and what one step sees of it. */
interface Steps {
  readonly input: Tensor;
  readonly mask?: Tensor;
}

function stepsOf(inputs: Tensor, given: TensorLike | undefined): Steps {
  if (given === undefined) return { input: inputs };
  const mask = asTensor(given, 'bool', 'unroll');
  if (mask.dtype !== 'bool') {
    throw new DTypeError('unroll', `a mask ${formatType(mask.type)}`, {
      expected: 'bool, true where there is an element',
      advice: 'Compare numbers with .notEqual(0).',
    });
  }
  if (!sameShape(mask.shape, inputs.shape.slice(0, -1))) {
    throw new ShapeError('unroll', `a mask ${formatType(mask.type)} for inputs ${formatType(inputs.type)}`, {
      expected: `a mask of shape [${inputs.shape.slice(0, -1).join(', ')}]`,
    });
  }
  // The cell never sees what stands at masked places: a NaN there would come back as 0 · NaN in gradients of weights.
  return { input: select(toRank(mask, inputs.rank), inputs, 0), mask };
}

function keepUnless<State>(mask: Tensor, next: State, state: State): State {
  const choose = (...[to, from]: readonly Tensor[]): Tensor => {
    if (!isLeading(mask.shape, to!.shape)) {
      throw new ShapeError('unroll', `a leaf ${formatType(to!.type)} of the state under a mask`, {
        expected: `the batch's axes first: [${[...mask.shape, '...'].join(', ')}]`,
      });
    }
    return select(toRank(mask, to!.rank), to!, from!);
  };
  return mapTree('unroll', isTensor, choose, next, state) as State;
}
