/** The ODE block for images: the model's own, its parameters as flat layers. */
import { array, type Tensor } from '@node-ode/core';
import { convDynamics } from '@node-ode/model-node';
import type { ConvBlockDynamics, Problem } from '../problem.ts';
import type { Field, ParamTensors } from './field.ts';

/** The window of the convolutions. */
const extent = 3;

type Parameters = ParamTensors[number];

export function convBlockField({ image, groups, layers }: ConvBlockDynamics, dtype: Problem['dtype']): Field {
  const [channels] = image;
  const dynamics = convDynamics(channels, { groups, dtype });
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
        const images = rows.reshape([rows.shape[0] ?? 0, ...image]);
        return dynamics.apply({ norm1, conv1, norm2, conv2, norm3 }, t, images).reshape(rows.shape);
      };
    },
  };
}
