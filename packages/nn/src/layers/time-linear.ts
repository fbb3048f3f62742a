/** The time-concatenating linear layer of the Neural ODE papers. */
import { requirePositiveInteger } from '../options.ts';
import { initAffine, project, requireFeatures, type LinearOptions } from './affine.ts';
import type { LinearParams, TimeLayer } from './layer.ts';
import { timeColumn } from './time-column.ts';

/**
 * y = [x, t]·W + b: time is one more input column (`ConcatLinear` of Grathwohl et al. 2019; Chen et al. 2018 do the same
 * with convolutions). From [..., inFeatures] to [..., outFeatures]; the last row of W [inFeatures + 1, outFeatures]
 * belongs to t. It is computed as x·Wₓ + (t·Wₜ + b), so that the state is not copied.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the last axis of the input differs or
 * t is neither a scalar nor of the shape of leading axes of the input.
 * @example
 * const layer = timeLinear(2, 2);
 * const params = layer.init(random(0)); // { weight: f32[3,2], bias: f32[2] }
 * const f = (p: TensorsOf<typeof params>, t: Tensor, y: Tensor) => layer.apply(p, t, y);
 */
export function timeLinear(
  inFeatures: number,
  outFeatures: number,
  options: LinearOptions = {},
): TimeLayer<LinearParams> {
  requirePositiveInteger('timeLinear', 'inFeatures', inFeatures);
  requirePositiveInteger('timeLinear', 'outFeatures', outFeatures);
  return {
    name: 'timeLinear',
    init: (random) => initAffine(random, inFeatures + 1, outFeatures, options),
    apply: ({ weight, bias }, t, x) => {
      requireFeatures('timeLinear', x, inFeatures);
      const shift = timeColumn('timeLinear', t, x).mul(weight.at(inFeatures));
      const forState = weight.slice([0, 0], [inFeatures, outFeatures]);
      return project(x, forState).add(bias === undefined ? shift : shift.add(bias));
    },
  };
}
