import { array, createOde, OptionError, random, type Tensor, type TensorsOf } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { timeMlp, type MlpParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { elements, expectClose, mean, points, standardError } from '../../test/harness.ts';
import { cnf, exact, hutchinson, type FlowBatch } from '../index.ts';

const dtype = 'f64';
const field = timeMlp({ sizes: [3, 8, 3], dtype });
const params = field.init(random(1));
type P = TensorsOf<MlpParams>;
const kinds = ['rademacher', 'gaussian'] as const;

/** The Jacobian of the field at t and z by central differences: an error of about 1e-10. */
async function jacobianAt(t: number, z: readonly number[]): Promise<number[][]> {
  const h = 1e-4;
  const at = async (k: number, offset: number): Promise<number[]> => {
    const moved = array([z.map((value, i) => value + (i === k ? offset : 0))], { dtype });
    return (await elements((p: P, x: Tensor) => field.apply(p, t, x), [params, moved]))[0] ?? [];
  };
  return Promise.all(
    z.map(async (_, k) => {
      const [far, near] = [await at(k, h), await at(k, -h)];
      return far.map((value, i) => (value - (near[i] ?? NaN)) / (2 * h));
    }),
  );
}

describe('the exact divergence', () => {
  it('is the trace of the Jacobian, and its norm is the Frobenius norm', async () => {
    const z = points([2, 3], 4);
    const [divergence = [], jacobian = [], velocity = []] = await elements(
      (p: P, x: Tensor) => exact().measure((y) => field.apply(p, 0.4, y), x, x),
      [params, z],
    );
    for (const i of [0, 1]) {
      const matrix = await jacobianAt(0.4, Array.from(z.data.slice(3 * i, 3 * i + 3), Number));
      expectClose([divergence[i] ?? NaN], [matrix.reduce((sum, row, k) => sum + (row[k] ?? NaN), 0)], 1e-8);
      expectClose([jacobian[i] ?? NaN], [matrix.flat().reduce((sum, value) => sum + value ** 2, 0)], 1e-8);
    }
    expectClose(velocity, (await elements((p: P, x: Tensor) => field.apply(p, 0.4, x), [params, z]))[0] ?? [], 1e-14);
  });
});

describe.each(kinds)("Hutchinson's estimate with %s noise", (noise) => {
  const samples = 4000;
  const one = points([1, 3], 8);
  const same = array(
    Float64Array.from({ length: 3 * samples }, (_, i) => Number(one.data[i % 3])),
    { shape: [samples, 3], dtype },
  );
  // Euler's steps do not depend on the noise, so that the rows are independent estimates of one number.
  const ode = createOde({ backend: reference(), solver: euler(), h: 0.25, dtype });
  const flow = cnf({ dimension: 3, field, ode, divergence: hutchinson({ noise }), dtype });
  const truth = cnf({ dimension: 3, field, ode, divergence: exact(), dtype });

  it('is unbiased within its standard error, for log p and for the Jacobian', async () => {
    const batch = { x: same, ...flow.noise(random(11), samples) };
    const [values = []] = await elements((p: P, b: FlowBatch) => flow.logProb(p, b), [params, batch]);
    const [[exactly = NaN] = []] = await elements((p: P, x: Tensor) => truth.logProb(p, { x }), [params, one]);
    expect(standardError(values)).toBeGreaterThan(1e-4);
    expect(Math.abs(mean(values) - exactly)).toBeLessThan(3 * standardError(values));
    const norms = async (method: ReturnType<typeof exact>, z: typeof same, epsilon: typeof same): Promise<number[]> =>
      (
        await elements(
          (p: P, x: Tensor, e: Tensor) => method.measure((y) => field.apply(p, 0, y), x, e).jacobian,
          [params, z, epsilon],
        )
      )[0] ?? [];
    const estimates = await norms(hutchinson({ noise }), same, flow.noise(random(12), samples).trace ?? same);
    const [norm = NaN] = await norms(exact(), one, one);
    expect(Math.abs(mean(estimates) - norm)).toBeLessThan(3 * standardError(estimates));
  });

  it('has one draw for a solve: the adaptive solver takes the steps that it takes without', async () => {
    const adaptive = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-6, atol: 1e-8, dtype });
    const x = points([5, 3], 2);
    const nfe = async (method: ReturnType<typeof exact>): Promise<number> => {
      const model = cnf({ dimension: 3, field, ode: adaptive, divergence: method, dtype });
      const run = adaptive.compile((p: P, b: FlowBatch) => model.logProb(p, b));
      return (await run.run(params, { x, ...model.noise(random(3), 5) })).stats.nfe;
    };
    expect(await nfe(hutchinson({ noise }))).toBeLessThan(1.5 * (await nfe(exact())));
  });
});

it('Rademacher noise is exact in one dimension', async () => {
  const line = timeMlp({ sizes: [1, 6, 1], dtype });
  const p = line.init(random(2));
  const ode = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-8, atol: 1e-10, dtype });
  const [x, sides] = [points([6, 1], 1), [hutchinson(), exact()]];
  const [estimated = [], exactly = []] = await Promise.all(
    sides.map(async (divergence) => {
      const flow = cnf({ dimension: 1, field: line, ode, divergence, dtype });
      return (
        (await elements((q: P, b: FlowBatch) => flow.logProb(q, b), [p, { x, ...flow.noise(random(3), 6) }]))[0] ?? []
      );
    }),
  );
  expectClose(estimated, exactly, 1e-12);
});

it('noise is seeded, signs or normal numbers', () => {
  const ode = createOde({ backend: reference(), solver: dopri5() });
  const flow = cnf({ dimension: 3, field, ode, divergence: hutchinson() });
  const { trace } = flow.noise(random(5), 200);
  expect(new Set(trace?.data)).toEqual(new Set([-1, 1]));
  expect(Math.abs(mean(Array.from(trace?.data ?? [], Number)))).toBeLessThan(0.1);
  expect(flow.noise(random(5), 200)).toEqual(flow.noise(random(5), 200));
  expect(cnf({ dimension: 3, field, ode }).noise(random(5), 200)).toEqual({});
  expect(() => hutchinson({ noise: 'uniform' as 'gaussian' })).toThrow(OptionError);
});
