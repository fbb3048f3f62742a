/** Random programs of scalars and tensors, and their gradients, driven from the host, give what the reference engine gives. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, jvp, random, valueAndGrad, type Backend, type HostArray, type Tensor } from '@node-ode/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fakeBackend, fakeDevice } from '../test/fake-device.ts';
import { Draws, mixed } from '../test/mixed-program.ts';

type Program = (s: Tensor, v: Tensor, m: Tensor) => readonly Tensor[];

async function run(backend: Backend, fn: Program, seed: number): Promise<readonly HostArray[]> {
  const rng = random(seed);
  const draw = (...shape: number[]): HostArray => {
    const size = shape.reduce((a, b) => a * b, 1);
    return array(
      Float64Array.from({ length: size }, () => rng.normal()),
      { shape, dtype: 'f64' },
    );
  };
  const compiled = compile(backend, fn);
  const outputs = await compiled(draw(), draw(4), draw(2, 3));
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  compiled.dispose();
  return read;
}

/** Bit for bit: the device is the reference engine, and the host rounds as it does. */
async function agree(fn: Program, seed: number): Promise<void> {
  const expected = await run(reference(), fn, seed);
  for (const options of [{ waits: false }, { waits: false, overwrites: true }, { waits: true }]) {
    const device = fakeDevice(options);
    expect(await run(fakeBackend(device), fn, seed)).toEqual(expected);
    expect(device.log.live, 'values that were not disposed of').toBe(0);
  }
}

const program =
  (list: readonly number[]): Program =>
  (s, v, m) => {
    const pool = mixed(new Draws(list), { scalars: [s], vectors: [v], matrices: [m] }, 7);
    return [...pool.matrices, ...pool.vectors, ...pool.scalars];
  };

const numbers = fc.array(fc.nat(1000), { minLength: 20, maxLength: 120 });

it('agree with the reference engine', { timeout: 120_000 }, async () => {
  const check = (list: number[], seed: number): Promise<void> => agree(program(list), seed);
  await fc.assert(fc.asyncProperty(numbers, fc.nat(9), check), { numRuns: 150, seed: 1 });
});

it('agree in their tangents', { timeout: 120_000 }, async () => {
  const check = (list: number[], seed: number): Promise<void> =>
    agree((s, v, m) => {
      const f = (p: { s: Tensor; v: Tensor; m: Tensor }): readonly Tensor[] => program(list)(p.s, p.v, p.m);
      return jvp(f, { s, v, m }, { s: s.cos(), v: v.sin(), m: m.mul(0.5) }).tangent;
    }, seed);
  await fc.assert(fc.asyncProperty(numbers, fc.nat(9), check), { numRuns: 50, seed: 3 });
});

it('agree in their gradients', { timeout: 120_000 }, async () => {
  const check = (list: number[], seed: number): Promise<void> =>
    agree((s, v, m) => {
      const loss = (p: { s: Tensor; v: Tensor; m: Tensor }): Tensor =>
        program(list)(p.s, p.v, p.m)
          .map((x) => x.sum())
          .reduce((a, b) => a.add(b));
      const { value, grad } = valueAndGrad(loss)({ s, v, m });
      return [value, grad.s, grad.v, grad.m];
    }, seed);
  await fc.assert(fc.asyncProperty(numbers, fc.nat(9), check), { numRuns: 70, seed: 2 });
});
