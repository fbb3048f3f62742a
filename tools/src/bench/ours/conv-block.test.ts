/** The block for images against PyTorch's, on a small one. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, type Tensor } from '@node-ode/core';
import { expect, it } from 'vitest';
import type { ConvBlockDynamics } from '../problem.ts';
import { convBlockField } from './conv-block.ts';
import type { ParamTensors } from './field.ts';

const kernel = (factor: number, modulus: number): readonly number[] =>
  Array.from({ length: 54 }, (_, i) => (((factor * i) % modulus) - (modulus >> 1)) / 8);

const block: ConvBlockDynamics = {
  kind: 'convBlock',
  image: [2, 2, 3],
  groups: 1,
  layers: [
    { weight: [1.5, 0.5], bias: [0.25, -0.25] },
    { weight: kernel(7, 11), bias: [0.5, -0.5] },
    { weight: [1, 2], bias: [0, 0.25] },
    { weight: kernel(5, 13), bias: [0, 1] },
    { weight: [-1, 0.5], bias: [0.25, 0.5] },
  ],
};

const row = [1, -2, 3, 0, 2, -1, 0, 1, 2, 3, 4, -5];

it('is that of torchdiffeq_peer.py', async () => {
  const field = convBlockField(block, 'f32');
  const f = compile(reference(), (params: ParamTensors, t: Tensor, y: Tensor) => field.at(params)(t, y));
  const dy = await (await f(field.params, array(0.5), array([row]))).read();
  // In tools/bench/python: `ConvBlock(block)(torch.tensor(0.5), torch.tensor([row]))` with torch 2.15.
  const expected = [
    0.5849273800849915, 2.0839099884033203, -0.0162456426769495, 0.7879409790039062, -0.14365622401237488,
    0.8417671918869019, 0.9842894077301025, 0.48482561111450195, 0.477225661277771, 1.1185539960861206,
    -0.1679297685623169, 1.4223568439483643,
  ];
  expect(dy.shape).toEqual([1, 12]);
  dy.data.forEach((x, i) => expect(x).toBeCloseTo(expected[i] as number, 5));
});
