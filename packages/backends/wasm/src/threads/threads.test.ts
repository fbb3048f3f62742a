/** Results on several threads are those of one thread, bit for bit, and so are those of parts in any order. */
import {
  array,
  compile,
  conv2d,
  createOde,
  random,
  valueAndGrad,
  type Backend,
  type ConvOptions,
  type DType,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { mlp } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { runInParts } from '../../test/run-in-parts.ts';
import { wasm, type WasmBackend } from '../index.ts';

const one = await wasm();
const three = await wasm({ threads: 3 });
afterAll(() => Promise.all([one.dispose(), three.dispose()]));

type Program = (...inputs: readonly Tensor[]) => readonly Tensor[];

async function run(backend: Backend, program: Program, inputs: readonly HostArray[]): Promise<readonly HostArray[]> {
  const compiled = compile(backend, program as (...inputs: Tensor[]) => readonly Tensor[]);
  const outputs = await compiled(...inputs);
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  compiled.dispose();
  return read;
}

const bits = ({ data }: HostArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** Three threads take what they get; backwards, the parts are on threads in turn, whoever has time. */
async function expectSame(program: Program, inputs: readonly HostArray[]): Promise<void> {
  const expected = await run(one, program, inputs);
  const graph = compile(three, program as (...inputs: Tensor[]) => readonly Tensor[]).graph(...inputs);
  const { results, parts } = await runInParts(graph, inputs, 3);
  expect(parts, 'parts').toBeGreaterThan(1);
  for (const got of [await run(three, program, inputs), results]) {
    expected.forEach((result, i) => {
      expect(got[i]!.shape).toEqual(result.shape);
      expect(bits(got[i]!).equals(bits(result)), `result ${i}`).toBe(true);
    });
  }
}

const normal = (seed: number, dtype: DType, ...shape: number[]): HostArray => {
  const rng = random(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return array(
    Array.from({ length: size }, () => rng.normal()),
    { shape, dtype },
  );
};

describe('on three threads', () => {
  it.each(['f32', 'f64'] as const)('products of %s are those of one thread', { timeout: 120_000 }, async (dtype) => {
    const extent = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 300 }));
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(extent, extent, extent),
        fc.boolean(),
        fc.boolean(),
        fc.nat(9),
        async ([m, k, n], ta, tb, seed) => {
          fc.pre(k * n >= 100);
          // As many rows as make it large enough to be shared.
          const rows = Math.max(m, Math.ceil(2 ** 20 / (2 * k * n)));
          const a = normal(seed, dtype, ...(ta ? [k, rows] : [rows, k]));
          const b = normal(seed + 1, dtype, ...(tb ? [n, k] : [k, n]));
          await expectSame((x, y) => [x!.matmul(y!, { transposeA: ta, transposeB: tb })], [a, b]);
        },
      ),
      { numRuns: 25, seed: 1 },
    );
  });

  it.each(['f32', 'f64'] as const)('so is what follows them, and batches of %s', async (dtype) => {
    const [x, w, bias] = [normal(1, dtype, 128, 64), normal(2, dtype, 64, 250), normal(3, dtype, 250)];
    await expectSame(
      (a, b, c) => {
        const z = a!.matmul(b!).add(c!);
        return [z.tanh(), z.mul(0.5).sub(c!.sum())];
      },
      [x, w, bias],
    );
    // A scalar that is computed when it runs, and one that is given.
    await expectSame((a, b, s) => [a!.matmul(b!).mul(s!.exp()).add(s!)], [x, w, array(0.3, { dtype })]);
    const [left, right, shared] = [
      normal(4, dtype, 2, 3, 60, 50),
      normal(5, dtype, 3, 50, 70),
      normal(6, dtype, 50, 90),
    ];
    await expectSame((a, b) => [a!.matmul(b!).relu()], [left, right]);
    await expectSame(
      (a, b) => [a!.matmul(b!, { transposeA: true })],
      [normal(7, dtype, 4, 64, 64), normal(8, dtype, 4, 64, 64)],
    );
    await expectSame((a, b) => [a!.matmul(b!)], [left, shared]);
    await expectSame((a, b, c) => [a!.matmul(b!).add(c!)], [left, shared, normal(9, dtype, 2, 1, 60, 1)]);
    await expectSame((a, b) => [a!.matmul(b!)], [normal(10, dtype, 1, 128, 64), normal(11, dtype, 1, 64, 128)]);
  });

  it.each([
    ['by samples', [16, 8, 12, 12], [16, 8, 3, 3], { padding: 1 }],
    ['by samples, several in a block', [64, 16, 4, 4], [16, 16, 3, 3], { padding: 1 }],
    ['by lines', [1, 8, 60, 61], [8, 8, 3, 3], {}],
    ['by groups', [1, 64, 20, 20], [128, 16, 3, 3], { groups: 4, padding: 1 }],
    ['with strides, whose input gradient has phases', [8, 16, 17, 17], [32, 16, 3, 3], { strides: 2, padding: 1 }],
    ['of single channels', [16, 16, 33, 33], [16, 1, 3, 3], { groups: 16, padding: 1 }],
    ['of single channels, by groups', [1, 64, 70, 70], [64, 1, 3, 3], { groups: 64 }],
    ['with few channels', [8, 3, 40, 40], [16, 3, 5, 5], { dilations: 2 }],
  ] as [string, number[], number[], ConvOptions][])(
    'convolutions %s, and their gradients, are those of one thread',
    async (_name, image, kernel, options) => {
      for (const dtype of ['f32', 'f64'] as const) {
        const inputs = [normal(1, dtype, ...image), normal(2, dtype, ...kernel), normal(3, dtype, kernel[0]!, 1, 1)];
        await expectSame((x, w, b) => {
          const loss = (p: { x: Tensor; w: Tensor }): Tensor => conv2d(p.x, p.w, options).add(b!).tanh().sum();
          const { value, grad } = valueAndGrad(loss)({ x: x!, w: w! });
          return [conv2d(x!, w!, options).add(b!).relu(), value, grad.x, grad.w];
        }, inputs);
      }
    },
  );

  it('what is large, but one piece, is done in one', async () => {
    const [image, kernel] = [normal(1, 'f32', 1, 64, 96, 96), normal(2, 'f32', 1, 64, 96, 96)];
    const program: Program = (x, w) => [conv2d(x!, w!)];
    const graph = compile(three, program).graph(image, kernel);
    const { results, parts } = await runInParts(graph, [image, kernel], 3);
    expect(parts).toBe(0);
    expect(results).toEqual(await run(one, program, [image, kernel]));
  });

  it.each([
    ['adjoint', adjoint()],
    ['backprop', backprop()],
  ])('a training step by %s is that of one thread', async (_name, gradient) => {
    const net = mlp({ sizes: [64, 256, 64] });
    const params = net.init(random(1));
    const y0 = normal(2, 'f32', 128, 64);
    const step = async (backend: WasmBackend) => {
      const ode = createOde({ backend, solver: dopri5(), gradient, rtol: 1e-3, atol: 1e-3 });
      const compiled = ode.compile((given: TensorsOf<typeof params>, start: Tensor) => {
        const loss = (p: typeof given): Tensor =>
          ode
            .odeint((_t, y) => net.apply(p, y), start, [0, 1])
            .ys.square()
            .mean();
        return valueAndGrad(loss)(given);
      });
      const { value, grad } = await compiled(params, y0);
      const leaves = [value, ...grad.flatMap(({ weight, bias }) => [weight, ...(bias === undefined ? [] : [bias])])];
      return Promise.all(leaves.map((leaf) => leaf.read()));
    };
    const [expected, got] = [await step(one), await step(three)];
    expected.forEach((leaf, i) => {
      expect(bits(got[i]!).equals(bits(leaf)), `leaf ${i}`).toBe(true);
    });
  });
});
