/** The time-concatenating linear layer of the Neural ODE papers. */
import { asTensor, formatType, ShapeError, type Tensor, type TensorLike } from '@node-ode/core';
import { requirePositiveInteger } from '../options.ts';
import { initAffine, project, requireFeatures, type LinearOptions } from './affine.ts';
import type { LinearParams, TimeLayer } from './layer.ts';

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
      const shift = timeColumn(t, x).mul(weight.at(inFeatures));
      const forState = weight.slice([0, 0], [inFeatures, outFeatures]);
      return project(x, forState).add(bias === undefined ? shift : shift.add(bias));
    },
  };
}

/** `t` with axes of extent 1 behind, so that it broadcasts against the features of its samples; a scalar as it is. */
function timeColumn(t: TensorLike, x: Tensor): Tensor {
  const time = asTensor(t, x.dtype, 'timeLinear');
  const fits = time.rank < x.rank && time.shape.every((extent, axis) => extent === x.shape[axis]);
  if (time.rank > 0 && !fits) {
    throw new ShapeError('timeLinear', `t is ${formatType(time.type)} and x is ${formatType(x.type)}`, {
      expected: `a scalar t, or one of the shape of leading axes of x, up to [${x.shape.slice(0, -1).join(', ')}]`,
    });
  }
  return time.rank === 0 ? time : time.reshape([...time.shape, ...x.shape.slice(time.rank).map(() => 1)]);
}
