/** Long short-term memory. */
import type { Tensor } from '@node-ode/core';
import { cellParts, total, type Cell, type CellOptions, type CellParams } from './cell.ts';

/** The state of an LSTM: what it shows and what it keeps, both [..., hiddenFeatures]. */
export interface LstmState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000) and without peepholes, as
 * PyTorch's `LSTMCell`:
 *
 *     i = σ(x·W_i + b_i + h·U_i + d_i)         input gate
 *     f = σ(x·W_f + b_f + h·U_f + d_f)         forget gate
 *     g = tanh(x·W_g + b_g + h·U_g + d_g)
 *     o = σ(x·W_o + b_o + h·U_o + d_o)         output gate
 *     c′ = f ⊙ c + i ⊙ g
 *     h′ = o ⊙ tanh(c′)
 *
 * Blocks of the parameters are in the order i, f, g, o. The state is { hidden: h, cell: c }, each [..., hiddenFeatures], for
 * an input [..., inFeatures]; the output is h. The forget gate's bias starts as the others do.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the last axis of the input or the shape
 * of the state differs.
 * @example
 * const cell = lstmCell(3, 16);
 * const params = cell.init(random(0)); // { input: { weight: f32[3,64], bias: f32[64] }, hidden: { … } }
 * const f = (p: TensorsOf<typeof params>, xs: Tensor) => unroll(cell, p, xs).outputs;
 */
export function lstmCell(
  inFeatures: number,
  hiddenFeatures: number,
  options: CellOptions = {},
): Cell<CellParams, LstmState> {
  const parts = cellParts('lstmCell', 4, inFeatures, hiddenFeatures, options);
  return {
    name: 'lstmCell',
    init: parts.init,
    initialState: (input) => ({ hidden: parts.zeros(input), cell: parts.zeros(input) }),
    apply: (params, state, input) => {
      const [i, f, g, o] = parts.project(params, state.hidden, input).map(total);
      parts.requireState(state.cell, input);
      const kept = state.cell.mul(f!.sigmoid());
      const cell = kept.add(i!.sigmoid().mul(g!.tanh()));
      return { hidden: o!.sigmoid().mul(cell.tanh()), cell };
    },
    output: (state) => state.hidden,
  };
}
