import { describe, expect, it } from 'vitest';
import { evaluate, f64, refusal, run } from '../../test/support.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { cond } from './cond.ts';
import { scan, whileLoop } from './loops.ts';

describe('cond', () => {
  const root = (x: Tensor): Tensor =>
    cond(
      x.less(0),
      x,
      (y) => y.neg().sqrt(),
      (y) => y.sqrt(),
    );

  it('takes one of two branches', async () => {
    expect(await evaluate((a: Tensor, b: Tensor) => [root(a), root(b)], 9, -4)).toEqual([3, 2]);
  });

  it('executes that one alone', async () => {
    const f = (x: Tensor): Tensor => {
      const costly = call('costly', (y: Tensor) => y.exp());
      return cond(
        x.less(0),
        x,
        (y) => costly(y),
        (y) => y,
      );
    };
    for (const [x, calls] of [
      [1, 0],
      [-1, 1],
    ] as const) {
      const { counters } = (await run(f, x)).stats;
      expect(counters?.calls['costly'] ?? 0).toBe(calls);
    }
  });

  it('trees in and out; branches that return what they were given', async () => {
    const sorted = (a: Tensor, b: Tensor) =>
      cond(
        a.less(b),
        { a, b },
        (x) => ({ low: x.a, high: [x.b] as const }),
        (x) => ({ low: x.b, high: [x.a] as const }),
      );
    expect(await evaluate(sorted, 1, 2)).toEqual({ low: 1, high: [2] });
    expect(await evaluate(sorted, 4, 3)).toEqual({ low: 3, high: [4] });
  });

  it('captures of either branch, and constants', async () => {
    const f = (x: Tensor, w: Tensor, b: Tensor): Tensor =>
      cond(
        x.greater(0),
        x,
        (y) => y.mul(w).add(f64([1, 2])),
        () => b.add(constant(5, [2], 'f64')),
      );
    expect(await evaluate(f, 2, f64([10, 100]), 7)).toEqual([21, 202]);
    expect(await evaluate(f, -2, f64([10, 100]), 7)).toEqual([12, 12]);
  });

  it('without operands or results', async () => {
    const f = (x: Tensor): Tensor => {
      cond(
        x.less(0),
        [],
        () => [],
        () => [],
      );
      return cond(
        x.less(0),
        [],
        () => x.neg(),
        () => x,
      );
    };
    expect(await evaluate(f, -3)).toBe(3);
  });

  it('a while loop in a scan in a branch', async () => {
    const collatz = (n: Tensor): Tensor =>
      whileLoop(
        { n, steps: constant(0, [], 'i32') },
        (c) => c.n.greater(1),
        (c) => ({
          carry: {
            n: cond(
              c.n.rem(2).equal(0),
              c.n,
              (m) => m.div(2),
              (m) => m.mul(3).add(1),
            ),
            steps: c.steps.add(1),
          },
        }),
      ).carry.steps;
    const f = (x: Tensor, ns: Tensor): Tensor =>
      cond(
        x.greater(0),
        ns,
        (all) => scan([], all, (_, n) => ({ carry: [], output: collatz(n) })).outputs,
        (all) => all.cast('i32'),
      );
    const ns = [1, 2, 3, 6, 7, 27];
    expect(await evaluate(f, 1, f64(ns))).toEqual([0, 1, 7, 8, 16, 111]);
    expect(await evaluate(f, -1, f64(ns))).toEqual(ns);
  });
});

describe('refusals', () => {
  it.each<readonly [string, (x: Tensor) => unknown, string]>([
    [
      'a predicate that is no scalar',
      (x) =>
        cond(
          x.less(0),
          x,
          (y) => y,
          (y) => y,
        ),
      'DTypeError: cond: the predicate is bool[2]; expected bool[]. Compare with .less, .greater …, and reduce with .all() or .any().',
    ],
    [
      'branches of different shapes',
      (x) =>
        cond(
          x.sum().less(0),
          x,
          (y) => y,
          (y) => y.sum(),
        ),
      'ShapeError: cond: result 1 is f64[2] in one branch and f64[] in the other; expected equal types from both branches.',
    ],
    [
      'branches of different dtypes',
      (x) =>
        cond(
          x.sum().less(0),
          x,
          (y) => y,
          (y) => y.cast('f32'),
        ),
      'ShapeError: cond: result 1 is f64[2] in one branch and f32[2] in the other; expected equal types from both branches.',
    ],
    [
      'branches of different structures',
      (x) =>
        cond(
          x.sum().less(0),
          x,
          (y) => ({ y }) as { readonly y: Tensor; readonly z?: Tensor },
          (y) => ({ y, z: y }),
        ),
      "TreeError: cond: the tree has 'z' at leaf 2 of 2; expected nothing: the same keys and lengths, 1 leaves. Give it the same structure.",
    ],
  ])('%s', async (_, f, message) => {
    expect(await refusal(() => evaluate((x: Tensor) => f(x) as Tensor, f64([1, 2])))).toBe(message);
  });
});
