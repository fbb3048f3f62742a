/** A training step of a convolutional ODE as a file: solver and convolutions in it, for any batch. */
import { reference } from '@node-ode/backend-reference';
import { compile, flattenTree, isHostArray, type HostArray, type Tensor } from '@node-ode/core';
import { expect, it } from 'vitest';
import { arraysOf } from '../../test/arrays.ts';
import { readTree } from '../../test/exported-models.ts';
import { image, imageTraining, type BlockTensors } from '../../test/image-training.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';

const leavesOf = (tree: unknown): readonly HostArray[] => flattenTree('test', tree, isHostArray).leaves;

// In f64 convolutions are products here; steps are the same on every engine, so that rounding is all that may differ.
it.each([
  ['f32', 1e-4],
  ['f64', 1e-12],
] as const)('an ODE-Net block of %s takes any batch', async (dtype, tolerance) => {
  const { params, step } = imageTraining(dtype);
  const file = exportOnnx(step, [params, { shape: ['batch', ...image], dtype }], { nfe: true });
  const model = await loadOnnx<[BlockTensors, Tensor], ReturnType<typeof step>>(file);
  const engine = compile(reference(), step);
  const make = arraysOf(4);
  for (const batch of [1, 2, 7]) {
    const y0 = make([batch, ...image], dtype);
    const { result, nfe } = await model.run(params, y0);
    const expected = await engine.run(params, y0);
    expect(nfe).toBe(expected.stats.nfe);
    const wanted = leavesOf(await readTree(expected.result));
    leavesOf(result).forEach(({ data, shape }, i) => {
      expect(shape).toEqual(wanted[i]?.shape);
      const size = Math.max(...(wanted[i]?.data ?? []).map(Math.abs));
      data.forEach((x, k) => expect(Math.abs(x - (wanted[i]?.data[k] ?? NaN))).toBeLessThan(tolerance * size));
    });
  }
  await model.dispose();
});
