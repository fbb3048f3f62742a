/** What the tests share: arrays, traced functions run on the reference engine, and derivatives by central differences. */
import { reference } from '@node-ode/backend-reference';
import { expect } from 'vitest';
import {
  array,
  compile,
  constant,
  grad,
  hvp,
  jvp,
  mapTree,
  random,
  sizeOf,
  toNested,
  type Compiled,
  type DeviceArray,
  type DType,
  type HostArray,
  type MapLeaves,
  type NestedArray,
  type RunStats,
  type Shape,
  type Tensor,
  type TensorLike,
} from '../src/index.ts';
import { isDeviceArray, type ArgumentOf } from '../src/runtime/arguments.ts';

/** The engine of the tests: freed memory is overwritten, so that a mistake in bookkeeping shows. */
export const backend = reference({ poison: true });

export const f64 = (source: NestedArray): HostArray => array(source, { dtype: 'f64' });
export const f32 = (source: NestedArray): HostArray => array(source, { dtype: 'f32' });
export const i32 = (source: NestedArray): HostArray => array(source, { dtype: 'i32' });
export const bool = (source: NestedArray): HostArray => array(source, { dtype: 'bool' });

/** Uniform numbers between two bounds. */
export function uniform(seed: number, shape: Shape, low = -2, high = 2, dtype: DType = 'f64'): HostArray {
  const rng = random(seed);
  const data = Array.from({ length: sizeOf(shape) }, () => low + (high - low) * rng.uniform());
  return array(data, { shape, dtype });
}

/** A tree of results as nested JavaScript arrays. */
export type Nested<R> = MapLeaves<R, TensorLike, NestedArray>;

/** What functions of a list of tensors take. */
export type Arguments<A extends readonly unknown[]> = { [I in keyof A]: ArgumentOf<A[I]> };

/** Reads a tree of device arrays. */
export async function readAll(tree: unknown): Promise<unknown> {
  const reads = new Map<DeviceArray, HostArray>();
  const pending: DeviceArray[] = [];
  mapTree('readAll', isDeviceArray, (x) => pending.push(x), tree);
  for (const x of pending) reads.set(x, await x.read());
  return mapTree('readAll', isDeviceArray, (x) => reads.get(x), tree);
}

const isHost = (x: unknown): x is HostArray => typeof x === 'object' && x !== null && 'data' in x;

/** Traces, compiles and runs a function once, in f64. */
export async function run<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: Arguments<A>
): Promise<{ readonly value: Nested<R>; readonly stats: RunStats }> {
  const program: Compiled<A, R> = compile(backend, fn, { dtype: 'f64' });
  const { result, stats } = await program.run(...args);
  const host = await readAll(result);
  program.dispose();
  return { value: mapTree('run', isHost, (x) => toNested(x as HostArray), host) as Nested<R>, stats };
}

/** The results of `run` alone. */
export async function evaluate<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: Arguments<A>
): Promise<Nested<R>> {
  return (await run(fn, ...args)).value;
}

/** Traces and compiles without running; gives the graph as it is before any backend. */
export const trace = <A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: Arguments<A>) =>
  compile(backend, fn, { dtype: 'f64' }).graph(...args);

/** A function of tensors, of which gradients are checked. */
export type TensorFunction = (...xs: readonly Tensor[]) => Tensor;

/** All numbers of a nested array. */
export const flatten = (nested: unknown): readonly number[] =>
  Array.isArray(nested) ? nested.flatMap(flatten) : [Number(nested)];

/** Σ wᵢ·f(x)ᵢ with fixed random weights: a scalar whose gradient sees every element of f. */
export function scalarOf(f: TensorFunction): TensorFunction {
  return (...xs) => {
    const y = f(...xs);
    return y.mul(uniform(y.shape.length + 17, y.shape, 0.5, 1.5, y.dtype)).sum();
  };
}

/** The gradient of a scalar function with respect to each of its arguments, by reverse mode. */
export async function gradientsOf(
  f: TensorFunction,
  ...xs: readonly HostArray[]
): Promise<readonly (readonly number[])[]> {
  const gradients = await evaluate(
    (inputs: readonly Tensor[]) => grad((leaves: readonly Tensor[]) => f(...leaves))(inputs),
    xs,
  );
  return gradients.map(flatten);
}

/**
 * The gradient of a scalar function by central differences of fourth order, whose error is about h⁴ of the fifth
 * derivative and 1e-13 of rounding.
 */
export async function centralDifferences(
  f: TensorFunction,
  h: number,
  ...xs: readonly HostArray[]
): Promise<readonly (readonly number[])[]> {
  const program = compile(backend, (inputs: readonly Tensor[]) => f(...inputs), { dtype: 'f64' });
  const at = async (k: number, i: number, shift: number): Promise<number> => {
    const moved = xs.map((x, j) => (j === k ? shifted(x, i, shift) : x));
    const result = await program(moved);
    const { data } = await result.read();
    result.dispose();
    return data[0] as number;
  };
  const gradients: number[][] = [];
  for (const [k, x] of xs.entries()) {
    const row: number[] = [];
    for (let i = 0; i < x.data.length; i++) {
      const [a, b, c, d] = [await at(k, i, -2 * h), await at(k, i, -h), await at(k, i, h), await at(k, i, 2 * h)];
      row.push((a - 8 * b + 8 * c - d) / (12 * h));
    }
    gradients.push(row);
  }
  program.dispose();
  return gradients;
}

function shifted(x: HostArray, i: number, by: number): HostArray {
  const copy = array(x.data, { shape: x.shape, dtype: x.dtype });
  copy.data[i] = (copy.data[i] as number) + by;
  return copy;
}

/** Expects every number to be within `atol + rtol·|expected|` of its counterpart. */
export function expectClose(actual: unknown, expected: unknown, rtol = 1e-12, atol = rtol): void {
  const [a, b] = [flatten(actual), flatten(expected)];
  expect(a.length).toBe(b.length);
  a.forEach((x, i) => {
    const y = b[i] as number;
    const near = Object.is(x, y) || Math.abs(x - y) <= atol + rtol * Math.abs(y);
    if (!near) expect.fail(`element ${i}: ${x} is not within ${atol + rtol * Math.abs(y)} of ${y} (${a} against ${b})`);
  });
}

/** Σ over all arguments of ⟨∂f/∂xₖ, vₖ⟩: by forward mode, and by reverse mode. */
function alongBothWays(f: TensorFunction, xs: readonly Tensor[], vs: readonly (Tensor | null)[]): readonly Tensor[] {
  const all = (leaves: readonly Tensor[]): Tensor => f(...leaves);
  const gradient = grad(all)(xs);
  const zero = constant(0, [], 'f64');
  const products = vs.map((v, k) => (v === null ? zero : v.mul(gradient[k] as Tensor).sum()));
  return [jvp(all, xs, vs).tangent, products.reduce((a, b) => a.add(b), zero)];
}

/** Expects forward mode and reverse mode of a scalar function to agree: all arguments moving, and each of them alone. */
async function expectModesToAgree(f: TensorFunction, xs: readonly HostArray[]): Promise<void> {
  const directions = xs.map(({ shape }, k) => uniform(31 + k, shape, -1, 1));
  const both = await evaluate(
    (inputs: readonly Tensor[], vs: readonly Tensor[]) => {
      const alone = inputs.length === 1 ? [] : vs.map((v, k) => vs.map((_, i) => (i === k ? v : null)));
      return [vs, ...alone].map((moving) => alongBothWays(f, inputs, moving));
    },
    xs,
    directions,
  );
  // Sums in another order: their rounding is relative to their terms, not to the result.
  for (const [forward, reverse] of both) expectClose(forward, reverse, 1e-11, 1e-11);
}

/** Expects reverse mode, forward mode and central differences of Σ w·f(x) to agree. */
export async function expectGradient(
  f: TensorFunction,
  xs: readonly HostArray[],
  { h = 2 ** -10, tolerance = 1e-9 }: { readonly h?: number; readonly tolerance?: number } = {},
): Promise<void> {
  const scalar = scalarOf(f);
  expectClose(await gradientsOf(scalar, ...xs), await centralDifferences(scalar, h, ...xs), tolerance, tolerance);
  await expectModesToAgree(scalar, xs);
}

/** Expects the Hessian's product with a direction to be the same forwards over reverse, reverse over forwards and forwards twice. */
async function expectHessianProductsToAgree(f: TensorFunction, xs: readonly HostArray[]): Promise<void> {
  const [us, vs] = [41, 61].map((seed) => xs.map(({ shape }, k) => uniform(seed + k, shape, -1, 1)));
  const all = (leaves: readonly Tensor[]): Tensor => f(...leaves);
  const { product, reversed, twice, expected } = await evaluate(
    (inputs: readonly Tensor[], u: readonly Tensor[], v: readonly Tensor[]) => {
      const slope = (leaves: readonly Tensor[]): Tensor => jvp(all, leaves, v).tangent;
      const product = hvp(all)(inputs, v);
      const along = product.map((p, k) => p.mul(u[k] as Tensor).sum()).reduce((a, b) => a.add(b));
      return { product, reversed: grad(slope)(inputs), twice: jvp(slope, inputs, u).tangent, expected: along };
    },
    xs,
    us ?? [],
    vs ?? [],
  );
  expectClose(reversed, product, 1e-11, 1e-11);
  expectClose(twice, expected, 1e-11, 1e-11);
}

/** The same for the gradient itself: second derivatives, by every order of the modes. */
export async function expectSecondGradient(
  f: TensorFunction,
  xs: readonly HostArray[],
  options: { readonly h?: number; readonly tolerance?: number } = {},
): Promise<void> {
  const scalar = scalarOf(f);
  const gradient: TensorFunction = (...inputs) =>
    grad((leaves: readonly Tensor[]) => scalar(...leaves))(inputs)
      .map((g, i) => g.mul(uniform(91 + i, g.shape, 0.5, 1.5)).sum())
      .reduce((a, b) => a.add(b), constant(0, [], 'f64'));
  await expectGradient(gradient, xs, options);
  await expectHessianProductsToAgree(scalar, xs);
}

/** The error that something throws or rejects with, as "Name: message". */
export async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}
