import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import { array, compile, random, type Tensor, type TensorsOf } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { elements, expectClose, gridPoints, points } from '../../test/harness.ts';
import { planarFlow, standardNormalLogProb, type PlanarFlowParams } from '../index.ts';

const dtype = 'f64';
const flow = planarFlow({ dimension: 2, depth: 6, dtype });
type P = TensorsOf<PlanarFlowParams>;
/** Parameters of size 2 or so, some with wᵀu below −1: maps that fold unless they are constrained. */
const rough: PlanarFlowParams = flow.init(random(4)).map((layer, i) => ({
  weight: array(
    Float64Array.from(layer.weight.data, (w) => 4 * Number(w)),
    { shape: [2], dtype },
  ),
  direction: array(
    Float64Array.from(layer.weight.data, (w, k) =>
      i % 2 === 0 ? -2 * Number(w) : 3 * Number(layer.direction.data[k]),
    ),
    { shape: [2], dtype },
  ),
  bias: array(0.3 * i - 1, { dtype }),
}));

describe('planarFlow', () => {
  it('is the map of the paper: z + û·tanh(wᵀz + b), and its log determinant', async () => {
    const [w, u, b] = [[0.8, -0.5], [-2, 1], 0.3] as const;
    const one = planarFlow({ dimension: 2, depth: 1, dtype });
    const params = [{ weight: array(w, { dtype }), direction: array(u, { dtype }), bias: array(b, { dtype }) }];
    const z = [0.4, -1.1] as const;
    const along = w[0] * u[0] + w[1] * u[1];
    const pushed = -1 + Math.log(1 + Math.exp(along)) - along;
    const norm = w[0] ** 2 + w[1] ** 2;
    const hat = [u[0] + (pushed * w[0]) / norm, u[1] + (pushed * w[1]) / norm] as const;
    const h = Math.tanh(w[0] * z[0] + w[1] * z[1] + b);
    const psi = [(1 - h * h) * w[0], (1 - h * h) * w[1]] as const;
    const [logProb = [], x = []] = await elements(
      (p: P, base: Tensor) => one.sample(p, base),
      [params, array([z], { dtype })],
    );
    expectClose(x, [z[0] + hat[0] * h, z[1] + hat[1] * h], 1e-14);
    const base = -0.5 * (z[0] ** 2 + z[1] ** 2) - Math.log(2 * Math.PI);
    expectClose(logProb, [base - Math.log(Math.abs(1 + hat[0] * psi[0] + hat[1] * psi[1]))], 1e-14);
  });

  it('is inverted, whatever its parameters: by samples and by the density that they carry', async () => {
    const base = points([50, 2], 3);
    const [carried = [], found = [], z = []] = await elements(
      (p: P, noise: Tensor) => {
        const { x, logProb } = flow.sample(p, noise);
        return [logProb, flow.logProb(p, { x }), flow.inverse(p, x)];
      },
      [rough, base],
    );
    expectClose(z, Array.from(base.data, Number), 1e-9);
    expectClose(found, carried, 1e-9);
  });

  it('is inverted in f32', async () => {
    const single = planarFlow({ dimension: 2, depth: 6 });
    const params = single.init(random(4));
    const base = single.base(random(1), 50);
    const [z = []] = await elements(
      (p: P, noise: Tensor) => single.inverse(p, single.sample(p, noise).x),
      [params, base],
      await wasm(),
    );
    expectClose(z, Array.from(base.data, Number), 1e-5);
  });

  it('has a density that sums to 1', async () => {
    const { x, area } = gridPoints(9, 180, dtype);
    const run = compile(await wasm(), (p: P, z: Tensor) => flow.logProb(p, { x: z }));
    const { data } = await (await run(flow.init(random(4)), x)).read();
    const mass = Array.from(data, (value) => area * Math.exp(Number(value))).reduce((a, b) => a + b, 0);
    expect(Math.abs(mass - 1)).toBeLessThan(1e-5);
  });

  it('with w = 0 only moves the points', async () => {
    const still = [
      { weight: array([0, 0], { dtype }), direction: array([1, 2], { dtype }), bias: array(0.5, { dtype }) },
    ];
    const one = planarFlow({ dimension: 2, depth: 1, dtype });
    const base = points([3, 2], 3);
    const [logProb = []] = await elements((p: P, noise: Tensor) => one.sample(p, noise), [still, base]);
    expectClose(logProb, (await elements((z: Tensor) => standardNormalLogProb(z), [base]))[0] ?? [], 1e-14);
  });

  it('refuses sizes, points and parameters that do not fit', async () => {
    expect(() => planarFlow({ dimension: 2, depth: 0 })).toThrow(
      'planarFlow: depth is 0; expected an integer of at least 1',
    );
    expect(() => planarFlow({ dimension: 1.5, depth: 1 })).toThrow('planarFlow: dimension is 1.5');
    expect(() => flow.base(random(0), 0)).toThrow('planarFlow: samples is 0');
    const run = compile(reference(), (p: P, base: Tensor) => flow.sample(p, base).x);
    await expect(run(rough, points([3, 3], 1))).rejects.toThrow('planarFlow: points f64[3,3]; expected [samples, 2]');
    await expect(run(rough.slice(1), points([3, 2], 1))).rejects.toThrow(
      'planarFlow: parameters of 5 maps; expected 6',
    );
  });
});
