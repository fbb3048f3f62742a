/** The layer of continuous normalizing flows whose output is gated by time. */
import type { Tensor } from '@node-ode/core';
import { requirePositiveInteger } from '../options.ts';
import { affine, initAffine, requireFeatures, type LinearOptions } from './affine.ts';
import type { LinearParams, TimeLayer } from './layer.ts';
import { timeColumn } from './time-column.ts';

/** Parameters of `concatSquash`: of the map of the input, and of the gate and the shift as functions of time. */
export interface ConcatSquashParams {
  readonly linear: LinearParams;
  /** `weight` [1, outFeatures], `bias` [outFeatures]. */
  readonly gate: LinearParams;
  /** `weight` [1, outFeatures], without a bias. */
  readonly shift: LinearParams;
}

/**
 * y = (x·W + b) ⊙ σ(t·w_g + b_g) + t·w_s, from [..., inFeatures] to [..., outFeatures]: `ConcatSquashLinear` of FFJORD
 * (Grathwohl et al. 2019), which names the gate `_hyper_gate` and the shift `_hyper_bias`. The options are of all three
 * maps, but for `bias`, which is of the first alone; they start as PyTorch's linear layers do, and those of time on ±1.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the last axis of the input differs or
 * t is neither a scalar nor of the shape of leading axes of the input.
 * @example
 * const layer = concatSquash(2, 64);
 * const params = layer.init(random(0)); // { linear, gate, shift }
 * const f = (p: TensorsOf<typeof params>, t: Tensor, y: Tensor) => layer.apply(p, t, y);
 */
export function concatSquash(
  inFeatures: number,
  outFeatures: number,
  options: LinearOptions = {},
): TimeLayer<ConcatSquashParams> {
  requirePositiveInteger('concatSquash', 'inFeatures', inFeatures);
  requirePositiveInteger('concatSquash', 'outFeatures', outFeatures);
  return {
    name: 'concatSquash',
    init: (random) => ({
      linear: initAffine(random, inFeatures, outFeatures, options),
      gate: initAffine(random, 1, outFeatures, { ...options, bias: true }),
      shift: initAffine(random, 1, outFeatures, { ...options, bias: false }),
    }),
    apply: ({ linear, gate, shift }, t, x) => {
      requireFeatures('concatSquash', x, inFeatures);
      const time = timeColumn('concatSquash', t, x);
      // One input: its product with the only row of a weight is element-wise.
      const ofTime = ({ weight, bias }: typeof gate): Tensor => {
        const y = time.mul(weight.at(0));
        return bias === undefined ? y : y.add(bias);
      };
      return affine(linear, x).mul(ofTime(gate).sigmoid()).add(ofTime(shift));
    },
  };
}
