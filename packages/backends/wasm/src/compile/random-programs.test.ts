/** Random programs, loops, branches and their derivatives included, give what the reference engine gives. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, random, type Backend, type DType, type HostArray, type Tensor } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choices, pool, withGradient, withTangent } from '../../test/random-program.ts';
import { wasm } from '../index.ts';

const oracle = reference();
const engine = await wasm();

const inputs = (seed: number, dtype: DType): readonly [HostArray, HostArray] => {
  const rng = random(seed);
  const draw = (n: number): number[] => Array.from({ length: n }, () => rng.normal());
  return [array(draw(15), { shape: [5, 3], dtype }), array(draw(3), { shape: [3], dtype })];
};

type Program = (x: Tensor, w: Tensor) => readonly Tensor[];

async function run(
  backend: Backend,
  fn: Program,
  given: readonly [HostArray, HostArray],
): Promise<readonly HostArray[]> {
  const compiled = compile(backend, fn);
  const outputs = await compiled(...given);
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  compiled.dispose();
  return read;
}

function near(actual: readonly HostArray[], expected: readonly HostArray[], tolerance: number): void {
  expected.forEach(({ data, shape }, i) => {
    expect(actual[i]!.shape).toEqual(shape);
    data.forEach((value, k) => {
      const given = actual[i]!.data[k]!;
      const isSame = Object.is(given, value) || Math.abs(given - value) <= tolerance * (1 + Math.abs(value));
      expect(isSame, `result ${i + 1}, element ${k}: ${given}, not ${value}`).toBe(true);
    });
  });
}

const numbers = fc.array(fc.nat(1000), { minLength: 4, maxLength: 60 });

describe('random programs', () => {
  it('agree with the reference engine in f64', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(9), async (list, seed) => {
        const given = inputs(seed, 'f64');
        const fn: Program = (x, w) => [...pool(new Choices(list), [x, w], 8)].reverse();
        near(await run(engine, fn, given), await run(oracle, fn, given), 1e-10);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('agree with the reference engine in their gradients', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(9), async (list, seed) => {
        const given = inputs(seed, 'f64');
        const fn = withGradient(list, 6);
        near(await run(engine, fn, given), await run(oracle, fn, given), 1e-9);
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it('agree in their tangents, which are the transpose of their gradients', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(9), async (list, seed) => {
        const given = inputs(seed, 'f64');
        const fn = withTangent(list, 6);
        const [expected, actual] = [await run(oracle, fn, given), await run(engine, fn, given)];
        near(actual, expected, 1e-9);
        near(actual.slice(1, 2), actual.slice(2), 1e-9);
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it('agree in f32 within its rounding', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(9), async (list, seed) => {
        const given = inputs(seed, 'f32');
        const fn: Program = (x, w) => pool(new Choices(list), [x, w], 5).map((t) => t.tanh());
        near(await run(engine, fn, given), await run(oracle, fn, given), 2e-4);
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});
