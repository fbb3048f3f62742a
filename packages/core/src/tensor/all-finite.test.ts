import { describe, expect, it } from 'vitest';
import { backend, f32, f64, i32, refusal, trace } from '../../test/support.ts';
import { array, type HostArray } from '../array.ts';
import { jvp } from '../differentiate/jvp.ts';
import { grad } from '../differentiate/vjp.ts';
import type { Backend } from '../runtime/backend.ts';
import { compile } from '../runtime/compile.ts';
import { allFinite, onesLike, select } from './functions.ts';
import type { Tensor } from './tensor.ts';

/** The reference engine without a kernel of its own: the decomposition. */
const decomposing: Backend = { ...backend, capabilities: { ...backend.capabilities, composites: [] } };

const engines: readonly (readonly [string, Backend])[] = [
  ["the reference engine's kernel", backend],
  ['the decomposition', decomposing],
];

describe.each(engines)('allFinite by %s', (_, engine) => {
  const ask = async (...leaves: readonly HostArray[]): Promise<boolean> => {
    const program = compile(engine, (...xs: readonly Tensor[]) => allFinite(xs));
    const { data, dtype, shape } = await (await program(...leaves)).read();
    program.dispose();
    expect([dtype, shape]).toEqual(['bool', []]);
    return data[0] === 1;
  };
  const empty = array(new Float64Array(0), { shape: [0, 3] });

  it('is true of finite leaves of any shapes and dtypes', async () => {
    expect(await ask(f64([[1, -0]]), f32(3), empty, f32([3e38, -3e38, 3e38]))).toBe(true);
    expect(await ask(f64([Number.MAX_VALUE, Number.MAX_VALUE]))).toBe(true);
  });

  it.each([NaN, Infinity, -Infinity])('is false where an element of any leaf is %d', async (x) => {
    const [matrix, scalar, vector] = [f64([[1, 2], [3, 4]]), f32(3), f64([1, 2, 3])]; // prettier-ignore
    for (const bad of [
      [
        [x, 2],
        [3, 4],
      ],
      [
        [1, x],
        [3, 4],
      ],
      [
        [1, 2],
        [3, x],
      ],
    ]) {
      // prettier-ignore
      expect(await ask(f64(bad), scalar, vector)).toBe(false);
    }
    expect(await ask(matrix, f32(x), vector)).toBe(false);
    for (const bad of [[x, 2, 3], [1, x, 3], [1, 2, x]]) expect(await ask(matrix, scalar, f64(bad))).toBe(false); // prettier-ignore
  });

  it('is true of no leaf, and of leaves without elements', async () => {
    expect(await ask()).toBe(true);
    expect(await ask(empty, empty)).toBe(true);
    expect(await ask(empty, f32([NaN]))).toBe(false);
  });

  it('has no derivative, and lets that of others be', async () => {
    const chosen = (x: Tensor, y: Tensor): Tensor => select(allFinite([x, y]), x.square(), y).sum();
    const tangent = (x: Tensor, y: Tensor) => jvp((z: Tensor) => chosen(z, y), x, onesLike(x)).tangent;
    for (const derivative of [grad(chosen), tangent]) {
      const program = compile(engine, derivative);
      expect(Array.from((await (await program(f64([3]), f64([1]))).read()).data)).toEqual([6]);
      expect(Array.from((await (await program(f64([3]), f64([NaN]))).read()).data)).toEqual([0]);
      program.dispose();
    }
  });
});

it('is one node', () => {
  const { nodes } = trace((x: Tensor, y: Tensor) => allFinite([x, y.sum(), x]), f64([1]), f32([[2, 3]]));
  expect(nodes.map(({ op }) => op)).toEqual(['sum', 'allFinite']);
});

it('refuses what can be nothing but finite', async () => {
  expect(await refusal(() => trace((x: Tensor, n: Tensor) => allFinite([x, n]), f64([1]), i32([1])))).toBe(
    "DTypeError: allFinite: an operand is i32[1]; expected f32 or f64. Convert it with .cast('f32').",
  );
});
