import { reference } from '@node-ode/backend-reference';
import {
  compile,
  constantStep,
  flattenTree,
  isHostArray,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import type { MlpParams } from '@node-ode/nn';
import { describe, expect, it } from 'vitest';
import {
  exportedTrainingStep,
  lossAndGradient,
  readTree,
  startsOf,
  untrainedParams,
  withDType,
} from '../../test/exported-models.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';

type Arguments = [TensorsOf<MlpParams>, Tensor, Tensor];
interface Result {
  readonly loss: Tensor;
  readonly params: TensorsOf<MlpParams>;
}

const leavesOf = (tree: unknown): readonly HostArray[] => flattenTree('test', tree, isHostArray).leaves;

describe.each([
  ['backprop', 'constant steps', lossAndGradient(backprop())],
  ['adjoint', 'constant steps', lossAndGradient(adjoint(), { controller: constantStep({ h: 0.1 }) })],
  ['backprop', 'at most 50 adaptive steps', lossAndGradient(backprop(), { maxSteps: 50 })],
  ['adjoint', 'at most 50 adaptive steps', lossAndGradient(adjoint(), { maxSteps: 50 })],
])('a training step by %s, %s', (_, __, step) => {
  it('gives the loss and the gradients of the training engine, at every batch', async () => {
    const params = withDType(untrainedParams(), 'f64');
    const file = exportOnnx(
      step,
      [params, { shape: ['batch', 2], dtype: 'f64' }, { shape: ['batch', 2], dtype: 'f64' }],
      {
        names: ['params', 'y0', 'targets'],
        nfe: true,
      },
    );
    const model = await loadOnnx<Arguments, Result>(file);
    const engine = compile(reference(), step);
    for (const batch of [1, 3, 17]) {
      const args = [params, startsOf(batch, 'f64'), startsOf(batch, 'f64', 9)] as const;
      const { result, nfe } = await model.run(...args);
      const expected = await engine.run(...args);
      expect(nfe).toBe(expected.stats.nfe);
      const wanted = leavesOf(await readTree(expected.result));
      leavesOf(result).forEach(({ data, shape }, i) => {
        expect(shape).toEqual(wanted[i]?.shape);
        data.forEach((x, k) => expect(Math.abs(x - (wanted[i]?.data[k] ?? NaN))).toBeLessThan(1e-12));
      });
    }
    await model.dispose();
  });
});

it('trains: gradient descent with nothing but the file lowers the loss', async () => {
  const { file } = await exportedTrainingStep();
  const model = await loadOnnx(file);
  const names = model.inputs.map(({ name }) => name).filter((name) => name.startsWith('params.'));
  expect(names).toEqual(['params.0.bias', 'params.0.weight', 'params.1.bias', 'params.1.weight']);
  expect(model.outputs.map(({ name }) => name)).toEqual(['loss', ...names.map((name) => `${name}_out`), 'status']);
  const flat = leavesOf(untrainedParams());
  let params = Object.fromEntries(names.map((name, i) => [name, flat[i] as HostArray]));
  const losses: number[] = [];
  for (let i = 0; i < 30; i++) {
    const found = await model.runNamed({ ...params, y0: startsOf(5), targets: startsOf(5) });
    losses.push(found['loss']?.data[0] ?? NaN);
    params = Object.fromEntries(
      Object.entries(params).map(([name, x]) => {
        const gradient = found[`${name}_out`]?.data ?? [];
        return [name, { ...x, data: Float32Array.from(x.data, (w, k) => w - 0.5 * (gradient[k] ?? NaN)) }];
      }),
    );
  }
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) / 10);
  await model.dispose();
});
