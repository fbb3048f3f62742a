/** What the tests share: results on the host, seeded points, and derivatives along random directions. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  flattenTree,
  isDeviceArray,
  isHostArray,
  random,
  valueAndGrad,
  type ArgumentOf,
  type Backend,
  type FloatDType,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { expect } from 'vitest';

/** Runs a traced function; gives the elements of each leaf of its result, in order of paths. */
export async function elements<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  args: { [I in keyof A]: ArgumentOf<A[I]> },
  backend: Backend = reference(),
): Promise<number[][]> {
  const { leaves } = flattenTree('elements', await compile(backend, fn)(...args), isDeviceArray);
  return (await Promise.all(leaves.map((leaf) => leaf.read()))).map(({ data }) => Array.from(data, Number));
}

/** Seeded normal points. */
export function points(shape: readonly number[], seed: number, dtype: FloatDType = 'f64'): HostArray {
  const source = random(seed);
  const length = shape.reduce((product, extent) => product * extent, 1);
  return array(
    Float64Array.from({ length }, () => source.normal()),
    { shape, dtype },
  );
}

/** Cell centres of a square grid on ±bound, and the area of a cell. */
export function gridPoints(
  bound: number,
  count: number,
  dtype: FloatDType = 'f32',
): { readonly x: HostArray; readonly area: number } {
  const side = (2 * bound) / count;
  const at = (i: number): number => -bound + (i + 0.5) * side;
  const rows = Array.from({ length: count * count }, (_, i) => [at(i % count), at(Math.floor(i / count))]);
  return { x: array(rows, { dtype }), area: side * side };
}

export const mean = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;

/** Standard error of the mean. */
export const standardError = (xs: readonly number[]): number => {
  const centre = mean(xs);
  return Math.sqrt(mean(xs.map((x) => (x - centre) ** 2)) / (xs.length - 1));
};

/** Each element within `tolerance`·max(1, |expected|) of the expected one. */
export function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, i) => {
    const y = expected[i] ?? NaN;
    expect(Math.abs(x - y), `element ${i}: ${x} against ${y}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(y)),
    );
  });
}

/**
 * Holds the gradient of a scalar function of a tree to fourth-order central differences in f64, along `directions` random
 * directions that move every element of every leaf, by 3e-4 times a normal number. Returns the largest derivative, which must not be about 0.
 */
export async function checkGradient<X>(
  f: (x: X) => Tensor,
  x: ArgumentOf<X>,
  { tolerance, directions = 3, h = 3e-4 }: { tolerance: number; directions?: number; h?: number },
): Promise<number> {
  const { leaves, structure } = flattenTree('checkGradient', x, isHostArray);
  const gradient = await elements((tree: X) => valueAndGrad(f)(tree).grad, [x]);
  const value = compile(reference(), f);
  const derivatives: number[] = [];
  for (let seed = 0; seed < directions; seed++) {
    const source = random(1000 + seed);
    const direction = leaves.map(({ data }) => Array.from(data, () => source.normal()));
    const along = async (offset: number): Promise<number> => {
      const moved = leaves.map(({ data, shape, dtype }, k) =>
        array(
          Float64Array.from(data, (value, i) => value + offset * (direction[k]?.[i] ?? NaN)),
          { shape, dtype },
        ),
      );
      return (await (await value(structure.rebuild(moved) as ArgumentOf<X>)).read()).data[0] ?? NaN;
    };
    const [far, near] = [(await along(2 * h)) - (await along(-2 * h)), (await along(h)) - (await along(-h))];
    const analytic = gradient.flatMap((leaf, k) => leaf.map((g, i) => g * (direction[k]?.[i] ?? NaN)));
    const total = analytic.reduce((sum, term) => sum + term, 0);
    derivatives.push(total);
    expectClose([total], [(8 * near - far) / (12 * h)], tolerance);
  }
  return Math.max(...derivatives.map(Math.abs));
}
