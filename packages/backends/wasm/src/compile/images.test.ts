/** Convolutions and pooling of random shapes, with what follows them, and their gradients give what the reference engine gives. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  avgPool2d,
  compile,
  conv2d,
  convTranspose2d,
  maxPool2d,
  onesLike,
  random,
  vjp,
  zerosLike,
  type Backend,
  type DType,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wasm } from '../index.ts';

const oracle = reference();
const engine = await wasm();

type Program = (...inputs: readonly Tensor[]) => readonly Tensor[];
type Pair = readonly [number, number];

async function run(backend: Backend, fn: Program, given: readonly HostArray[]): Promise<readonly HostArray[]> {
  const compiled = compile(backend, fn as (...inputs: Tensor[]) => readonly Tensor[]);
  const outputs = await compiled(...given);
  const read = await Promise.all(outputs.map((output) => output.read()));
  for (const output of outputs) output.dispose();
  compiled.dispose();
  return read;
}

/** What both engines give, element by element. */
async function expectSame(fn: Program, given: readonly HostArray[], tolerance: number): Promise<void> {
  const [actual, expected] = await Promise.all([run(engine, fn, given), run(oracle, fn, given)]);
  expected.forEach(({ data, shape }, i) => {
    expect(actual[i]!.shape).toEqual(shape);
    const scale = Math.max(1, ...Array.from(data, Math.abs));
    data.forEach((value, k) => {
      const got = actual[i]!.data[k]!;
      const isSame = Object.is(got, value) || Math.abs(got - value) <= tolerance * scale;
      expect(isSame, `result ${i + 1}, element ${k}: ${got}, not ${value}`).toBe(true);
    });
  });
}

const draw = (seed: number, dtype: DType, ...shapes: readonly (readonly number[])[]): readonly HostArray[] => {
  const rng = random(seed);
  return shapes.map((shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return array(
      Array.from({ length: count }, () => rng.normal()),
      { shape, dtype },
    );
  });
};

const pair = (min: number, max: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Windows on images; those that find no room are widened by padding behind. */
const windows = (mostPadding: number) =>
  fc
    .record({
      samples: fc.integer({ min: 1, max: 5 }),
      size: pair(1, 10),
      window: pair(1, 4),
      strides: pair(1, 3),
      dilations: pair(1, 2),
      before: pair(0, mostPadding),
      after: pair(0, mostPadding),
    })
    .filter(({ size, window, dilations, before, after }) =>
      [0, 1].every((axis) => before[axis]! + size[axis]! + after[axis]! > dilations[axis]! * (window[axis]! - 1)),
    );

const channels = fc.record({
  groups: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 5 }),
  outputs: fc.integer({ min: 1, max: 5 }),
});

const extentsOf = ([height, width]: Pair): readonly number[] => [height, width];

describe.each([
  ['f64', 1e-12],
  ['f32', 3e-5],
] as const)('in %s', (dtype, tolerance) => {
  it('convolutions with what follows them, and their gradients', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(windows(4), channels, fc.nat(9), async (lie, { groups, inputs, outputs }, seed) => {
        const { samples, size, window, strides, dilations, before, after } = lie;
        const options = { strides, dilations, groups, padding: { before, after } };
        const given = draw(
          seed,
          dtype,
          [samples, groups * inputs, ...size],
          [groups * outputs, inputs, ...window],
          [groups * outputs, 1, 1],
          extentsOf(size).slice(1),
        );
        const fn: Program = (x, kernel, bias, row) => {
          const { value, pullback } = vjp(
            ([image, weights]: readonly [Tensor, Tensor]) => conv2d(image, weights, options),
            [x!, kernel!],
          );
          const [dx, dKernel] = pullback(value.tanh());
          return [value, value.add(bias!).maximum(0), dx, dx.mul(row!).add(x!), dKernel, dKernel.neg()];
        };
        await expectSame(fn, given, tolerance);
      }),
      { numRuns: 80, seed: 1 },
    );
  });

  it('pooling and its gradients, ties included', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        windows(0),
        fc.boolean(),
        fc.boolean(),
        fc.nat(9),
        async (lie, isTied, countIncludePad, seed) => {
          const { samples, size, window, strides, dilations } = lie;
          // Less padding than a window, so that each has an element.
          const padding = { before: [window[0] - 1, 0] as const, after: [0, window[1] - 1] as const };
          const options = { strides, dilations: dilations.map(() => 1) as unknown as Pair, padding };
          const given = draw(seed, dtype, [samples, 3, ...size]);
          const fn: Program = (given) => {
            const x = isTied ? given!.round() : given!;
            const most = vjp((image: Tensor) => maxPool2d(image, window, options), x);
            const mean = vjp((image: Tensor) => avgPool2d(image, window, { ...options, countIncludePad }), x);
            return [most, mean].flatMap(({ value, pullback }) => [value, value.exp(), pullback(value.cos())]);
          };
          await expectSame(fn, given, tolerance);
        },
      ),
      { numRuns: 60, seed: 2 },
    );
  });
});

describe('convolutions', () => {
  const f32 = (...shapes: readonly (readonly number[])[]) => draw(1, 'f32', ...shapes);

  it('of one element, by one element, to one element', async () => {
    const options = { padding: 1, strides: 2 };
    const one = f32([1, 1, 1, 1], [1, 1, 1, 1]);
    await expectSame((x, kernel) => [conv2d(x!, kernel!), conv2d(x!, kernel!, options)], one, 1e-6);
    await expectSame((x, kernel) => [conv2d(x!, kernel!, options)], f32([2, 1, 3, 4], [1, 1, 1, 1]), 1e-6);
    await expectSame((x, kernel) => [conv2d(x!, kernel!)], f32([1, 2, 3, 4], [1, 2, 3, 4]), 1e-6);
    await expectSame((x, kernel) => [convTranspose2d(x!, kernel!)], f32([1, 2, 1, 1], [2, 3, 3, 3]), 1e-6);
    const gradient: Program = (x, kernel) => {
      const { value, pullback } = vjp((weights: Tensor) => conv2d(x!, weights), kernel!);
      return [pullback(value)];
    };
    await expectSame(gradient, f32([2, 1, 3, 4], [1, 1, 1, 1]), 1e-6);
  });

  it('of views and of constants', async () => {
    const fn: Program = (x, kernel) => [
      conv2d(x!.transpose([0, 1, 3, 2]).slice([0, 0, 1, 1], [2, 3, 4, 4]), kernel!, { padding: 1 }),
      conv2d(x!, onesLike(kernel!)),
      conv2d(zerosLike(x!), kernel!),
    ];
    await expectSame(fn, f32([2, 3, 5, 6], [4, 3, 3, 3]), 1e-5);
  });

  it('keep what is wider than they are out of their loops', async () => {
    const fn: Program = (x, kernel) => [
      conv2d(x!, kernel!).cast('f64').exp(),
      x!
        .reshape([6, 30])
        .matmul(kernel!.reshape([30, 12]))
        .cast('f64')
        .exp(),
    ];
    await expectSame(fn, f32([2, 3, 5, 6], [4, 3, 5, 6]), 1e-4);
  });

  it('sum in the same order whatever the batch', async () => {
    const [x, kernel] = f32([7, 5, 6, 6], [9, 5, 3, 3]) as readonly [HostArray, HostArray];
    const fn: Program = (image, weights) => [conv2d(image!, weights!, { padding: 1 })];
    const [all] = await run(engine, fn, [x, kernel]);
    for (let n = 0; n < 7; n++) {
      const alone = array(x.data.slice(n * 180, (n + 1) * 180), { shape: [1, 5, 6, 6], dtype: 'f32' });
      const [one] = await run(engine, fn, [alone, kernel]);
      expect(one!.data).toEqual(all!.data.slice(n * 324, (n + 1) * 324));
    }
  });
});
