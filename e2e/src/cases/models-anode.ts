/** The models of @node-ode/model-anode. */
import { array, random, type HostArray, type TensorsOf } from '@node-ode/core';
import {
  anode,
  convAnode,
  residualNet,
  type AnodeParams,
  type ConvAnodeParams,
  type ResidualNetParams,
} from '@node-ode/model-anode';
import { crossEntropy, mse } from '@node-ode/nn';
import type { Case } from './case.ts';
import { modelCases } from './models.ts';

const normal = (seed: number, shape: readonly number[]): HostArray => {
  const rng = random(seed);
  return array(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    { shape },
  );
};

/** Points inside and outside of a circle. */
const circle = (): { readonly x: HostArray; readonly y: HostArray } => {
  const x = normal(1, [16, 2]);
  const inside = Array.from({ length: 16 }, (_, i) => Math.hypot(x.data[2 * i] ?? 0, x.data[2 * i + 1] ?? 0) < 1);
  return { x, y: array(inside.map((is) => [is ? -1 : 1])) };
};

const vectors = modelCases('ANODE', (ode) => {
  const model = anode({ ode, features: 2, extra: 2, augment: 'learned', hidden: 8, outputs: 1 });
  return {
    params: model.init(random(1)),
    batch: circle(),
    loss: (params: TensorsOf<AnodeParams>, { x, y }) => mse(model.apply(params, x), y),
  };
});

const images = modelCases('convolutional ANODE', (ode) => {
  const image = [1, 5, 5] as const;
  const model = convAnode({ ode, image, extra: 2, filters: 4, outputs: 3 });
  const label = array(
    Array.from({ length: 8 }, (_, i) => i % 3),
    { dtype: 'i32' },
  );
  return {
    params: model.init(random(1)),
    batch: { x: normal(2, [8, ...image]), label },
    loss: (params: TensorsOf<ConvAnodeParams>, { x, label: wanted }) => crossEntropy(model.apply(params, x), wanted),
  };
});

const residual = modelCases('residual network', () => {
  const model = residualNet({ features: 2, blocks: 3, hidden: 8, outputs: 1 });
  return {
    params: model.init(random(1)),
    batch: circle(),
    loss: (params: TensorsOf<ResidualNetParams>, { x, y }) => mse(model.apply(params, x), y),
  };
});

export const anodeModelCases: readonly Case[] = [...vectors, ...images, ...residual];
