import { readFileSync } from 'node:fs';
import { createOde, SolveError, type OdeOptions } from '@node-ode/core';
import { onnx } from '@node-ode/backend-onnx';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { kvaerno5 } from '@node-ode/solver-kvaerno5';
import { describe, expect, it } from 'vitest';
import { restricted, solveSystem, type Trajectory } from './solve-system.ts';
import { readSystem } from './system.ts';

/** States by SciPy: tools/references/systems.py. */
const references = JSON.parse(readFileSync(new URL('systems-reference.json', import.meta.url), 'utf8')) as Record<
  string,
  { readonly t: number[]; readonly y: number[][] }
>;

const backend = await wasm();
const accurate: OdeOptions = { backend, solver: dopri8(), rtol: 1e-12, atol: 1e-13, dtype: 'f64', maxSteps: 100_000 };

const system = (text: string) => readSystem({ name: 'test.ode', text });

const solve = (text: string, ts: readonly number[], options: Partial<OdeOptions> = {}, jumpTimes?: number[]) => {
  const all = { ...accurate, ...options };
  return solveSystem(createOde(all), system(text), ts, {
    dtype: all.dtype === 'f32' ? 'f32' : 'f64',
    ...(jumpTimes === undefined ? {} : { jumpTimes }),
  });
};

/** Largest difference from SciPy's states, relative where they are larger than 1. */
const errorOf = ({ ys }: Trajectory, name: string): number =>
  Math.max(
    ...(references[name]?.y ?? []).flatMap((state, i) =>
      state.map((value, j) => Math.abs((ys[j]?.[i] ?? NaN) - value) / Math.max(1, Math.abs(value))),
    ),
  );

const lorenz = `
  # The Lorenz attractor
  s = 10; r = 28; b = 8/3
  dx = s*(y - x)
  dy = x*(r - z) - y
  dz = x*y - b*z
  x(0) = 1; y(0) = 1; z(0) = 1
  t = 0 .. 4`;

describe('solveSystem', () => {
  it('agrees with SciPy on Lorenz', async () => {
    expect(errorOf(await solve(lorenz, [0, 0.5, 1, 4]), 'lorenz')).toBeLessThan(2e-9);
  });

  it('agrees with SciPy backwards in time', async () => {
    const pendulum = `theta' = omega
      domega/dt = -sin(theta) - 0.1*omega
      theta(0) = 2.5; omega(0) = 0
      t = 0 .. -4`;
    expect(errorOf(await solve(pendulum, [0, -1, -2.5, -4]), 'pendulum, backwards')).toBeLessThan(1e-10);
  });

  it('agrees with SciPy on most functions, across a jump', async () => {
    const all = `
      push = if(t < 1 and not (x > 5), 0.3, min(0.5, max(t, 0.1))*sign(y))
      dx = sin(y)*exp(-t^2) + log1p(abs(x))/(1 + cosh(0.1*x)) + push
      dy = atan2(y, 1 + x**2) - tanh(x)*sqrt(1 + y^2) + erf(x - y) - 2^-(t/2)
           + 0 # a comment, and a line of its own would be another statement
      x(0) = 0.7; y(0) = -0.4; t = 0 .. 3`.replace(/\n\s*\+ 0[^\n]*/, ' + sigmoid(y)*asin(0.5*cos(t))');
    expect(errorOf(await solve(all, [0, 0.5, 1, 2, 3], {}, [1]), 'functions')).toBeLessThan(1e-9);
  });

  it('agrees with SciPy on a stiff system', async () => {
    const robertson = `
      da = -0.04*a + 1e4*b*c
      db = 0.04*a - 1e4*b*c - 3e7*b^2
      dc = 3e7*b^2
      a(0) = 1; b(0) = 0; c(0) = 0; t = 0 .. 4000`;
    const options = { solver: kvaerno5(), rtol: 1e-9, atol: 1e-12 };
    expect(errorOf(await solve(robertson, [0, 0.4, 40, 4000], options), 'robertson')).toBeLessThan(1e-7);
  });

  it('gives the same on every engine', async () => {
    const ts = [0, 0.25, 0.5];
    const onEngines = [reference(), await onnx()].map((engine) => solve(lorenz, ts, { backend: engine }));
    const { ys } = await solve(lorenz, ts);
    for (const other of await Promise.all(onEngines)) {
      other.ys.flat().forEach((value, i) => expect(value).toBeCloseTo(ys.flat()[i] ?? NaN, 10));
    }
    const { ys: single } = await solve(lorenz, ts, { dtype: 'f32', solver: dopri5(), rtol: 1e-5, atol: 1e-6 });
    single.flat().forEach((value, i) => expect(value).toBeCloseTo(ys.flat()[i] ?? NaN, 2));
  });

  it('takes derivatives that are constants', async () => {
    const { ys } = await solve('dx = 2; dy = t; x(1) = 3; y(1) = 0; t = 1 .. 3', [1, 2, 3]);
    ys[0]?.forEach((value, i) => expect(value).toBeCloseTo([3, 5, 7][i] ?? NaN, 12));
    ys[1]?.forEach((value, i) => expect(value).toBeCloseTo([0, 1.5, 4][i] ?? NaN, 12));
  });

  it('ends where a line says so', async () => {
    const ball = `g = 8; dh = v; dv = -g; h(0) = 4; v(0) = 0; t = 0 .. 10; stop when h < 0`;
    const found = await solve(ball, [0, 0.5, 1, 5, 10]);
    expect(found.ts).toHaveLength(3);
    expect(found.stopped?.t).toBeCloseTo(1, 12);
    expect(found.ys[1]?.at(-1)).toBeCloseTo(-8, 11);
    const few = restricted(found, [0, 10]);
    expect(few.ts).toEqual([0, found.stopped?.t]);
    const never = await solve(ball.replace('h < 0', 'h > 5'), [0, 10]);
    expect(never.stopped).toBeUndefined();
    expect(never.ts).toEqual([0, 10]);
    const backwards = await solve('dx = 1; x(0) = 0; t = 0 .. -3; stop when x = -1', [0, -0.5, -2, -3]);
    expect(backwards.ts.slice(0, 2)).toEqual([0, -0.5]);
    expect(backwards.stopped?.t).toBeCloseTo(-1, 12);
  });

  it('says where it failed', async () => {
    const blowUp = solve('dx = x^2; x(0) = 1; t = 0 .. 2', [0, 2]);
    await expect(blowUp).rejects.toThrow(SolveError);
    const { t } = (await blowUp.catch((error: unknown) => error)) as SolveError;
    expect(t).toBeCloseTo(1, 6); // x = 1/(1 − t)
  });
});
