/** Elman's recurrent cell. */
import type { Tensor } from '@node-ode/core';
import { activation as byName, type Activation, type ActivationName } from '../activations/activations.ts';
import { cellParts, total, type Cell, type CellOptions, type CellParams } from './cell.ts';

/** Options of `rnnCell`. */
export interface RnnCellOptions extends CellOptions {
  /** Of the new state; `tanh` by default. */
  readonly activation?: ActivationName | Activation;
}

/**
 * h′ = tanh(x·W + b + h·U + c) (Elman 1990; PyTorch's `RNNCell`). The state is h [..., hiddenFeatures], for an input
 * [..., inFeatures].
 *
 * @throws OptionError if a size is no positive integer or the activation is not known; ShapeError, when applied, if the
 * last axis of the input or the shape of the state differs.
 * @example
 * const cell = rnnCell(3, 16);
 * const params = cell.init(random(0)); // { input, hidden }
 * const f = (p: TensorsOf<typeof params>, xs: Tensor) => unroll(cell, p, xs).outputs;
 */
export function rnnCell(
  inFeatures: number,
  hiddenFeatures: number,
  options: RnnCellOptions = {},
): Cell<CellParams, Tensor> {
  const { activation = 'tanh', ...linearOptions } = options;
  const parts = cellParts('rnnCell', 1, inFeatures, hiddenFeatures, linearOptions);
  const act = byName(activation);
  return {
    name: 'rnnCell',
    init: parts.init,
    initialState: parts.zeros,
    apply: (params, hidden, input) => act(total(parts.project(params, hidden, input)[0]!)),
    output: (hidden) => hidden,
  };
}
