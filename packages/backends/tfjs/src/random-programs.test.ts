/** Random programs with loops, and their gradients, give what the reference engine gives in f32. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, random, scan, valueAndGrad, whileLoop, type Backend, type Tensor } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendNames, engine, tf } from '../test/engines.ts';

type Step = (x: Tensor, m: Tensor) => Tensor;

/** Operations from [3, 4] to [3, 4] with derivatives of order one where the values are of order one. */
const steps: readonly Step[] = [
  (x, m) => x.add(m).tanh(),
  (x) => x.sin().mul(1.5),
  (x, m) => x.matmul(m, { transposeB: true }).matmul(m).mul(0.3),
  (x) => x.maximum(0.1).sub(x.minimum(-0.2)),
  (x) => x.sub(x.mean({ axes: 1, keepDims: true })).div(x.square().add(1).sqrt()),
  (x) => x.sigmoid().mul(x.exp().add(1).log()),
  (x, m) => x.mul(m.sum({ axes: 0, keepDims: true })).cos(),
  (x) => x.softmax(1).add(x.mul(0.5)),
  (x) => x.transpose().reshape([3, 4]).erf(),
  (x, m) => m.slice([0, 1], [3, 1]).mul(x).expm1().atan2(x.abs().add(1)),
  (x) => x.cumsum(1, { reverse: true }).mul(0.4),
];

/** Applies some of them in a loop whose length depends on a value, and some along the rows of a scan. */
function program(choice: readonly number[]): (x: Tensor, m: Tensor) => Tensor {
  const chosen = choice.map((i) => steps[i % steps.length]!);
  const half = Math.ceil(chosen.length / 2);
  return (x, m) => {
    const { carry } = whileLoop(
      { i: x.sum().mul(0).cast('i32'), y: x },
      ({ i, y }) => i.less(3).and(y.square().mean().less(100)),
      ({ i, y }) => ({ carry: { i: i.add(1), y: chosen.slice(0, half).reduce((z, step) => step(z, m), y) } }),
    );
    const rows = scan(carry.y, m, (z, row) => {
      const next = chosen.slice(half).reduce((u, step) => step(u, m), z.add(row));
      return { carry: next, output: next.sum({ axes: 0 }) };
    });
    return rows.carry.add(rows.outputs.mean({ axes: 0 }));
  };
}

async function results(backend: Backend, choice: readonly number[], seed: number): Promise<readonly number[]> {
  const rng = random(seed);
  const draw = () =>
    array(
      Float32Array.from({ length: 12 }, () => rng.normal()),
      { shape: [3, 4] },
    );
  const fn = compile(backend, (x: Tensor, m: Tensor) => {
    const loss = (p: { readonly x: Tensor; readonly m: Tensor }) => program(choice)(p.x, p.m).square().mean();
    const { value, grad } = valueAndGrad(loss)({ x, m });
    return [value, grad.x, grad.m] as const;
  });
  const outputs = await fn(draw(), draw());
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  fn.dispose();
  return read.flatMap(({ data }) => Array.from(data));
}

const largest = (numbers: readonly number[]): number => Math.max(...numbers.map(Math.abs));

describe.each(backendNames)('on %s', (name) => {
  it('values and gradients agree', { timeout: 120_000 }, async () => {
    const [backend, exact] = [await engine(name), reference()];
    const choices = fc.array(fc.nat(steps.length - 1), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(choices, fc.nat(9), async (choice, seed) => {
        const [actual, expected] = [await results(backend, choice, seed), await results(exact, choice, seed)];
        const scale = Math.max(1, largest(expected));
        // Up to 30 operations of f32, each with an error of 1e-7, whose derivatives multiply.
        expect(largest(actual.map((x, i) => x - expected[i]!)) / scale).toBeLessThan(2e-4);
      }),
      { numRuns: 40, seed: 7 },
    );
    await backend.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    expect(tf.findBackend(name).numDataIds()).toBe(0);
  });
});
