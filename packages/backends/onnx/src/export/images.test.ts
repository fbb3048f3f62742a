/** A training step of a convolutional ODE as a file: solver and convolutions in it, for any batch. */
import { reference } from '@node-ode/backend-reference';
import {
  compile,
  createOde,
  flattenTree,
  isHostArray,
  random,
  valueAndGrad,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { groupNorm, timeConv2d } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { expect, it } from 'vitest';
import { arraysOf } from '../../test/arrays.ts';
import { readTree } from '../../test/exported-models.ts';
import { exportOnnx } from './export-onnx.ts';
import { loadOnnx } from './load-onnx.ts';

const image = [4, 5, 3] as const;

const leavesOf = (tree: unknown): readonly HostArray[] => flattenTree('test', tree, isHostArray).leaves;

// In f64 convolutions are products here; steps are the same on every engine, so that rounding is all that may differ.
it.each([
  ['f32', 1e-4],
  ['f64', 1e-12],
] as const)('an ODE-Net block of %s takes any batch', async (dtype, tolerance) => {
  const [norm, conv] = [groupNorm(2, 4, { dtype }), timeConv2d(4, 4, 3, { padding: 'same', dtype })];
  const rng = random(3);
  const params = { norm: norm.init(rng), conv: conv.init(rng) };
  type Params = TensorsOf<typeof params>;
  const ode = createOde({
    backend: reference(),
    solver: dopri5(),
    gradient: backprop(),
    rtol: 1e-3,
    atol: 1e-3,
    dtype,
  });
  const step = (weights: Params, y0: Tensor) =>
    valueAndGrad((p: Params) => {
      const f = (t: Tensor, y: Tensor): Tensor => conv.apply(p.conv, t, norm.apply(p.norm, y).maximum(0));
      return ode.odeint(f, y0, [0, 1]).ys.at(-1).square().mean();
    })(weights);
  const file = exportOnnx(step, [params, { shape: ['batch', ...image], dtype }], { nfe: true });
  const model = await loadOnnx<[Params, Tensor], ReturnType<typeof step>>(file);
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
