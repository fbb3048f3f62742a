/** The contract of an optimiser, and what makes one from the update of a single leaf. */
import {
  array,
  DTypeError,
  flattenTree,
  formatType,
  isHostArray,
  isTensor,
  requireSameStructure,
  ShapeError,
  TreeError,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { requireNonNegative } from '../options.ts';
import type { Schedule } from '../schedules/schedules.ts';

/**
 * What an optimiser remembers: the number of updates made (i32), and trees like the parameters by name (momentum, moments).
 * `Scalar` is `HostArray` on the host and `Tensor` where it is traced; `P` is the parameters' tree there.
 */
export interface OptimizerState<Scalar, P> {
  readonly step: Scalar;
  readonly slots: { readonly [name: string]: P };
}

/**
 * An optimiser as pure functions over trees. `update` is traced, so that it runs within the compiled training step and its
 * state stays on the device.
 *
 * @example
 * const optimizer = adam({ learningRate: 1e-3 });
 * const state = optimizer.init(params);
 * // in a traced step: const next = optimizer.update(grads, state, params); // { params, state }
 */
export interface Optimizer {
  readonly name: string;
  /** The first state for a tree of host arrays. */
  init<P>(params: P): OptimizerState<HostArray, P>;
  /** The parameters and the state after one update; all trees have the structure and shapes of `params`. */
  update<T>(
    grads: T,
    state: OptimizerState<Tensor, T>,
    params: T,
  ): { readonly params: T; readonly state: OptimizerState<Tensor, T> };
}

/** A learning rate: a number, or a schedule. */
export type LearningRate = number | Schedule;

/** One leaf as an update sees it. */
export interface LeafUpdate {
  readonly grad: Tensor;
  readonly param: Tensor;
  /** This leaf of each slot. */
  readonly slots: { readonly [name: string]: Tensor };
  /** The learning rate at this step. */
  readonly rate: Tensor | number;
  /** Number of this update, counted from 1, in the leaf's dtype. */
  readonly count: Tensor;
}

/** What `optimizer` needs to know. */
export interface OptimizerDefinition {
  readonly name: string;
  readonly learningRate: LearningRate;
  /** Names of the trees that it remembers; they start as zeros. */
  readonly slots: readonly string[];
  /** The next value of one leaf and of its slots, all of them. */
  readonly update: (leaf: LeafUpdate) => {
    readonly param: Tensor;
    readonly slots: { readonly [name: string]: Tensor };
  };
}

/**
 * An optimiser that updates each leaf by itself.
 *
 * @throws OptionError if the learning rate is negative. When used: TreeError or ShapeError if gradients, state and
 * parameters differ in structure or shape, DTypeError if a parameter is no float.
 * @example
 * const signSgd = optimizer({
 *   name: 'signSgd', learningRate: 1e-3, slots: [],
 *   update: ({ grad, param, rate }) => ({ param: param.sub(grad.sign().mul(rate)), slots: {} }),
 * });
 */
export function optimizer({ name, learningRate, slots, update }: OptimizerDefinition): Optimizer {
  if (typeof learningRate === 'number') requireNonNegative(name, 'learningRate', learningRate);
  const rateAt = (step: Tensor): Tensor | number =>
    typeof learningRate === 'number' ? learningRate : learningRate(step);

  const init = <P>(params: P): OptimizerState<HostArray, P> => {
    const { leaves, structure } = flattenTree(name, params, isHostArray, 'a host array');
    leaves.forEach((leaf, i) => requireFloat(name, structure.paths[i], leaf.dtype));
    const fresh = (): P =>
      structure.rebuild(
        leaves.map(({ shape, dtype, data }) => array(new Float64Array(data.length), { shape, dtype })),
      ) as P;
    return { step: array(0, { dtype: 'i32' }), slots: Object.fromEntries(slots.map((slot) => [slot, fresh()])) };
  };

  const updateTree: Optimizer['update'] = <T>(grads: T, state: OptimizerState<Tensor, T>, params: T) => {
    const { leaves, structure } = flattenTree(name, params, isTensor);
    const like = (tree: unknown): readonly Tensor[] => {
      const flat = flattenTree(name, tree, isTensor);
      requireSameStructure(name, structure, flat.structure);
      return flat.leaves;
    };
    const gradients = like(grads);
    const remembered = slots.map((slot) => {
      if (Object.hasOwn(state.slots, slot)) return like(state.slots[slot]);
      throw new TreeError(name, `a state with ${slotNames(Object.keys(state.slots))}`, {
        expected: `the slots ${slots.join(', ')}`,
        advice: `Start from the state that ${name}(…).init(params) gives.`,
      });
    });
    const updated = leaves.map((param, i) => {
      const path = structure.paths[i];
      requireFloat(name, path, param.dtype);
      const grad = requireLike(name, path, 'gradient', gradients[i]!, param);
      const slotLeaves = slots.map((slot, k) => requireLike(name, path, slot, remembered[k]![i]!, param));
      return update({
        grad,
        param,
        slots: Object.fromEntries(slots.map((slot, k) => [slot, slotLeaves[k]!])),
        rate: rateAt(state.step.cast(param.dtype)),
        count: state.step.add(1).cast(param.dtype),
      });
    });
    const nextSlots = slots.map((slot) => [slot, structure.rebuild(updated.map((leaf) => leaf.slots[slot])) as T]);
    return {
      params: structure.rebuild(updated.map(({ param }) => param)) as T,
      state: { step: state.step.add(1), slots: Object.fromEntries(nextSlots) as { readonly [slot: string]: T } },
    };
  };

  return { name, init, update: updateTree };
}

const slotNames = (names: readonly string[]): string => (names.length === 0 ? 'no slots' : `slots ${names.join(', ')}`);

const at = (path: string | undefined): string => (path === undefined || path === '' ? '' : ` '${path}'`);

function requireFloat(operation: string, path: string | undefined, dtype: string): void {
  if (dtype === 'f32' || dtype === 'f64') return;
  throw new DTypeError(operation, `the parameter${at(path)} is ${dtype}`, {
    expected: 'f32 or f64',
    advice: 'Keep what is not trained out of the tree of parameters.',
  });
}

function requireLike(operation: string, path: string | undefined, what: string, given: Tensor, param: Tensor): Tensor {
  const same = given.rank === param.rank && given.shape.every((extent, axis) => extent === param.shape[axis]);
  if (same && given.dtype === param.dtype) return given;
  throw new ShapeError(operation, `the ${what} of parameter${at(path)} is ${formatType(given.type)}`, {
    expected: `${formatType(param.type)}, as the parameter`,
  });
}
