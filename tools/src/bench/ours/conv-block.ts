/** The ODE block for images: group norms and time-concatenated convolutions. */
import { array, type Tensor } from '@node-ode/core';
import { groupNorm, timeConv2d } from '@node-ode/nn';
import type { ConvBlockDynamics, Problem } from '../problem.ts';
import type { Field, ParamTensors } from './field.ts';

/** The window of the convolutions. */
const extent = 3;

type Parameters = ParamTensors[number];

export function convBlockField({ image, groups, layers }: ConvBlockDynamics, dtype: Problem['dtype']): Field {
  const [channels] = image;
  const norm = groupNorm(groups, channels, { dtype });
  const conv = timeConv2d(channels, channels, extent, { padding: 'same', dtype });
  return {
    params: layers.map(({ weight, bias }) => ({
      weight: array(weight, {
        dtype,
        shape: weight.length === channels ? [channels] : [channels, channels + 1, extent, extent],
      }),
      bias: array(bias, { dtype }),
    })),
    at: (params) => {
      const [norm1, conv1, norm2, conv2, norm3] = params as readonly [
        Parameters,
        Parameters,
        Parameters,
        Parameters,
        Parameters,
      ];
      return (t, rows: Tensor) => {
        const first = norm.apply(norm1, rows.reshape([rows.shape[0] ?? 0, ...image])).maximum(0);
        const second = norm.apply(norm2, conv.apply(conv1, t, first)).maximum(0);
        return norm.apply(norm3, conv.apply(conv2, t, second)).reshape(rows.shape);
      };
    },
  };
}
