import { describe, expect, expectTypeOf, it } from 'vitest';
import { bool, evaluate, expectClose, f32, f64, i32, refusal, run, trace, uniform } from '../../test/support.ts';
import { call } from '../control/call.ts';
import { cond } from '../control/cond.ts';
import { customVjp } from '../control/custom-vjp.ts';
import { scan, whileLoop } from '../control/loops.ts';
import { report } from '../control/report.ts';
import { onesLike, select, stopGradient } from '../tensor/functions.ts';
import type { Tape } from '../tensor/tape.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { hvp, jvp, type Jvp, type Tangents } from './jvp.ts';
import { grad, vjp } from './vjp.ts';

const zero = (): Tensor => constant(0, [], 'i32');
const one = (): Tensor => constant(1, [], 'f64');

/** f′(x)·1 of a function of one tensor. */
const slope =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor =>
    jvp(f, x, onesLike(x)).tangent;

describe('jvp', () => {
  it('pushes any direction forward: J·v', async () => {
    const along = (x: Tensor, v: Tensor) => jvp((y: Tensor) => y.square(), x, v);
    const { value, tangent } = await evaluate(along, f64([1, 2, 3]), f64([1, 10, 0]));
    expect([value, tangent]).toEqual([
      [1, 4, 9],
      [2, 40, 0],
    ]);
  });

  it('of trees, from trees; what is null or left out does not move', async () => {
    interface Given {
      readonly a: Tensor;
      readonly b: readonly [Tensor, { readonly c: Tensor }];
    }
    const f = ({ a, b: [b, { c }] }: Given) => ({ product: a.mul(b), rest: [b.sum(), c.exp()] as const });
    const program = (a: Tensor, b: Tensor, c: Tensor) => {
      const x: Given = { a, b: [b, { c }] };
      const directions: readonly Tangents<Given>[] = [
        { a: constant(1, [2], 'f64'), b: [onesLike(b), { c: onesLike(c) }] },
        { a: onesLike(a), b: null },
        { b: [null, { c: onesLike(c) }] },
        {},
        null,
      ];
      const all = directions.map((v) => jvp(f, x, v));
      expectTypeOf(all).toEqualTypeOf<Jvp<ReturnType<typeof f>>[]>();
      return all.map(({ tangent }) => tangent);
    };
    expect(await evaluate(program, f64([1, 2]), f64([3, 4]), 0)).toEqual([
      { product: [4, 6], rest: [2, 1] },
      { product: [3, 4], rest: [0, 0] },
      { product: [0, 0], rest: [0, 1] },
      { product: [0, 0], rest: [0, 0] },
      { product: [0, 0], rest: [0, 0] },
    ]);
  });

  it('a direction that is zero costs nothing and meets no infinity', async () => {
    const f = ({ x, y }: { readonly x: Tensor; readonly y: Tensor }): Tensor => x.mul(y.log());
    const along = (x: Tensor, y: Tensor): Tensor => jvp(f, { x, y }, { x: onesLike(x) }).tangent;
    expect(await evaluate(along, 3, 0)).toBe(-Infinity);
    const graph = trace(along, 3, 2);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['log']);
  });

  it('tensors of the closure are constants', async () => {
    expect(await evaluate((x: Tensor) => slope((y) => y.mul(x))(x), 3)).toBe(3);
  });

  it('integers and booleans pass, without tangents', async () => {
    const f = ({ x, n, p }: { readonly x: Tensor; readonly n: Tensor; readonly p: Tensor }) => ({
      picked: select(p, x.at(n), 0),
      largest: x.argMax(),
      isLarge: x.greater(2),
      truncated: x.cast('i32').cast('f64'),
    });
    const program = (x: Tensor, n: Tensor, p: Tensor) => jvp(f, { x, n, p }, { x: onesLike(x) }).tangent;
    expect(await evaluate(program, f64([1, 5]), i32(1), bool(true))).toEqual({
      picked: 1,
      largest: 0,
      isLarge: [false, false],
      truncated: [0, 0],
    });
  });

  it('refuses tangents that the argument has no place for', async () => {
    const along = (v: (x: Tensor) => unknown): Promise<string> =>
      refusal(() =>
        evaluate(
          (x: Tensor, n: Tensor) =>
            jvp((p: { x: Tensor; n: Tensor; l: Tensor[] }) => p.x, { x, n, l: [x] }, v(x) as null).tangent,
          f64([1, 2]),
          i32(0),
        ),
      );
    expect(await along((x) => ({ x: x.sum() }))).toBe(
      "ShapeError: jvp: the tangent of 'x' is f64[]; expected f64[2], as the argument.",
    );
    expect(await along((x) => ({ x: x.cast('f32') }))).toBe(
      "DTypeError: jvp: the tangent of 'x' is f32[2]; expected f64[2], as the argument.",
    );
    expect(await along((x) => ({ n: x.sum() }))).toBe(
      "DifferentiationError: jvp: leaf 'n' of the argument is i32[], with a tangent; expected f32 or f64: integers and booleans have no derivative. Leave its tangent out.",
    );
    expect(await along((x) => ({ l: [null, x] }))).toBe(
      "TreeError: jvp: the tangent has 'l[1]', and the argument has nothing there; expected a tree like the argument, where null or nothing means zero.",
    );
    expect(await along((x) => ({ l: { 0: x } }))).toMatch(/^TreeError: jvp: the tangent of 'l' is/);
    expect(await along((x) => x)).toMatch(/^TreeError: jvp: the tangent is a tensor/);
    expect(await along(() => ({ x: 1 }))).toBe(
      "TreeError: jvp: the tangent of 'x' is a number (1); expected a tensor, or null for zero.",
    );
  });

  it('in f32', async () => {
    expect(await evaluate((x: Tensor) => slope((y) => y.mul(0.5).exp())(x), f32([0, 2]))).toEqual([
      0.5,
      Math.fround(Math.fround(Math.E) * 0.5),
    ]);
  });

  it('a Jacobian column by column is the one row by row', async () => {
    const g = (x: Tensor): Tensor =>
      x
        .matmul(x, { transposeB: true })
        .softmax(1)
        .add(x.sum({ axes: 1 }).exp());
    const columns = (x: Tensor, axes: readonly Tensor[]) => ({
      columns: axes.map((v) => jvp(g, x, v).tangent.reshape([4])),
      rows: [0, 1, 2, 3].map((i) => {
        const { value, pullback } = vjp(g, x);
        const ct = constant(0, [4], 'f64').setRow(i, one()).reshape(value.shape);
        return pullback(ct).reshape([4]);
      }),
    });
    const units = [0, 1, 2, 3].map((i) =>
      f64([
        [i === 0 ? 1 : 0, i === 1 ? 1 : 0],
        [i === 2 ? 1 : 0, i === 3 ? 1 : 0],
      ]),
    );
    const both = await evaluate(columns, uniform(1, [2, 2]), units);
    const [c, r] = [both.columns as number[][], both.rows as number[][]];
    expectClose(
      c[0]?.map((_, i) => c.map((column) => column[i])),
      r,
      1e-14,
    );
  });
});

describe('structured control flow', () => {
  it('a loop carries tangents and records nothing, however long it is', async () => {
    // x ← x·w, n times: x·wⁿ
    const f = (x: Tensor, w: Tensor, n: Tensor): Tensor =>
      whileLoop(
        { i: zero(), x },
        ({ i }) => i.less(n),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(w) } }),
      ).carry.x;
    const program = (x: Tensor, w: Tensor, n: Tensor) =>
      jvp((p: readonly [Tensor, Tensor]) => f(p[0], p[1], n), [x, w], [null, one()]);
    const peaks: (number | undefined)[] = [];
    for (const n of [0, 1, 10, 1000]) {
      const { value, stats } = await run(program, 2, 0.999, i32(n));
      expectClose([value.value, value.tangent], [2 * 0.999 ** n, 2 * n * 0.999 ** (n - 1)], 1e-12);
      expect(stats.counters?.tapeEntries).toBe(0);
      peaks.push(stats.counters?.peakBytes);
    }
    expect(peaks[3]).toBe(peaks[2]);
  });

  it('tapes have tapes of tangents beside them; iterations that do not advance leave no entry', async () => {
    // Σ over even i < 6 of (x^k)²: x² + x⁴ + x⁶
    const f = (x: Tensor): Tensor => {
      const { tape } = whileLoop(
        { i: zero(), p: x },
        ({ i }) => i.less(6),
        (c) => {
          const isEven = c.i.rem(2).equal(0);
          const tried = c.p.mul(x).div(isEven.cast('f64'));
          return { carry: { i: c.i.add(1), p: select(isEven, tried, c.p) }, tape: c.p, advances: isEven };
        },
      );
      return scan(constant(0, [], 'f64'), tape as Tape, (s, e) => ({ carry: s.add((e as Tensor).square()) })).carry;
    };
    const { value, stats } = await run((x: Tensor) => [slope(f)(x), slope(slope(f))(x), grad(slope(f))(x)], 1.1);
    const x = 1.1;
    expectClose(
      value,
      [2 * x + 4 * x ** 3 + 6 * x ** 5, 2 + 12 * x ** 2 + 30 * x ** 4, 2 + 12 * x ** 2 + 30 * x ** 4],
      1e-13,
    );
    expect(stats.counters?.tapeEntries).toBeGreaterThan(0);
  });

  it('a carry that the direction reaches only after some iterations', async () => {
    const register = (x: Tensor, n: number): Tensor => {
      const none = (): Tensor => constant(0, [], 'f64');
      return whileLoop(
        { i: zero(), a: x, b: none(), c: none(), d: none() },
        ({ i }) => i.less(n),
        (r) => ({ carry: { i: r.i.add(1), a: r.a, b: r.a.mul(2), c: r.b.mul(3), d: r.c.mul(5) } }),
      ).carry.d;
    };
    for (const [n, expected] of [
      [2, 0],
      [3, 30],
      [4, 30],
    ] as const) {
      expect(await evaluate((x: Tensor) => slope((y) => register(y, n))(x), 1)).toBe(expected);
    }
  });

  it('a branch that is not taken touches no tangent', async () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.greater(0),
        x,
        (y) => y.sqrt(),
        (y) => y.mul(3),
      );
    expect(await evaluate((x: Tensor, y: Tensor) => [slope(f)(x), slope(f)(y)], 0, 4)).toEqual([3, 0.25]);
  });

  it('a call with tangents counts as one call; it is pushed forward once', async () => {
    const f = (x: Tensor): Tensor => {
      const square = call('square', (y: Tensor) => y.mul(y));
      return square(square(square(x)));
    };
    const { value, stats } = await run((x: Tensor) => [slope(f)(x), slope(slope(f))(x)], 1.1);
    expectClose(value, [8 * 1.1 ** 7, 56 * 1.1 ** 6], 1e-13);
    expect(stats.counters?.calls).toEqual({ square: 6 });
    const graph = trace((x: Tensor) => jvp(f, x, onesLike(x)), 1.1);
    expect(new Set(graph.nodes.flatMap((node) => (node.op === 'call' ? [node.params.graph] : []))).size).toBe(1);
  });

  it('reports leave once, with the value', async () => {
    const f = (x: Tensor): Tensor =>
      scan(
        x,
        [],
        (c) => {
          report('steps', c.greater(-1e9).cast('i32'), 'sum');
          return { carry: c.mul(2) };
        },
        { length: 3 },
      ).carry;
    const { value, stats } = await run((x: Tensor) => jvp(f, x, onesLike(x)), 1);
    expect([value.value, value.tangent]).toEqual([8, 8]);
    expect(stats.reports['steps']).toEqual([3]);
  });

  it('stopGradient has derivative 0', async () => {
    expect(await evaluate((x: Tensor) => slope((y) => stopGradient(y.square()).mul(y))(x), 3)).toBe(9);
  });
});

describe('functions with rules of their own', () => {
  /** x³ whose reverse rule says 5·x, so that it can be told apart. */
  const odd = (x: Tensor): Tensor =>
    customVjp(
      'odd',
      [x],
      ([y]) => [(y as Tensor).pow(3)],
      ({ inputs: [y], cotangents: [ct] }) => [(ct as Tensor).mul(5).mul(y as Tensor)],
    )[0] as Tensor;
  /** The same with a tangent rule that says 7·x. */
  const ruled = (x: Tensor): Tensor =>
    customVjp(
      'ruled',
      [x],
      ([y]) => [(y as Tensor).pow(3)],
      ({ inputs: [y], cotangents: [ct] }) => [(ct as Tensor).mul(5).mul(y as Tensor)],
      ({ inputs: [y], tangents: [dy] }) => [(dy as Tensor).mul(7).mul(y as Tensor)],
    )[0] as Tensor;

  it('are differentiated themselves, or by their tangent rule', async () => {
    expect(await evaluate((x: Tensor) => [slope(odd)(x), slope(ruled)(x)], 2)).toEqual([12, 14]);
    const twice = (x: Tensor) => [slope(slope(odd))(x), slope(slope(ruled))(x)];
    expect(await evaluate(twice, 2)).toEqual([12, 7]);
  });

  it('inside calls, branches and loops', async () => {
    for (const f of [
      (x: Tensor): Tensor => call('f', odd)(x),
      (x: Tensor): Tensor => cond(x.less(0), x, (y) => y, odd),
      (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: odd(c) }), { length: 1 }).carry,
    ]) {
      expect(await evaluate((x: Tensor) => slope(f)(x), 2)).toBe(12);
    }
  });

  it('keep the reverse rule for derivatives of derivatives', async () => {
    // Forward over reverse differentiates the rule; reverse over forward is the same by the symmetry of second derivatives.
    const both = (x: Tensor) => [slope(grad(odd))(x), grad(slope(odd))(x), grad(slope(ruled))(x)];
    expect(await evaluate(both, 2)).toEqual([5, 5, 7]);
  });

  it('of several operands and results, some of them without derivatives', async () => {
    // (a·b, a², n) with the rule of the function itself.
    const f = (a: Tensor, b: Tensor, n: Tensor): readonly Tensor[] =>
      customVjp(
        'several',
        [a, n, b],
        ([x, k, y]) => [(x as Tensor).mul(y as Tensor), k as Tensor, (x as Tensor).square()],
        ({ inputs: [x, , y], cotangents: [p, , q], active }) => {
          const byA = p === null ? null : (p as Tensor).mul(y as Tensor);
          const square = q === null ? null : (q as Tensor).mul(2).mul(x as Tensor);
          const sum = byA !== null && square !== null ? byA.add(square) : (byA ?? square);
          return [active[0] === true ? sum : null, null, p === null ? null : (p as Tensor).mul(x as Tensor)];
        },
      );
    type Pair = readonly [Tensor, Tensor];
    const loss = ([a, b]: Pair, n: Tensor, only?: number): Tensor => {
      const [p, , q] = f(a, b, n) as readonly [Tensor, Tensor, Tensor];
      return only === 0 ? p.square() : only === 2 ? q.mul(b) : p.square().add(q.mul(b));
    };
    const [a, b] = [1.5, -0.7];
    // a²b² + a²b
    const hessian = [
      [2 * b * b + 2 * b, 4 * a * b + 2 * a],
      [4 * a * b + 2 * a, 2 * a * a],
    ];
    const rows = (product: (x: Pair, v: Tangents<Pair>, n: Tensor) => Pair) => (x: Pair, n: Tensor) => [
      product(x, [one(), null], n),
      product(x, [null, one()], n),
    ];
    const forwardOverReverse = rows((x, v, n) => hvp((y: Pair) => loss(y, n))(x, v));
    const reverseOverForward = rows((x, v, n) => grad((y: Pair) => jvp((z: Pair) => loss(z, n), y, v).tangent)(x));
    for (const product of [forwardOverReverse, reverseOverForward]) {
      expectClose(
        await evaluate((x: Tensor, y: Tensor, n: Tensor) => product([x, y], n), a, b, i32(3)),
        hessian,
        1e-14,
      );
    }
    // The value's cotangent alone, the tangent's alone, and only one of the operands.
    const parts = (x: Tensor, y: Tensor, n: Tensor) => [
      ...grad((z: Pair) => jvp((u: Pair) => loss(u, n, 0), z, [one(), null]).value)([x, y]),
      ...grad((v: Pair) => jvp((u: Pair) => loss(u, n), [x, y], v).tangent)([one(), one()]),
      grad((z: Tensor) => jvp((u: Tensor) => loss([u, y], n, 2), z, one()).tangent)(x),
    ];
    expectClose(
      await evaluate(parts, a, b, i32(3)),
      [2 * a * b * b, 2 * a * a * b, 2 * a * b * b + 2 * a * b, 2 * a * a * b + a * a, 2 * b],
      1e-14,
    );
  });

  it('refuse tangents of other types than the results', async () => {
    const wrong = (tangents: (t: Tensor) => readonly Tensor[]) => (x: Tensor) =>
      slope(
        (y) =>
          customVjp(
            'wrong',
            [y],
            ([z]) => [z as Tensor],
            ({ cotangents }) => cotangents,
            ({ tangents: [t] }) => tangents(t as Tensor),
          )[0] as Tensor,
      )(x);
    expect(
      await refusal(() =>
        evaluate(
          wrong((t) => [t, t]),
          f64([1, 2]),
        ),
      ),
    ).toBe('DifferentiationError: wrong: the tangent rule gives 2 tangents; expected 1, one for each result.');
    expect(
      await refusal(() =>
        evaluate(
          wrong((t) => [t.sum()]),
          f64([1, 2]),
        ),
      ),
    ).toBe(
      'DifferentiationError: wrong: the tangent rule gives result 1 the tangent f64[]; expected f64[2], as the result, or null.',
    );
  });
});

describe('hvp', () => {
  it('of Σ x³ is 6·x·v', async () => {
    const product = (x: Tensor, v: Tensor): Tensor => hvp((y: Tensor) => y.pow(3).sum())(x, v);
    expect(await evaluate(product, f64([1, -2]), f64([1, 10]))).toEqual([6, -120]);
  });

  it('of trees, where only some leaves move', async () => {
    // Σ x·y²
    const f = ({ x, y }: { readonly x: Tensor; readonly y: Tensor }): Tensor => x.mul(y.square()).sum();
    const product = (x: Tensor, y: Tensor) => hvp(f)({ x, y }, { x: onesLike(x) });
    expect(await evaluate(product, f64([1, 2]), f64([3, 4]))).toEqual({ x: [0, 0], y: [6, 8] });
  });

  it('of what is no scalar is refused as by grad', async () => {
    expect(await refusal(() => evaluate((x: Tensor) => hvp((y: Tensor) => y)(x, x), f64([1])))).toMatch(
      /^DifferentiationError: grad: the function's value is f64\[1\]/,
    );
  });
});
