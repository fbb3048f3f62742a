import { reference } from '@node-ode/backend-reference';
import { array, compile, type HostArray, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { detestReference } from './detest-reference.ts';
import { detest, detestNames, order, torchdiffeqProblems, type Problem } from './index.ts';

/** dy/dt of a problem at one point, on the reference engine. */
async function derivative(p: Problem, t: number, y: readonly number[]): Promise<HostArray> {
  const f = compile(reference(), (at: Tensor, state: Tensor) => p.dynamics(at, state), { dtype: p.dtype });
  const result = await f(t, array([...y], { dtype: p.dtype }));
  return result.read();
}

/** Largest distance of components, relative to the largest component wanted (or to 1). */
const distance = (found: HostArray, wanted: readonly number[]): number => {
  expect(found.shape).toEqual([wanted.length]);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(value - (found.data[i] ?? NaN)) / scale));
};

describe('dynamics', () => {
  it.each(detestNames)('of %s are those of the independent implementation', async (name) => {
    const { derivative: wanted, reference: points } = detestReference[name];
    const { t, y } = points[0];
    const double = await derivative(detest(name)('f64'), t, y);
    expect(double.dtype).toBe('f64');
    expect(distance(double, wanted)).toBeLessThan(1e-14);
    const single = await derivative(detest(name)('f32'), t, y);
    expect(single.dtype).toBe('f32');
    // B4 and the orbits divide numbers near 1: a few roundings of 6e-8
    expect(distance(single, wanted)).toBeLessThan(1e-6);
  });

  it.each([...Object.values(torchdiffeqProblems), order].map((make) => [make('f64').name, make] as const))(
    'of %s are those of its exact solution',
    async (_, make) => {
      const p = make('f64');
      const exact = (t: number): number[] => p.solution?.(t) ?? [];
      const h = 1e-3;
      for (const { t } of p.reference) {
        const [a, b, c, d] = [exact(t - 2 * h), exact(t - h), exact(t + h), exact(t + 2 * h)];
        const slope = a.map((first, i) => (first - 8 * (b[i] ?? NaN) + 8 * (c[i] ?? NaN) - (d[i] ?? NaN)) / (12 * h));
        // the differences are good to about h⁴ and to rounding over h
        expect(distance(await derivative(p, t, exact(t)), slope)).toBeLessThan(1e-9);
      }
      expect((await derivative(make('f32'), 1, p.y0)).dtype).toBe('f32');
    },
  );
});
