import { describe, expect, expectTypeOf, it } from 'vitest';
import { evaluate, f64, i32, refusal, run } from '../../test/support.ts';
import { arange } from '../tensor/functions.ts';
import type { Tape } from '../tensor/tape.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { scan, whileLoop } from './loops.ts';

const zero = (): Tensor => constant(0, [], 'i32');

/** Doubles x while it is below a limit. */
const doubled = (x: Tensor, limit: Tensor): Tensor =>
  whileLoop(
    { x },
    (c) => c.x.less(limit),
    (c) => ({ carry: { x: c.x.mul(2) } }),
  ).carry.x;

/** The entries of a tape, as a fixed number of rows that were 0 before. */
const rowsOf = (tape: Tape, rows: number): Tensor => {
  const empty = { i: zero(), all: constant(0, [rows], 'f64') };
  return scan(empty, tape, ({ i, all }, x) => ({ carry: { i: i.add(1), all: all.setRow(i, x as Tensor) } })).carry.all;
};

describe('whileLoop', () => {
  it('repeats while the condition holds: no, one and many times', async () => {
    expect(await evaluate((x: Tensor) => [5, 10, 1000].map((n) => doubled(x, constant(n, [], 'f64'))), 5)).toEqual([
      5, 10, 1280,
    ]);
  });

  it('many trips', async () => {
    const sum = (n: Tensor): Tensor =>
      whileLoop(
        { i: zero(), sum: zero() },
        ({ i }) => i.less(n),
        ({ i, sum: s }) => ({ carry: { i: i.add(1), sum: s.add(i) } }),
      ).carry.sum;
    expect(await evaluate(sum, i32(20_000))).toBe((20_000 * 19_999) / 2);
  });

  it('carries trees; their values swap without interfering', async () => {
    const fibonacci = (n: Tensor) =>
      whileLoop(
        { pair: [constant(0, [], 'i32'), constant(1, [], 'i32')] as const, left: n },
        ({ left }) => left.greater(0),
        ({ pair: [a, b], left }) => ({ carry: { pair: [b, a.add(b)] as const, left: left.sub(1) } }),
      ).carry;
    expect(await evaluate(fibonacci, i32(30))).toEqual({ pair: [832040, 1346269], left: 0 });
  });

  it('a carry that the body returns unchanged, and one that it returns twice', async () => {
    const loop = (x: Tensor) =>
      whileLoop(
        { i: zero(), x, y: x.neg() },
        ({ i }) => i.less(3),
        ({ i, x: a }) => ({ carry: { i: i.add(1), x: a, y: a } }),
      ).carry;
    expect(await evaluate(loop, f64([1, 2]))).toEqual({ i: 3, x: [1, 2], y: [1, 2] });
  });

  it('nested loops', async () => {
    const triangle = (n: Tensor): Tensor =>
      whileLoop(
        { i: zero(), sum: zero() },
        ({ i }) => i.less(n),
        ({ i, sum }) => ({
          carry: {
            i: i.add(1),
            sum: whileLoop(
              { j: zero(), s: sum },
              ({ j }) => j.lessEqual(i),
              ({ j, s }) => ({ carry: { j: j.add(1), s: s.add(1) } }),
            ).carry.s,
          },
        }),
      ).carry.sum;
    expect(await evaluate(triangle, i32(7))).toBe(28);
    expect(await evaluate(triangle, i32(0))).toBe(0);
  });
});

describe('tapes', () => {
  const countdown = (n: Tensor) =>
    whileLoop(
      { n },
      (c) => c.n.greater(0),
      (c) => ({ carry: { n: c.n.sub(1) }, tape: { value: c.n, square: c.n.square() } }),
    );

  it('hold one entry for each iteration; scan reads them in either direction', async () => {
    const read = (n: Tensor) => {
      const { tape } = countdown(n);
      expectTypeOf(tape).toEqualTypeOf<{ value: Tape; square: Tape }>();
      const digits = (reverse: boolean): Tensor =>
        scan(constant(0, [], 'f64'), tape.value, (c, x) => ({ carry: c.mul(10).add(x as Tensor) }), { reverse }).carry;
      return [digits(false), digits(true), rowsOf(tape.square, 5)];
    };
    expect(await evaluate(read, 4)).toEqual([4321, 1234, [16, 9, 4, 1, 0]]);
    expect(await evaluate(read, 0)).toEqual([0, 0, [0, 0, 0, 0, 0]]);
  });

  it('scan over a tape gives tapes, in the order of what it reads', async () => {
    const prefixes = (n: Tensor): Tensor => {
      const { outputs } = scan(
        constant(0, [], 'f64'),
        countdown(n).tape.value,
        (sum, x) => {
          const next = sum.add(x as Tensor);
          return { carry: next, output: next };
        },
        { reverse: true },
      );
      expectTypeOf(outputs).toEqualTypeOf<Tape>();
      return rowsOf(outputs, 4);
    };
    expect(await evaluate(prefixes, 3)).toEqual([6, 3, 1, 0]);
  });

  it('the longest is counted', async () => {
    const read = (n: Tensor): Tensor => rowsOf(countdown(n).tape.value, 9);
    for (const n of [0, 1, 9]) expect((await run(read, n)).stats.counters?.tapeEntries).toBe(n);
  });

  it('an iteration that does not advance appends nothing', async () => {
    const evens = (n: Tensor) => {
      const { carry, tape } = whileLoop(
        { i: zero(), sum: constant(0, [], 'f64') },
        ({ i }) => i.less(n),
        ({ i, sum }) => {
          const isEven = i.rem(2).equal(0);
          const x = i.cast('f64');
          return { carry: { i: i.add(1), sum: sum.add(x.mul(isEven.cast('f64'))) }, tape: x, advances: isEven };
        },
      );
      return [carry.sum, rowsOf(tape, 4)];
    };
    const { value, stats } = await run(evens, i32(7));
    expect(value).toEqual([12, [0, 2, 4, 6]]);
    expect(stats.counters?.tapeEntries).toBe(4);
  });

  it('a tape that crosses two loops is read where it is needed', async () => {
    const twice = (n: Tensor): Tensor => {
      const { tape } = countdown(n);
      return scan(constant(0, [], 'f64'), arange(3, 'f64'), (c, k) => ({
        carry: scan(c, tape.value, (d, x) => ({ carry: d.add((x as Tensor).mul(k)) })).carry,
      })).carry;
    };
    expect(await evaluate(twice, 4)).toBe((0 + 1 + 2) * 10);
  });
});

describe('refusals', () => {
  const body =
    (next: (x: Tensor) => unknown) =>
    (x: Tensor): Tensor =>
      whileLoop(
        { x },
        (c) => c.x.sum().less(1),
        (c) => ({ carry: next(c.x) as { x: Tensor } }),
      ).carry.x;
  const advice = 'A loop body returns a carry of the shapes and dtypes that it received.';

  it.each<readonly [string, (x: Tensor) => unknown, string]>([
    [
      'shape',
      (x) => ({ x: x.sum() }),
      `ShapeError: whileLoop: leaf 1 of the carry became f64[]; expected f64[2], as it was given. ${advice}`,
    ],
    [
      'dtype',
      (x) => ({ x: x.cast('f32') }),
      `ShapeError: whileLoop: leaf 1 of the carry became f32[2]; expected f64[2], as it was given. ${advice}`,
    ],
    [
      'structure',
      (x) => ({ y: x }),
      "TreeError: whileLoop: the tree has 'y' at leaf 1 of 1; expected 'x': the same keys and lengths, 1 leaves. Give it the same structure.",
    ],
    [
      'number',
      () => ({ x: 1 }),
      'TreeError: whileLoop: x is a number (1); expected a tensor, or plain arrays and objects of them.',
    ],
  ])('a body that changes the %s of the carry', async (_, next, message) => {
    expect(await refusal(() => evaluate(body(next), f64([1, 2])))).toBe(message);
  });

  it('a condition that is no bool scalar', async () => {
    const loop =
      (condition: (x: Tensor) => Tensor) =>
      (x: Tensor): Tensor =>
        whileLoop(
          { x },
          (c) => condition(c.x),
          (c) => ({ carry: c }),
        ).carry.x;
    expect(
      await refusal(() =>
        evaluate(
          loop((x) => x.less(1)),
          f64([1, 2]),
        ),
      ),
    ).toBe('DTypeError: whileLoop: the condition is bool[2]; expected bool[].');
    expect(
      await refusal(() =>
        evaluate(
          loop((x) => x.sum()),
          f64([1, 2]),
        ),
      ),
    ).toBe('DTypeError: whileLoop: the condition is f64[]; expected bool[].');
  });

  it('advances that is no bool scalar', async () => {
    const loop = (x: Tensor): Tensor =>
      whileLoop(
        { x },
        (c) => c.x.less(1),
        (c) => ({ carry: c, advances: c.x }),
      ).carry.x;
    expect(await refusal(() => evaluate(loop, 1))).toBe('DTypeError: whileLoop: advances is f64[]; expected bool[].');
  });
});
