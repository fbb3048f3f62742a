// Stage sums of what was cast: `cpu` keeps the elements of a bool or an integer tensor that is called float.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { array, compile, linearCombination, type Tensor } from '@node-ode/core';
import { expect, it } from 'vitest';
import { tfjs } from '../../index.ts';

it.each(['cpu', 'wasm'])('are those of floats, on %s', async (backend) => {
  const engine = await tfjs({ tf, backend });
  const sum = compile(engine, (flags: Tensor, counts: Tensor) =>
    linearCombination([2, 0.5], [flags.cast('f32'), counts.cast('f32')]),
  );
  const found = await sum(array([true, false, true], { dtype: 'bool' }), array([3, -5, 7], { dtype: 'i32' }));
  expect(Array.from((await found.read()).data)).toEqual([3.5, -2.5, 5.5]);
  await engine.dispose();
});
