/** What the tests share: running traced functions on the reference engine in f64, and central differences. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  flattenTree,
  isDeviceArray,
  isHostArray,
  random,
  toNested,
  valueAndGrad,
  type ArgumentOf,
  type HostArray,
  type MapLeaves,
  type NestedArray,
  type Tensor,
  type TensorLike,
} from '@node-ode/core';
import { expect } from 'vitest';

/** What a traced function of `A` is called with. */
export type Arguments<A extends readonly unknown[]> = { [I in keyof A]: ArgumentOf<A[I]> };

/** A result read to the host. */
export type HostOf<R> = MapLeaves<R, TensorLike, HostArray>;

/** Runs a traced function; gives its tree of host arrays. */
export async function runHost<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: Arguments<A>
): Promise<HostOf<R>> {
  const { leaves, structure } = flattenTree('runHost', await compile(reference(), fn)(...args), isDeviceArray);
  return structure.rebuild(await Promise.all(leaves.map((leaf) => leaf.read()))) as HostOf<R>;
}

/** Runs a traced function whose result is one tensor; gives it as nested arrays. */
export async function run<A extends readonly unknown[]>(
  fn: (...args: A) => Tensor,
  ...args: Arguments<A>
): Promise<NestedArray> {
  return toNested(await runHost(fn, ...args));
}

/** The elements of a result of one tensor. */
export async function elements<A extends readonly unknown[]>(
  fn: (...args: A) => Tensor,
  ...args: Arguments<A>
): Promise<number[]> {
  return Array.from((await runHost(fn, ...args)).data);
}

/** An f64 array. */
export const f64 = (nested: NestedArray): HostArray => array(nested, { dtype: 'f64' });

/** A seeded normal f64 array. */
export function noise(shape: readonly number[], seed = 0): HostArray {
  const source = random(seed);
  const length = shape.reduce((a, b) => a * b, 1);
  return array(
    Float64Array.from({ length }, () => source.normal()),
    { shape, dtype: 'f64' },
  );
}

/** Each element of `actual` within `tolerance`·max(1, |expected|) of the expected one. */
export function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, i) => {
    const y = expected[i]!;
    expect(Math.abs(x - y), `element ${i}: ${x} against ${y}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(y)),
    );
  });
}

/**
 * Holds the gradient of a scalar function of a tree against fourth-order central differences in f64. Their own error is
 * about ε·|f|/h + h⁴·|f⁽⁵⁾| ≈ 1e-12 for functions of order 1; 1e-9 leaves room for sums.
 */
export async function checkGradient<X>(f: (x: X) => Tensor, x: ArgumentOf<X>, tolerance = 1e-9): Promise<void> {
  const { leaves, structure } = flattenTree('checkGradient', x, isHostArray);
  const gradient = await runHost((tree: X) => valueAndGrad(f)(tree).grad, x);
  const analytic = flattenTree('checkGradient', gradient, isHostArray).leaves;
  const compiled = compile(reference(), f);
  const at = async (leaf: number, element: number, offset: number): Promise<number> => {
    const moved = leaves.map((source, i) => {
      const copy = array(source.data, { shape: source.shape, dtype: source.dtype });
      if (i === leaf) copy.data[element]! += offset;
      return copy;
    });
    const value = await compiled(structure.rebuild(moved) as ArgumentOf<X>);
    return (await value.read()).data[0]!;
  };
  const h = 1e-3;
  for (const [k, leaf] of leaves.entries()) {
    const numeric: number[] = [];
    for (let i = 0; i < leaf.data.length; i++) {
      const far = (await at(k, i, 2 * h)) - (await at(k, i, -2 * h));
      const near = (await at(k, i, h)) - (await at(k, i, -h));
      numeric.push((8 * near - far) / (12 * h));
    }
    expectClose(Array.from(analytic[k]!.data), numeric, tolerance);
  }
}
