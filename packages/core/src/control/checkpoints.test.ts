import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, expectClose, i32, run } from '../../test/support.ts';
import { binomialSplit } from '../differentiate/binomial.ts';
import { grad } from '../differentiate/vjp.ts';
import { report } from './report.ts';
import { select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { whileLoop, type WhileOptions } from './loops.ts';

interface Carry {
  readonly i: Tensor;
  readonly advanced: Tensor;
  readonly y: Tensor;
  /** Written, never read. */
  readonly rows: Tensor;
}

/** y ← sin(w·y) + w + y·i/9 in `n` iterations, of which those with i mod `every` = 0 only wait; 4 rows keep some of the values. */
function walk(w: Tensor, n: Tensor, every: number, options: WhileOptions<Carry>): Tensor {
  const zero = constant(0, [], 'i32');
  const { carry } = whileLoop<Carry>(
    { i: zero, advanced: zero, y: w.mul(0.5), rows: constant(0, [4], 'f64') },
    ({ i }) => i.less(n),
    ({ i, advanced, y, rows }) => {
      const advances = i.add(1).rem(every).notEqual(0);
      const next = select(
        advances,
        y
          .mul(w)
          .sin()
          .add(w)
          .add(y.mul(i.cast('f64')).div(9)),
        y,
      );
      const row = advanced.rem(4);
      return {
        carry: {
          i: i.add(1),
          advanced: advanced.add(advances.cast('i32')),
          y: next,
          rows: rows.setRow(row, select(advances, next, rows.at(row))),
        },
        advances,
      };
    },
    options,
  );
  return carry.y.add(carry.rows.sum());
}

const slope = (n: number, every: number, options: WhileOptions<Carry>) =>
  run((x: Tensor, k: Tensor) => grad((w: Tensor) => walk(w, k, every, options))(x), 0.7, i32(n));

const curvature = (n: number, options: WhileOptions<Carry>) =>
  evaluate((x: Tensor, k: Tensor) => grad(grad((w: Tensor) => walk(w, k, 3, options)))(x), 0.7, i32(n));

describe('whileLoop with checkpoints', () => {
  it('has the gradient of the loop that tapes each iteration, and a tape of a quarter of the checkpoints', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 90 }),
        fc.integer({ min: 4, max: 24 }),
        fc.integer({ min: 2, max: 5 }),
        async (n, checkpoints, every) => {
          const taped = await slope(n, every, {});
          const { value, stats } = await slope(n, every, { checkpoints });
          expectClose(value, taped.value as number, 1e-13);
          expect(stats.counters?.tapeEntries).toBeLessThanOrEqual(Math.floor(checkpoints / 4));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has its second derivatives', async () => {
    for (const n of [0, 1, 7, 40]) expectClose(await curvature(n, { checkpoints: 5 }), await curvature(n, {}), 1e-12);
  });

  it('reports what counters gain in iterations that are run again', async () => {
    const tallies = ({ i }: Carry) => ({ again: i });
    const { stats } = await slope(4, 9, { checkpoints: 16, tallies });
    // a tape of four iterations: each is run once more
    expect(stats.reports['again']).toEqual([4]);
    const { stats: more } = await slope(80, 9, { checkpoints: 4, tallies });
    expect(more.reports['again']?.[0]).toBeGreaterThan(3 * 80);
  });

  it('keeps a counter that nothing else reads', async () => {
    const f = (x: Tensor): Tensor =>
      whileLoop(
        { x, spare: x.floor().cast('i32'), count: constant(0, [], 'i32') },
        (c) => c.x.less(100),
        (c) => ({ carry: { x: c.x.mul(2), spare: c.spare, count: c.count.add(3) } }),
        { checkpoints: 4, tallies: ({ count }) => ({ threes: count }) },
      ).carry.x;
    const { value, stats } = await run((x: Tensor) => grad(f)(x), 1.5);
    // 1.5·2⁷ = 192
    expect(value).toBe(128);
    expect((stats.reports['threes']?.[0] ?? NaN) % 3).toBe(0);
    expect(stats.reports['threes']?.[0]).toBeGreaterThanOrEqual(21);
  });

  it('passes on reports of the body', async () => {
    const f = (x: Tensor): Tensor =>
      whileLoop(
        { x },
        (c) => c.x.less(100),
        (c) => {
          report('visits', c.x.greater(0).cast('i32'), 'sum');
          return { carry: { x: c.x.mul(2) } };
        },
        { checkpoints: 4 },
      ).carry.x;
    const { stats } = await run((x: Tensor) => grad(f)(x), 1.5);
    expect(stats.reports['visits']).toEqual([7]);
  });

  it('refuses too few, and a tape beside them', () => {
    const loop = (x: Tensor, options: WhileOptions<{ readonly x: Tensor }>, tape: boolean): Tensor =>
      whileLoop(
        { x },
        (c) => c.x.less(1),
        (c) => ({ carry: { x: c.x.add(1) }, ...(tape ? { tape: c.x } : {}) }),
        options,
      ).carry.x;
    const x = constant(0, [], 'f64');
    for (const checkpoints of [3, 0, -1, 4.5, NaN]) {
      expect(() => loop(x, { checkpoints }, false)).toThrow(/at least 4/);
    }
    expect(() => loop(x, { checkpoints: 8 }, true)).toThrow(/tapes values/);
  });
});

describe('binomialSplit', () => {
  /** The fewest steps run again to reverse a chain with `s` checkpoints, the one at its start included: by trying all splits. */
  const known = new Map<string, number>();
  function fewest(length: number, s: number): number {
    if (length <= 1) return 0;
    if (s === 1) return (length * (length - 1)) / 2;
    const key = `${length}/${s}`;
    let best = known.get(key);
    if (best === undefined) {
      best = Infinity;
      for (let m = 1; m < length; m++) best = Math.min(best, m + fewest(length - m, s - 1) + fewest(m, s));
      known.set(key, best);
    }
    return best;
  }

  it('is optimal', async () => {
    const most = 6;
    const pairs = Array.from({ length: 60 }, (_, l) => l + 2).flatMap((length) =>
      Array.from({ length: most }, (_, f) => ({ length, free: f + 1 })),
    );
    const splits = await evaluate(
      (...given: readonly Tensor[]) =>
        pairs.map((_, i) => binomialSplit(given[2 * i] as Tensor, given[2 * i + 1] as Tensor, most)),
      ...pairs.flatMap(({ length, free }) => [i32(length), i32(free)]),
    );
    pairs.forEach(({ length, free }, i) => {
      const m = splits[i] as number;
      expect(m + fewest(length - m, free) + fewest(m, free + 1), `${length} steps, ${free} free`).toBe(
        fewest(length, free + 1),
      );
    });
  });
});
