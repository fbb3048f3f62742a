import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import { array, createOde, random, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { linear, type LinearParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { elements, expectClose, gridPoints, mean, points, standardError } from '../../test/harness.ts';
import {
  cnf,
  concatSquashMlp,
  exact,
  hyperPlanarField,
  planarField,
  standardNormalLogProb,
  type FlowBatch,
  type PlanarParams,
  type VectorField,
} from '../index.ts';

const dtype = 'f64';
const ode = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype });

/** z' = z·W + b: an affine flow. */
const affineField = (d: number): VectorField<LinearParams> => {
  const layer = linear(d, d, { dtype: 'f64' });
  return { init: (rng) => layer.init(rng), apply: (params, _t, z) => layer.apply(params, z) };
};

/** e^(a + iω) as a matrix of the plane: the flow of z' = z·W with W = [[a, ω], [−ω, a]]. */
const [growth, turn, shift] = [0.3, 0.7, [0.5, -0.2]] as const;
const spiral: LinearParams = {
  weight: array(
    [
      [growth, turn],
      [-turn, growth],
    ],
    { dtype },
  ),
  bias: array(shift, { dtype }),
};

/** The closed form of the density at t of the affine flow: N(m, e^(2at)·I) with m = the path of the origin. */
function affineLogProb(x: readonly number[], t: number): number {
  // w' = c·w + s for the complex w = x + iy, c = a + iω, has the solution w(t) = (e^(ct) − 1)·s/c from 0.
  const [re, im] = [Math.exp(growth * t) * Math.cos(turn * t) - 1, Math.exp(growth * t) * Math.sin(turn * t)];
  const norm = growth ** 2 + turn ** 2;
  const [sr, si] = [(shift[0] * growth + shift[1] * turn) / norm, (shift[1] * growth - shift[0] * turn) / norm];
  const [mx, my] = [re * sr - im * si, re * si + im * sr];
  const square = (((x[0] ?? NaN) - mx) ** 2 + ((x[1] ?? NaN) - my) ** 2) / Math.exp(2 * growth * t);
  return -0.5 * square - Math.log(2 * Math.PI) - 2 * growth * t;
}

const rows = ({ data, shape }: HostArray): number[][] =>
  Array.from({ length: shape[0] ?? 0 }, (_, i) =>
    Array.from(data.slice(i * (shape[1] ?? 0), (i + 1) * (shape[1] ?? 0)), Number),
  );

describe('the density of an affine flow', () => {
  const flow = cnf({ dimension: 2, field: affineField(2), ode, dtype });
  const x = points([20, 2], 1);

  it.each([1, 0.4, 0])('is the closed form at t = %d', async (t) => {
    const [values = []] = await elements(
      (p: TensorsOf<LinearParams>, z: Tensor) => flow.logProb(p, { x: z }, t),
      [spiral, x],
    );
    expectClose(
      values,
      rows(x).map((row) => affineLogProb(row, t)),
      1e-9,
    );
  });

  it('is the closed form in f32 to 1e-5', async () => {
    const single = createOde({ backend: await wasm(), solver: dopri5(), rtol: 1e-6, atol: 1e-7 });
    const narrow = cnf({ dimension: 2, field: affineField(2), ode: single });
    const cast = (a: HostArray): HostArray => array(a.data, { shape: a.shape, dtype: 'f32' });
    const params = { weight: cast(spiral.weight), bias: cast(array(shift)) };
    const run = single.compile((p: TensorsOf<LinearParams>, z: Tensor) => narrow.logProb(p, { x: z }));
    const { data } = await (await run(params, cast(x))).read();
    expectClose(
      Array.from(data, Number),
      rows(x).map((row) => affineLogProb(row, 1)),
      1e-5,
    );
  });

  it('is that of trajectories at each of their times', async () => {
    const ts = [0, 0.4, 1];
    const base = flow.base(random(3), 5);
    const [logProb = [], z = []] = await elements(
      (p: TensorsOf<LinearParams>, b: Tensor) => flow.trajectory(p, b, ts),
      [spiral, base],
    );
    const expected = ts.flatMap((t, k) =>
      [0, 1, 2, 3, 4].map((i) => affineLogProb(z.slice(10 * k + 2 * i, 10 * k + 2 * i + 2), t)),
    );
    expectClose(logProb, expected, 1e-9);
    expect(z.slice(0, 10)).toEqual(Array.from(base.data));
  });
});

/** A field of each kind, with parameters large enough for densities that are far from normal. */
const fields = {
  planar: planarField({ dimension: 2, width: 8, dtype }),
  hypernetwork: hyperPlanarField({ dimension: 2, width: 8, hidden: 8, dtype }),
  'concat squash': concatSquashMlp({ sizes: [2, 16, 16, 2], dtype }),
} as const;

const grown = <P>(params: P, factor: number): P => {
  const grow = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(grow);
    const record = node as Record<string, unknown>;
    if (record['kind'] === 'array') {
      const { data, shape, dtype: type } = node as HostArray;
      return array(
        Float64Array.from(data, (v) => v * factor),
        { shape, dtype: type },
      );
    }
    return Object.fromEntries(Object.entries(record).map(([key, child]) => [key, grow(child)]));
  };
  return grow(params) as P;
};

describe.each(Object.keys(fields) as (keyof typeof fields)[])('the %s field', (name) => {
  const field = fields[name] as VectorField<unknown>;
  const factor = { planar: 1.5, hypernetwork: 3, 'concat squash': 2 }[name];
  const params = grown(field.init(random(5)), factor) as TensorsOf<unknown>;
  const flow = cnf({ dimension: 2, field, ode, dtype });

  it('has a density that sums to 1', async () => {
    const fast = createOde({ backend: await wasm(), solver: dopri5(), rtol: 1e-5, atol: 1e-6, dtype });
    const coarse = cnf({ dimension: 2, field, ode: fast, dtype });
    const { x, area } = gridPoints(7, 70, dtype);
    const run = fast.compile((p: TensorsOf<unknown>, z: Tensor) => coarse.logProb(p, { x: z }));
    const { data } = await (await run(params as never, x)).read();
    const mass = Array.from(data, (value) => area * Math.exp(Number(value))).reduce((a, b) => a + b, 0);
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
    // … and is not the base density
    const [base = []] = await elements((z: Tensor) => standardNormalLogProb(z), [x]);
    expect(mean(base.map((value, i) => area * Math.abs(Math.exp(value) - Math.exp(Number(data[i])))))).toBeGreaterThan(
      1e-5,
    );
  });

  it('gives samples the density that logProb finds for them', async () => {
    const base = flow.base(random(7), 16);
    const [found = [], carried = [], noise = []] = await elements(
      (p: TensorsOf<unknown>, b: Tensor) => {
        const { x, logProb } = flow.sample(p, b);
        return [flow.logProb(p, { x }), logProb, flow.inverse(p, { x })];
      },
      [params as never, base],
    );
    expectClose(found, carried, 1e-7);
    expectClose(noise, Array.from(base.data, Number), 1e-7);
  });

  it('has the divergence of its Jacobian', async () => {
    if (field.motion === undefined) return;
    const { motion } = field;
    const [closed = [], measured = [], slow = [], fast = []] = await elements(
      (p: TensorsOf<unknown>, t: Tensor, z: Tensor) => {
        const { velocity, divergence } = motion(p, t, z);
        const pulled = exact().measure((x) => field.apply(p, t, x), z, z);
        return [divergence, pulled.divergence, velocity, pulled.velocity];
      },
      [params as never, array(0.3, { dtype }), points([6, 2], 9)],
    );
    expectClose(closed, measured, 1e-12);
    expectClose(slow, fast, 1e-13);
  });
});

describe('times for each sample', () => {
  it('give the densities that samples have alone', async () => {
    const flow = cnf({ dimension: 2, field: fields.planar, ode, dtype });
    const each = cnf({ dimension: 2, field: fields.planar, ode, dtype, solve: { perSample: true } });
    const args: [PlanarParams, HostArray] = [fields.planar.init(random(1)), points([4, 2], 2)];
    type P = TensorsOf<PlanarParams>;
    const [together = []] = await elements((p: P, x: Tensor) => flow.logProb(p, { x }), args);
    const [alone = []] = await elements((p: P, x: Tensor) => each.logProb(p, { x }), args);
    expectClose(alone, together, 1e-8);
  });
});

describe('augmentation', () => {
  // The affine flow of 1 + 1 dimensions makes x and e jointly normal, x itself N(m₁, σ²): W = [[0, 0.8], [0.5, 0]].
  const flow = cnf({ dimension: 1, field: affineField(2), ode, augment: 1, dtype });
  const params: LinearParams = {
    weight: array(
      [
        [0, 0.8],
        [0.5, 0],
      ],
      { dtype },
    ),
    bias: array([0.3, 0], { dtype }),
  };
  const s = Math.sqrt(0.4);
  const variance = Math.cosh(s) ** 2 + ((0.5 * Math.sinh(s)) / s) ** 2;
  const centre = (0.3 * Math.sinh(s)) / s;
  const truth = (x: number): number => -0.5 * ((x - centre) ** 2 / variance + Math.log(2 * Math.PI * variance));
  const xs = [-1, 0, 0.7];
  type P = TensorsOf<LinearParams>;
  /** Estimates for `copies` of each of xs. */
  const estimates = async (copies: number, draws: number): Promise<number[][]> => {
    const x = array(
      xs.flatMap((value) => Array.from({ length: copies }, () => [value])),
      { dtype },
    );
    const batch = { x, ...flow.noise(random(1), copies * xs.length, draws) };
    const [values = []] = await elements((p: P, b: FlowBatch) => flow.logProb(p, b), [params, batch]);
    return xs.map((_, i) => values.slice(i * copies, (i + 1) * copies));
  };

  it('of many draws gives the marginal density', async () => {
    // The weights' relative deviation is 1.6 at x = −1, of 4000 draws' mean 0.025.
    expectClose((await estimates(1, 4000)).flat(), xs.map(truth), 0.08);
  });

  it('of one draw gives a lower bound on the mean, of ten draws a nearer one', async () => {
    const [one, ten] = [await estimates(400, 1), await estimates(400, 10)];
    xs.forEach((value, i) => {
      expect(mean(one[i] ?? []) + 3 * standardError(one[i] ?? [])).toBeLessThan(truth(value));
      expect(mean(ten[i] ?? [])).toBeGreaterThan(mean(one[i] ?? []) + 0.1);
    });
  });

  it('gives samples of the marginal, and the joint density', async () => {
    const [logProb = [], drawn = []] = await elements(
      (p: P, b: Tensor) => flow.sample(p, b),
      [params, flow.base(random(2), 4000)],
    );
    expect([logProb.length, drawn.length]).toEqual([4000, 4000]);
    // standard errors: √(variance / 4000) = 0.02, variance·√(2 / 4000) = 0.03
    expect(Math.abs(mean(drawn) - centre)).toBeLessThan(0.06);
    expect(Math.abs(mean(drawn.map((value) => (value - centre) ** 2)) - variance)).toBeLessThan(0.1);
  });

  it('has a reverse KL that counts the further dimensions', async () => {
    // The target is the marginal's own density for x and N(0, 1) for e, so that the loss is KL(joint ‖ marginal × N) ≥ 0.
    const energy = (z: Tensor): Tensor =>
      z
        .squeeze(1)
        .sub(centre)
        .square()
        .mul(0.5 / variance)
        .add(0.5 * Math.log(2 * Math.PI * variance));
    const [[value = NaN] = []] = await elements(
      (p: P, b: Tensor) => flow.reverseKl(p, b, energy),
      [params, flow.base(random(2), 4000)],
    );
    const other = Math.cosh(s) ** 2 + ((0.8 * Math.sinh(s)) / s) ** 2;
    const determinant = 1;
    // KL of N(m, S) to N(m₁, σ²) × N(0, 1): ½(S₂₂ + m₂² − 1 + log σ² − log det S); e moves by 0.8·0.3·(cosh s − 1)/s².
    const e = (0.8 * 0.3 * (Math.cosh(s) - 1)) / s ** 2;
    const expected = 0.5 * (other + e ** 2 - 1 + Math.log(variance) - Math.log(determinant));
    expect(Math.abs(value - expected)).toBeLessThan(0.06);
  });
});
