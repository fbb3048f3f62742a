/** The contract of recurrent cells, and what the usual ones share. */
import { constant, formatType, sameShape, ShapeError, type Random, type Tensor, type TensorsOf } from '@node-ode/core';
import { uniform, type Initializer } from '../initializers/initializer.ts';
import { affine, initAffine, requireFeatures, type LinearOptions } from '../layers/affine.ts';
import type { LinearParams } from '../layers/layer.ts';
import { requirePositiveInteger } from '../options.ts';

/**
 * One step along a sequence, as a pure function. A state is a tree of tensors whose leading axes are those of the input;
 * `unroll` runs a cell along a whole sequence.
 *
 * @example
 * // Exponential smoothing.
 * const smooth: Cell<readonly [], Tensor> = {
 *   name: 'smooth',
 *   init: () => [],
 *   initialState: (x) => zerosLike(x),
 *   apply: (_, state, x) => state.mul(0.9).add(x.mul(0.1)),
 *   output: (state) => state,
 * };
 */
export interface Cell<Params, State> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The state before the first step, for inputs of this one's shape and dtype; its values do not count. */
  initialState(input: Tensor): State;
  /** The next state; parameters are traced. */
  apply(params: TensorsOf<Params>, state: State, input: Tensor): State;
  /** What the rest of a network sees of a state. */
  output(state: State): Tensor;
}

/**
 * Parameters of the usual cells: affine maps of the input and of the hidden state, each with a bias as in PyTorch. The
 * blocks of a cell's gates lie one behind the other along the outputs, in PyTorch's order: `weight_ih_l0` is the transpose
 * of `input.weight`, `weight_hh_l0` that of `hidden.weight`.
 */
export interface CellParams {
  /** `weight` [inFeatures, gates · hiddenFeatures], `bias` [gates · hiddenFeatures]. */
  readonly input: LinearParams;
  /** `weight` [hiddenFeatures, gates · hiddenFeatures], `bias` [gates · hiddenFeatures]. */
  readonly hidden: LinearParams;
}

/** Options of recurrent cells, for both affine maps. */
export interface CellOptions extends LinearOptions {
  /** Of both weights; uniform on ±1/√hiddenFeatures, PyTorch's default, by default. */
  readonly weightInit?: Initializer;
  /** Of both biases; uniform on ±1/√hiddenFeatures, PyTorch's default, by default. */
  readonly biasInit?: Initializer;
}

/** What a cell is made of. */
export interface CellParts {
  init(random: Random): CellParams;
  /** Zeros [..., hiddenFeatures] for an input [..., inFeatures]. */
  zeros(input: Tensor): Tensor;
  /** For each gate x·W + b and h·U + c, both [..., hiddenFeatures]. */
  project(params: TensorsOf<CellParams>, hidden: Tensor, input: Tensor): readonly GateInputs[];
  /** @throws ShapeError unless this part of a state has the shape [..., hiddenFeatures]. */
  requireState(state: Tensor, input: Tensor): void;
}

/** What one gate gets from the input and from the hidden state. */
export interface GateInputs {
  readonly fromInput: Tensor;
  readonly fromHidden: Tensor;
}

/** What cells of `gates` blocks share. */
export function cellParts(
  operation: string,
  gates: number,
  inFeatures: number,
  hiddenFeatures: number,
  options: CellOptions,
): CellParts {
  requirePositiveInteger(operation, 'inFeatures', inFeatures);
  requirePositiveInteger(operation, 'hiddenFeatures', hiddenFeatures);
  const bound = 1 / Math.sqrt(hiddenFeatures);
  const start = uniform({ low: -bound, high: bound });
  const complete = { weightInit: start, biasInit: start, ...options };
  const stateShape = (input: Tensor): readonly number[] => [...input.shape.slice(0, -1), hiddenFeatures];
  const requireState = (state: Tensor, input: Tensor): void => {
    if (sameShape(state.shape, stateShape(input))) return;
    throw new ShapeError(operation, `a state ${formatType(state.type)} for an input ${formatType(input.type)}`, {
      expected: `a state of shape [${stateShape(input).join(', ')}]`,
      advice: 'initialState(input) gives one of zeros.',
    });
  };
  const block = (x: Tensor, gate: number): Tensor => {
    const lead = x.shape.slice(0, -1);
    return x.slice([...lead.map(() => 0), gate * hiddenFeatures], [...lead, hiddenFeatures]);
  };
  return {
    init: (random) => ({
      input: initAffine(random, inFeatures, gates * hiddenFeatures, complete),
      hidden: initAffine(random, hiddenFeatures, gates * hiddenFeatures, complete),
    }),
    zeros: (input) => constant(0, stateShape(input), input.dtype),
    project: (params, hidden, input) => {
      requireFeatures(operation, input, inFeatures);
      requireState(hidden, input);
      const [fromInput, fromHidden] = [affine(params.input, input), affine(params.hidden, hidden)];
      return Array.from({ length: gates }, (_, gate) => ({
        fromInput: block(fromInput, gate),
        fromHidden: block(fromHidden, gate),
      }));
    },
    requireState,
  };
}

/** The sum of both: what most gates are a function of. */
export const total = ({ fromInput, fromHidden }: GateInputs): Tensor => fromInput.add(fromHidden);
