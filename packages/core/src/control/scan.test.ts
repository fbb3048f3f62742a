import { describe, expect, expectTypeOf, it } from 'vitest';
import { evaluate, f64, i32, refusal } from '../../test/support.ts';
import { onesLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { scan, whileLoop } from './loops.ts';

const one = (): Tensor => constant(1, [], 'f64');

/** Cumulative products. */
const products = (xs: Tensor, reverse = false) =>
  scan(
    one(),
    xs,
    (p, x) => {
      const next = p.mul(x);
      return { carry: next, output: next };
    },
    { reverse },
  );

describe('scan', () => {
  it('runs along the first axis and stacks the outputs', async () => {
    const both = (xs: Tensor) => {
      const { carry, outputs } = products(xs);
      expectTypeOf(outputs).toEqualTypeOf<Tensor>();
      return [carry, outputs];
    };
    expect(await evaluate(both, f64([2, 3, 4]))).toEqual([24, [2, 6, 24]]);
  });

  it('from the last element, outputs at the positions of their elements', async () => {
    expect(await evaluate((xs: Tensor) => products(xs, true).outputs, f64([2, 3, 4]))).toEqual([24, 12, 4]);
  });

  it('of one element and of none', async () => {
    const empty = (xs: Tensor) => {
      const { carry, outputs } = products(xs.slice([0], [0]));
      return [carry, outputs];
    };
    expect(await evaluate(empty, f64([2]))).toEqual([1, []]);
    expect(await evaluate((xs: Tensor) => products(xs).outputs, f64([7]))).toEqual([7]);
  });

  it('trees of sequences, carries and outputs', async () => {
    const polynomial = (a: Tensor, b: Tensor) =>
      scan({ sum: a.at(0).mul(0), n: constant(0, [], 'i32') }, { a, b: [b] as const }, (c, e) => {
        const sum = c.sum.add(e.a.mul(e.b[0]));
        return { carry: { sum, n: c.n.add(1) }, output: { partial: sum, index: [c.n] as const } };
      });
    const rows = f64([
      [1, 2],
      [3, 4],
    ]);
    const { carry, outputs } = await evaluate(polynomial, rows, f64([10, 100]));
    expect(carry).toEqual({ sum: [310, 420], n: 2 });
    expect(outputs).toEqual({
      partial: [
        [10, 20],
        [310, 420],
      ],
      index: [[0, 1]],
    });
  });

  it('without sequences, a given number of times', async () => {
    const halves = (x: Tensor) => {
      const { carry, outputs } = scan(x, [], (c) => ({ carry: c.div(2), output: c }), { length: 3 });
      return [carry, outputs];
    };
    expect(await evaluate(halves, 8)).toEqual([1, [8, 4, 2]]);
    expect(await evaluate((x: Tensor) => scan(x, [], (c) => ({ carry: c.div(2) }), { length: 0 }).carry, 8)).toBe(8);
  });

  it('a carry of nothing: a map', async () => {
    const squares = (xs: Tensor): Tensor => scan([], xs, (_, x) => ({ carry: [], output: x.square() })).outputs;
    expect(await evaluate(squares, i32([1, 2, 3]))).toEqual([1, 4, 9]);
  });

  it('an output that does not depend on the element', async () => {
    const constants = (xs: Tensor): Tensor => scan([], xs, () => ({ carry: [], output: one() })).outputs;
    expect(await evaluate(constants, f64([5, 6]))).toEqual([1, 1]);
  });

  it('nested', async () => {
    const table = (a: Tensor, b: Tensor): Tensor =>
      scan([], a, (_, x) => ({
        carry: [],
        output: scan([], b, (__, y) => ({ carry: [], output: x.mul(y) })).outputs,
      })).outputs;
    expect(await evaluate(table, f64([1, 2]), f64([10, 20, 30]))).toEqual([
      [10, 20, 30],
      [20, 40, 60],
    ]);
  });
});

describe('refusals', () => {
  const rows = f64([
    [1, 2],
    [3, 4],
  ]);
  it('sequences of different lengths', async () => {
    const f = (a: Tensor): Tensor => scan(one(), { a, b: a.at(0).slice([0], [1]) }, (c) => ({ carry: c })).carry;
    expect(await refusal(() => evaluate(f, rows))).toBe(
      'ShapeError: scan: sequences of lengths 2, 1; expected first axes of 2.',
    );
  });

  it('a scalar sequence', async () => {
    const f = (x: Tensor): Tensor => scan(one(), x, (c) => ({ carry: c })).carry;
    expect(await refusal(() => evaluate(f, 1))).toBe(
      'OptionError: scan: no sequence and no length; expected sequences with a first axis, or options.length.',
    );
  });

  it('a length that is no count', async () => {
    const f = (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: c }), { length: -1 }).carry;
    expect(await refusal(() => evaluate(f, 1))).toBe(
      'OptionError: scan: length = -1; expected an integer that is not negative.',
    );
  });

  it('a length other than that of the sequences', async () => {
    const f = (a: Tensor): Tensor => scan(one(), a, (c) => ({ carry: c }), { length: 3 }).carry;
    expect(await refusal(() => evaluate(f, rows))).toBe(
      'ShapeError: scan: sequences of lengths 2; expected first axes of 3.',
    );
  });

  it('tapes together with tensors', async () => {
    const f = (x: Tensor): Tensor => {
      const { tape } = whileLoop(
        { x },
        (c) => c.x.less(3),
        (c) => ({ carry: { x: c.x.add(1) }, tape: c.x }),
      );
      return scan(x, { tape, xs: x.reshape([1]) }, (c) => ({ carry: c })).carry;
    };
    expect(await refusal(() => evaluate(f, 1))).toBe(
      'ShapeError: scan: tapes together with tensors or with a length; expected sequences that are all tapes or all tensors. A tape knows its length only when it runs.',
    );
  });

  it('a carry that changes', async () => {
    const f = (a: Tensor): Tensor => scan(onesLike(a.at(0)), a, (c) => ({ carry: c.sum() })).carry;
    expect(await refusal(() => evaluate(f, rows))).toMatch(
      /^ShapeError: scan: leaf 1 of the carry became f64\[\]; expected f64\[2\]/,
    );
  });

  it('a tape as a result', async () => {
    const f = (x: Tensor) =>
      whileLoop(
        { x },
        (c) => c.x.less(3),
        (c) => ({ carry: { x: c.x.add(1) }, tape: c.x }),
      ).tape;
    expect(await refusal(() => evaluate(f as unknown as (x: Tensor) => Tensor, 1))).toBe(
      'TreeError: compile: the value is an instance of Tape; expected a tensor, or plain arrays and objects of them.',
    );
  });
});
