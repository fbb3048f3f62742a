import { describe, expect, it } from 'vitest';
import { backend, expectClose, f32, f64, flatten, i32, readAll, refusal, trace, uniform } from '../../test/support.ts';
import type { HostArray } from '../array.ts';
import type { Backend } from '../runtime/backend.ts';
import { compile } from '../runtime/compile.ts';
import { linearSolve } from './functions.ts';
import type { Tensor } from './tensor.ts';

/** The reference engine without a kernel of its own: the decomposition. */
const decomposing: Backend = { ...backend, capabilities: { ...backend.capabilities, composites: [] } };

const engines: readonly (readonly [string, Backend])[] = [
  ["the reference engine's kernel", backend],
  ['the decomposition', decomposing],
];

async function solve(engine: Backend, a: HostArray, b: HostArray, transposeA = false): Promise<HostArray> {
  const program = compile(engine, (m: Tensor, r: Tensor) => linearSolve(m, r, { transposeA }));
  const x = (await readAll(await program(a, b))) as HostArray;
  program.dispose();
  return x;
}

/** The largest element of |A·x − b|. */
function residual(a: HostArray, x: HostArray, b: HostArray, transposeA: boolean): number {
  const n = x.data.length;
  const element = (i: number, j: number): number => a.data[transposeA ? j * n + i : i * n + j] ?? NaN;
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from(x.data).reduce((sum, xj, j) => sum + element(i, j) * xj, -(b.data[i] ?? NaN)),
  );
  return Math.max(...rows.map(Math.abs));
}

describe.each(engines)('linearSolve by %s', (_, engine) => {
  it.each([1, 2, 3, 4, 5, 8, 31])('solves random systems of %d, transposed or not', async (n) => {
    for (const transposeA of [false, true]) {
      const [a, b] = [uniform(n, [n, n]), uniform(n + 1, [n])];
      const x = await solve(engine, a, b, transposeA);
      const size = Math.max(...Array.from(x.data, Math.abs));
      // Backward stable: a few roundings of n elements of size 2 times x.
      expect(residual(a, x, b, transposeA)).toBeLessThan(4 * n * size * 2 ** -52);
    }
  });

  it('interchanges rows where the diagonal is small', async () => {
    const x = await solve(engine, f64([[1e-20, 1], [1, 1]]), f64([1, 2])); // prettier-ignore
    expectClose(Array.from(x.data), [1, 1], 1e-15);
    const permuted = await solve(engine, f64([[0, 0, 2], [3, 0, 0], [0, 5, 0]]), f64([2, 6, 20])); // prettier-ignore
    expect(Array.from(permuted.data)).toEqual([2, 4, 1]);
  });

  it('is accurate for a matrix whose condition number is 1.6e13', async () => {
    // The Hilbert matrix times a vector of ones.
    const n = 10;
    const hilbert = f64(Array.from({ length: n }, (__, i) => Array.from({ length: n }, (___, j) => 1 / (i + j + 1))));
    const ones = Array.from({ length: n }, (__, i) =>
      Array.from({ length: n }, (___, j) => 1 / (i + j + 1)).reduce((p, q) => p + q),
    );
    const x = await solve(engine, hilbert, f64(ones));
    expect(residual(hilbert, x, f64(ones), false)).toBeLessThan(1e-15);
    // The relative error is at most the condition number times the unit roundoff.
    expectClose(Array.from(x.data), new Array<number>(n).fill(1), 1e-3);
  });

  it('gives NaN for a singular matrix, and solves the others of its batch', async () => {
    const x = await solve(engine, f64([[[1, 2], [2, 4]], [[2, 0], [0, 4]]]), f64([[1, 1], [1, 1]])); // prettier-ignore
    expect(Array.from(x.data)).toEqual([NaN, NaN, 0.5, 0.25]);
  });

  it('does the same with larger matrices', async () => {
    const a = uniform(9, [2, 7, 7]);
    for (let j = 0; j < 7; j++) a.data[49 + j] = a.data[49 + 14 + j] ?? NaN;
    const b = uniform(10, [2, 7]);
    const x = Array.from((await solve(engine, a, b)).data);
    expect(x.slice(7)).toEqual(new Array<number>(7).fill(NaN));
    const alone = await solve(engine, f64(Array.from({ length: 7 }, (__, i) => Array.from(a.data.slice(7 * i, 7 * i + 7)))), f64(Array.from(b.data.slice(0, 7)))); // prettier-ignore
    expect(x.slice(0, 7)).toEqual(Array.from(alone.data));
  });

  it('keeps a right-hand side that is not finite to its column', async () => {
    const x = await solve(engine, f64([[0, 1], [2, 0]]), f64([[1, NaN], [2, 3]])); // prettier-ignore
    expect(Array.from(x.data)).toEqual([1, NaN, 1, NaN]);
  });

  it('solves in f32', async () => {
    const x = await solve(engine, f32([[1, 2], [3, 4]]), f32([5, 11])); // prettier-ignore
    expect(x.dtype).toBe('f32');
    expectClose(Array.from(x.data), [1, 2], 2e-6);
  });
});

describe('shapes', () => {
  it('a vector for each matrix, matrices of right-hand sides, broadcast', () => {
    const shapeOf = (a: readonly number[], b: readonly number[]): readonly number[] => {
      const { outputs } = trace((m: Tensor, r: Tensor) => linearSolve(m, r), uniform(1, a), uniform(2, b));
      return outputs[0]?.type.kind === 'tensor' ? outputs[0].type.shape : [];
    };
    expect(shapeOf([3, 3], [3])).toEqual([3]);
    expect(shapeOf([3, 3], [3, 2])).toEqual([3, 2]);
    expect(shapeOf([5, 3, 3], [3])).toEqual([5, 3]);
    expect(shapeOf([5, 3, 3], [5, 3])).toEqual([5, 3]);
    expect(shapeOf([3, 3], [5, 3, 2])).toEqual([5, 3, 2]);
    expect(shapeOf([2, 1, 3, 3], [4, 3, 2])).toEqual([2, 4, 3, 2]);
    expect(shapeOf([4, 2, 3, 3], [3, 5])).toEqual([4, 2, 3, 5]);
    expect(shapeOf([4, 1, 3, 3], [1, 5, 3, 1])).toEqual([4, 5, 3, 1]);
  });

  it('has a graph that does not grow with the matrix', () => {
    const nodes = (n: number): number => {
      const program = compile(decomposing, (m: Tensor, r: Tensor) => linearSolve(m, r));
      return program.graph(uniform(1, [n, n]), uniform(2, [n])).nodes.length;
    };
    expect(nodes(50)).toBe(nodes(8));
  });

  it('refuses matrices that are not square, other rows, other dtypes', async () => {
    const refused = (a: HostArray, b: HostArray): Promise<string> =>
      refusal(() => trace((m: Tensor, r: Tensor) => linearSolve(m, r), a, b));
    expect(await refused(uniform(1, [2, 3]), uniform(2, [2]))).toBe(
      'ShapeError: linearSolve: matrix f64[2,3] and right-hand sides f64[2,1]; expected a square matrix [..., n, n] and right-hand sides [..., n, m]. A vector is one column.',
    );
    expect(await refused(uniform(1, [3, 3]), uniform(2, [2, 3]))).toContain('ShapeError');
    expect(await refused(uniform(1, [3]), uniform(2, [3]))).toContain('ShapeError');
    expect(await refused(uniform(1, [2, 2, 2]), uniform(2, [3, 2, 1]))).toContain('ShapeError');
    expect(await refused(uniform(1, [2, 2]), f32([1, 2]))).toContain('DTypeError');
    expect(await refused(i32([[1]]), i32([1]))).toContain('DTypeError');
  });

  it('takes host arrays and numbers of either operand', async () => {
    const program = compile(backend, (x: Tensor) => [
      linearSolve(f64([[2, 0], [0, 4]]), x), // prettier-ignore
      linearSolve(x.mul(f64([[1, 0], [0, 1]])), f64([1, 1])), // prettier-ignore
    ]);
    const [left, right] = (await readAll(await program(f64([1, 2])))) as readonly [HostArray, HostArray];
    expect([flatten(Array.from(left.data)), Array.from(right.data)]).toEqual([[0.5, 0.5], [1, 0.5]]); // prettier-ignore
  });
});
