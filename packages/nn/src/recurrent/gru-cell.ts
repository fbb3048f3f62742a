/** The gated recurrent unit. */
import type { Tensor } from '@node-ode/core';
import { cellParts, total, type Cell, type CellOptions, type CellParams } from './cell.ts';

/**
 * The gated recurrent unit (Cho et al. 2014) in PyTorch's form (`GRUCell`):
 *
 *     r = σ(x·W_r + b_r + h·U_r + c_r)         reset gate
 *     z = σ(x·W_z + b_z + h·U_z + c_z)         update gate: how much of the state stays
 *     n = tanh(x·W_n + b_n + r ⊙ (h·U_n + c_n))
 *     h′ = (1 − z) ⊙ n + z ⊙ h
 *
 * Cho et al. reset before the product, (r ⊙ h)·U_n; some libraries let z be how much of the state goes. Blocks of the
 * parameters are in the order r, z, n. The state is h [..., hiddenFeatures], for an input [..., inFeatures].
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the last axis of the input or the shape
 * of the state differs.
 * @example
 * const cell = gruCell(3, 16);
 * const params = cell.init(random(0)); // { input: { weight: f32[3,48], bias: f32[48] }, hidden: { … } }
 * const f = (p: TensorsOf<typeof params>, xs: Tensor) => unroll(cell, p, xs).outputs;
 */
export function gruCell(
  inFeatures: number,
  hiddenFeatures: number,
  options: CellOptions = {},
): Cell<CellParams, Tensor> {
  const parts = cellParts('gruCell', 3, inFeatures, hiddenFeatures, options);
  return {
    name: 'gruCell',
    init: parts.init,
    initialState: parts.zeros,
    apply: (params, hidden, input) => {
      const [reset, update, candidate] = parts.project(params, hidden, input);
      const r = total(reset!).sigmoid();
      const z = total(update!).sigmoid();
      const n = candidate!.fromInput.add(r.mul(candidate!.fromHidden)).tanh();
      return n.add(z.mul(hidden.sub(n)));
    },
    output: (hidden) => hidden,
  };
}
