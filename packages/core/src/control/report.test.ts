import { describe, expect, it } from 'vitest';
import { f64, i32, refusal, run } from '../../test/support.ts';
import { grad, vjp } from '../differentiate/vjp.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { cond } from './cond.ts';
import { customVjp } from './custom-vjp.ts';
import { scan, whileLoop } from './loops.ts';
import { report } from './report.ts';

/** What a function reports. */
const reportsOf = async (f: (x: Tensor) => Tensor, x: number): Promise<unknown> => (await run(f, x)).stats.reports;

/** Reports x under the name of each combination and returns it. */
function reporting(x: Tensor): Tensor {
  report('sum', x, 'sum');
  report('max', x, 'max');
  report('first', x.reshape([1]), 'first');
  return x;
}

describe('report', () => {
  it('leaves beside the results', async () => {
    const { value, stats } = await run((x: Tensor) => reporting(x).mul(2), 3);
    expect(value).toBe(6);
    expect(stats.reports).toEqual({ sum: [3], max: [3], first: [3] });
  });

  it('vectors and integers', async () => {
    const f = (x: Tensor, n: Tensor): Tensor => {
      report('v', x, 'sum');
      report('v', x.neg().add(1), 'sum');
      report('n', n, 'max');
      report('n', n.sub(1), 'max');
      return x;
    };
    expect((await run(f, f64([1, 2]), i32(7))).stats.reports).toEqual({ v: [1, 1], n: [7] });
  });

  it('several of one name are combined; first is the first that is not 0', async () => {
    const f = (x: Tensor): Tensor => {
      for (const y of [x.sub(x), x, x.add(1), x.sub(5)]) reporting(y);
      return x;
    };
    expect(await reportsOf(f, 3)).toEqual({ sum: [0 + 3 + 4 - 2], max: [4], first: [3] });
  });

  it('out of loops: once for each iteration', async () => {
    const loop = (n: number) => (x: Tensor) =>
      whileLoop(
        { y: x },
        ({ y }) => y.less(n),
        ({ y }) => ({ carry: { y: reporting(y).add(1) } }),
      ).carry.y;
    expect(await reportsOf(loop(6), 3)).toEqual({ sum: [12], max: [5], first: [3] });
    expect(await reportsOf(loop(0), 3)).toEqual({ sum: [0], max: [-Infinity], first: [0] });

    const sequence = (x: Tensor): Tensor =>
      scan(x, constant(2, [3], 'f64'), (c, e) => ({ carry: reporting(c).mul(e), output: c })).carry;
    expect(await reportsOf(sequence, 1)).toEqual({ sum: [7], max: [4], first: [1] });
  });

  it('out of branches: that which is taken', async () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.less(0),
        x,
        (y) => {
          report('negative', y, 'sum');
          report('both', y, 'max');
          return y;
        },
        (y) => {
          report('both', y.mul(10), 'max');
          return y;
        },
      );
    expect(await reportsOf(f, -2)).toEqual({ negative: [-2], both: [-2] });
    expect(await reportsOf(f, 2)).toEqual({ negative: [0], both: [20] });
  });

  it('out of calls: once for each', async () => {
    const f = (x: Tensor): Tensor => {
      const g = call('g', (y: Tensor) => reporting(y).mul(2));
      return g(g(g(x)));
    };
    expect(await reportsOf(f, 1)).toEqual({ sum: [7], max: [4], first: [1] });
  });

  it('out of a loop in a branch in a loop in a call', async () => {
    const f = (x: Tensor): Tensor =>
      call(
        'f',
        (y: Tensor) =>
          scan(
            y,
            [],
            (c) => ({
              carry: cond(
                c.less(10),
                c,
                (d) =>
                  whileLoop(
                    { z: d },
                    ({ z }) => z.less(10),
                    ({ z }) => ({ carry: { z: reporting(z).mul(2) } }),
                  ).carry.z,
                (d) => d.sub(10),
              ),
            }),
            { length: 3 },
          ).carry,
      )(x);
    // 3 → 12 (reports 3, 6), 12 → 2, 2 → 16 (reports 2, 4, 8)
    expect(await reportsOf(f, 3)).toEqual({ sum: [23], max: [8], first: [3] });
  });

  it('of a function that is differentiated: as often as it is computed forwards', async () => {
    const f = (x: Tensor): Tensor =>
      scan(x, [], (c) => ({ carry: call('g', (y: Tensor) => reporting(y).square())(c) }), { length: 2 }).carry;
    expect(await reportsOf(f, 2)).toEqual({ sum: [6], max: [4], first: [2] });
    expect(await reportsOf((x) => grad(f)(x), 2)).toEqual({ sum: [6], max: [4], first: [2] });
    expect((await run((x: Tensor) => grad(f)(x), 2)).value).toBe(32);
    // Loops that are differentiated twice are run again inside the reverse pass.
    expect((await run((x: Tensor) => grad((y: Tensor) => grad(f)(y))(x), 2)).value).toBe(48);
  });

  it('of a pullback: as often as it is pulled back', async () => {
    const watched = (x: Tensor): Tensor =>
      customVjp(
        'watched',
        [x],
        ([y]) => [reporting(y as Tensor).mul(3)],
        ({ cotangents: [ct] }) => {
          report('pulled', (ct as Tensor).mul(0).add(1), 'sum');
          return [(ct as Tensor).mul(3)];
        },
      )[0] as Tensor;
    const f = (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: watched(c) }), { length: 4 }).carry;
    expect(await reportsOf(f, 1)).toEqual({ sum: [40], max: [27], first: [1] });
    const { value, stats } = await run((x: Tensor) => grad(f)(x), 1);
    expect([value, stats.reports]).toEqual([81, { sum: [40], max: [27], first: [1], pulled: [4] }]);
    const twice = await run((x: Tensor) => {
      const { pullback } = vjp(f, x);
      return pullback(x).add(pullback(x));
    }, 1);
    expect(twice.stats.reports['pulled']).toEqual([8]);
  });

  it('of a loop over constants: where its result is used', async () => {
    const counted = (): Tensor =>
      scan(constant(1, [], 'f64'), constant(2, [3], 'f64'), (c, e) => ({ carry: reporting(c).mul(e) })).carry;
    expect(await reportsOf((x) => x.add(counted()), 1)).toEqual({ sum: [7], max: [4], first: [1] });
  });

  it('of a loop over constants that is itself a result, of functions, bodies and branches', async () => {
    const counted = (): Tensor =>
      scan(constant(1, [], 'f64'), constant(2, [3], 'f64'), (c, e) => ({ carry: reporting(c).mul(e) })).carry;
    const once = { sum: [7], max: [4], first: [1] };
    const results: readonly ((x: Tensor) => Tensor)[] = [
      counted,
      () => call('f', counted)(),
      (x) => cond(x.greater(0), [], counted, () => x),
      (x) => scan(x, [], counted2, { length: 1 }).carry,
      (x) => vjp(counted, x).value,
    ];
    function counted2(): { readonly carry: Tensor } {
      return { carry: counted() };
    }
    for (const f of results) {
      const { value, stats } = await run(f, 1);
      expect([value, stats.reports]).toEqual([8, once]);
    }
  });
});

describe('refusals', () => {
  const message = (f: (x: Tensor) => void): Promise<string> =>
    refusal(() =>
      run((x: Tensor) => {
        f(x);
        return x;
      }, 1),
    );

  it('a constant: it would not count how often it is computed', async () => {
    expect(await message(() => report('one', constant(1), 'sum'))).toBe(
      "TraceError: report: 'one' is a constant; expected a value that the traced function computes. A report counts as often as its value is computed.",
    );
  });

  it('one name with another combination, dtype or shape', async () => {
    const mixed = (second: (x: Tensor) => void) => (x: Tensor) => {
      report('a', x, 'sum');
      second(x);
    };
    const expected = '; expected one combination, dtype and shape for each name.';
    expect(await message(mixed((x) => report('a', x, 'max')))).toBe(
      `TraceError: report: 'a' is max of f64[] and was sum of f64[]${expected}`,
    );
    expect(await message(mixed((x) => report('a', x.cast('i32'), 'sum')))).toBe(
      `TraceError: report: 'a' is sum of i32[] and was sum of f64[]${expected}`,
    );
    expect(await message(mixed((x) => report('a', x.reshape([1]), 'sum')))).toBe(
      `TraceError: report: 'a' is sum of f64[1] and was sum of f64[]${expected}`,
    );
  });

  it('also in two branches', async () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.less(0),
        x,
        (y) => {
          report('a', y, 'sum');
          return y;
        },
        (y) => {
          report('a', y, 'max');
          return y;
        },
      );
    expect(await refusal(() => run(f, 1))).toMatch(/^TraceError: report: 'a' is max of f64\[\] and was sum of f64\[\]/);
  });

  it('a bool, and a first that is no vector', async () => {
    expect(await message((x) => report('a', x.less(1), 'sum'))).toBe(
      "DTypeError: report: 'a' is bool[]; expected numbers. Convert it with .cast('i32').",
    );
    expect(await message((x) => report('a', x, 'first'))).toBe(
      "ShapeError: report: 'a' is f64[]; expected a vector, whose leading element tells whether there is something to report.",
    );
  });
});
