/** tfjs-node registers its own copy of tfjs's kernels for `cpu`: the engine there stays right. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { array, compile, createOde, type Tensor } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { expect, it } from 'vitest';
import { skipWithoutTfjsNode, tfjsNode } from '../../test/tfjs-node.ts';
import { tfjs } from '../tfjs.ts';

skipWithoutTfjsNode();

it('replaces rows on cpu beside tfjs-node', async () => {
  await tfjsNode();
  const backend = await tfjs({ tf, backend: 'cpu' });
  const replaced = compile(backend, (x: Tensor) => x.setRow(1, array([7, 8])));
  expect(
    Array.from(
      (
        await (
          await replaced(
            array([
              [1, 2],
              [3, 4],
              [5, 6],
            ]),
          )
        ).read()
      ).data,
    ),
  ).toEqual([1, 2, 7, 8, 5, 6]);
  const ode = createOde({ backend, solver: dopri5(), rtol: 1e-5, atol: 1e-5, perSample: true });
  const { ys } = await ode.solve((_t, y) => y.square().neg(), array([[1], [2], [30]]), [0, 1]);
  [1, 2, 30, 1 / 2, 2 / 3, 30 / 31].forEach((exact, i) => {
    expect(Math.abs(ys.data[i]! - exact)).toBeLessThan(2e-5);
  });
  await backend.dispose();
});
