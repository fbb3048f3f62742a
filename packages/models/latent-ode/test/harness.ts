/** What the tests share: running traced functions, derivatives by differences, and small batches. */
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
  type MapLeaves,
  type NestedArray,
  type Tensor,
  type TensorLike,
  type TensorsOf,
} from '@node-ode/core';
import { expect } from 'vitest';

/** A result read to the host. */
export type HostOf<R> = MapLeaves<R, TensorLike, HostArray>;

/** Runs a traced function on the reference engine, or on another. */
export async function run<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  args: { [I in keyof A]: ArgumentOf<A[I]> },
  backend: Backend = reference(),
): Promise<HostOf<R>> {
  const { leaves, structure } = flattenTree('run', await compile(backend, fn)(...args), isDeviceArray);
  return structure.rebuild(await Promise.all(leaves.map((leaf) => leaf.read()))) as HostOf<R>;
}

/** An f64 array. */
export const f64 = (nested: NestedArray): HostArray => array(nested, { dtype: 'f64' });

/** Standard normal numbers. */
export function noise(shape: readonly number[], seed = 0, dtype: FloatDType = 'f64'): HostArray {
  const source = random(seed);
  const length = shape.reduce((a, b) => a * b, 1);
  return array(
    Array.from({ length }, () => source.normal()),
    { shape, dtype },
  );
}

/** Each element within `tolerance` of the expected one. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  Array.from(actual).forEach((x, i) =>
    expect(Math.abs(x - expected[i]!), `element ${i}: ${x} against ${expected[i]}`).toBeLessThanOrEqual(tolerance),
  );
}

/**
 * Holds the derivative of a scalar function along random directions of all its leaves together against fourth-order central
 * differences in f64, whose own error is about ε·|f|/h + h⁴·|f⁽⁵⁾|.
 */
export async function checkGradient<P>(
  f: (params: TensorsOf<P>) => Tensor,
  params: P,
  options: { readonly tolerance: number; readonly directions?: number },
): Promise<void> {
  const { leaves, structure } = flattenTree('checkGradient', params, isHostArray);
  const ofLeaves = (x: readonly Tensor[]): Tensor => f(structure.rebuild(x) as TensorsOf<P>);
  const grads = await run((x: readonly Tensor[]) => valueAndGrad(ofLeaves)(x).grad, [leaves]);
  grads.forEach((leaf, i) => {
    const largest = Math.max(...Array.from(leaf.data, Math.abs));
    expect(largest, `gradient of ${structure.paths[i]}`).toBeGreaterThan(1e-7);
  });
  const value = compile(reference(), ofLeaves);
  for (let k = 0; k < (options.directions ?? 3); k++) {
    const along = leaves.map((leaf, i) => noise(leaf.shape, 1 + 100 * k + i));
    const at = async (h: number): Promise<number> => {
      const moved = leaves.map((leaf, i) =>
        array(
          Array.from(leaf.data, (v, j) => v + h * along[i]!.data[j]!),
          { shape: leaf.shape, dtype: 'f64' },
        ),
      );
      return (await (await value(moved)).read()).data[0]!;
    };
    const h = 3e-4;
    const numeric = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
    const analytic = grads
      .flatMap((g, i) => Array.from(g.data, (v, j) => v * along[i]!.data[j]!))
      .reduce((sum, product) => sum + product, 0);
    expect(Math.abs(analytic - numeric), `direction ${k}: ${analytic} against ${numeric}`).toBeLessThanOrEqual(
      options.tolerance * Math.max(1, Math.abs(numeric)),
    );
  }
}

/** A batch on the host. */
export interface HostSeries {
  readonly t: HostArray;
  readonly y: HostArray;
  readonly mask: HostArray;
}

/** Series of two components over shared times, each with observations of its own. */
export function someSeries(
  samples: number,
  times: number,
  options: { seed?: number; dtype?: FloatDType } = {},
): HostSeries {
  const { seed = 7, dtype = 'f64' } = options;
  const rng = random(seed);
  const y: number[] = [];
  const mask: number[] = [];
  for (let i = 0; i < samples * times * 2; i++) {
    y.push(rng.normal());
    mask.push(rng.uniform() < 0.6 ? 1 : 0);
  }
  const shape = [samples, times, 2];
  let t = 0;
  const ts = Array.from({ length: times }, () => (t += 0.1 + 0.3 * rng.uniform()));
  return {
    t: array(ts, { dtype }),
    y: array(y, { shape, dtype }),
    mask: array(mask, { shape, dtype }),
  };
}
