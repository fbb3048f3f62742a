import { tapeType, type Graph, type Value } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { Bool, bool, build, evaluate, F64, f64, I32, i32, range, results, type Scope } from '../test/builder.ts';

/** condition(constants…, n, …): n < limit. */
const below = (limit: number, types: Parameters<typeof build>[1], at = 0): Graph =>
  build('condition', types, (g, ...inputs) => [g.one('less', [inputs[at]!, g.constant(limit, 'i32')])]);

const next = (g: Scope, n: Value): Value => g.one('add', [n, g.constant(1, 'i32')]);

describe('call', () => {
  const square = build('square', [f64(2)], (g, x) => [g.one('mul', [x!, x!])]);

  it('runs a graph and counts the runs by name', () => {
    const graph = build('main', [f64(2)], (g, x) => {
      const y = g.one('call', [x!], { graph: square });
      return [g.one('call', [g.one('call', [y], { graph: square })], { graph: square }), y];
    });
    const { outputs, counters } = evaluate(graph, [F64([2, -3])]);
    expect(outputs.map(({ data }) => [...data])).toEqual([
      [256, 6561],
      [4, 9],
    ]);
    expect(counters.calls).toEqual({ square: 3 });
  });

  it('counts graphs of one name together, and those never called as zero', () => {
    const other = build('square', [f64(2)], (g, x) => [g.one('neg', [x!])]);
    const never = build('never', [f64(2)], (_, x) => [x!]);
    const branch = (name: string, graph: Graph): Graph =>
      build(name, [f64(2)], (g, x) => [g.one('call', [x!], { graph })]);
    const graph = build('main', [f64(2), bool()], (g, x, p) => {
      const y = g.one('call', [g.one('call', [x!], { graph: square })], { graph: other });
      return [g.one('cond', [p!, y], { then: branch('a', never), else: branch('b', square) })];
    });
    expect(evaluate(graph, [F64([1, 2]), Bool(false)]).counters.calls).toEqual({ square: 3, never: 0 });
  });

  it('passes operands through, repeats and drops them', () => {
    const shuffle = build('shuffle', [f64(), f64(), f64()], (_, a, b) => [b!, a!, b!]);
    const graph = build('main', [f64(), f64()], (g, x, y) => {
      const z = g.one('neg', [y!]);
      return [...g.many('call', [x!, z, z], { graph: shuffle }), ...g.many('call', [z, z, x!], { graph: shuffle })];
    });
    expect(results(graph, [F64(1), F64(2)])).toEqual([-2, 1, -2, -2, -2, -2]);
  });

  it('does not let a callee write to what its caller still uses', () => {
    const poke = build('poke', [f64(2), f64()], (g, x, row) => [g.one('setRow', [x!, g.constant(0, 'i32'), row!])]);
    const graph = build('main', [f64(2), f64()], (g, x, row) => {
      const y = g.one('neg', [x!]);
      const alias = g.one('reshape', [y], { shape: [2, 1] });
      const first = g.one('call', [y, row!], { graph: poke });
      const second = g.one('call', [first, g.constant(7)], { graph: poke });
      return [alias, second, g.one('call', [x!, row!], { graph: poke })];
    });
    expect(results(graph, [F64([1, 2]), F64(5)])).toEqual([
      [[-1], [-2]],
      [7, -2],
      [5, 2],
    ]);
  });
});

describe('cond', () => {
  const graph = build('main', [bool(), f64()], (g, p, x) => {
    const then = build('then', [f64()], (t, a) => [t.one('exp', [a!]), a!]);
    const otherwise = build('else', [f64()], (t) => [t.constant(0), t.constant(1)]);
    return g.many('cond', [p!, x!], { then, else: otherwise });
  });

  it('runs one branch', () => {
    expect(results(graph, [Bool(true), F64(1)])).toEqual([Math.E, 1]);
    expect(results(graph, [Bool(false), F64(1)])).toEqual([0, 1]);
  });

  it('does not run the other', () => {
    const divide = build('then', [i32()], (t, n) => [t.one('div', [t.constant(1, 'i32'), n!])]);
    const safe = build('else', [i32()], (_, n) => [n!]);
    const guarded = build('main', [i32()], (g, n) => [
      g.one('cond', [g.one('notEqual', [n!, g.constant(0, 'i32')]), n!], { then: divide, else: safe }),
    ]);
    expect(results(guarded, [I32(0)])).toEqual([0]);
    expect(results(guarded, [I32(-1)])).toEqual([-1]);
  });

  it('takes its predicate as an operand too', () => {
    const not = build('then', [bool()], (t, p) => [t.one('not', [p!])]);
    const same = build('else', [bool()], (_, p) => [p!]);
    const both = build('main', [f64()], (g, x) => {
      const p = g.one('isFinite', [x!]);
      return [g.one('cond', [p, p], { then: not, else: same })];
    });
    expect(results(both, [F64(1)])).toEqual([false]);
    expect(results(both, [F64(NaN)])).toEqual([false]);
  });
});

/** Doubles x until n reaches the limit, and tapes x before each doubling. */
function doubling(limit: number): Graph {
  const types = [i32(), f64()];
  const body = build('body', types, (g, n, x) => [next(g, n!), g.one('add', [x!, x!]), x!]);
  return build('main', types, (g, n, x) => {
    const params = { condition: below(limit, types), body, constants: 0, taped: 1, advances: false };
    const [last, y, tape] = g.many('whileLoop', [n!, x!], params);
    return [last!, y!, ...g.many('scan', [g.constant(0), tape!], collect)];
  });
}

/** Sums a tape of scalars from the last to the first, halving the sum each time: the order shows in the result. */
const collect = {
  body: build('collect', [f64(), f64()], (g, sum, x) => [g.one('add', [g.one('mul', [sum!, g.constant(0.5)]), x!])]),
  constants: 0,
  carries: 1,
  length: null,
  reverse: true,
};

describe('whileLoop', () => {
  it('repeats while its condition holds', () => {
    expect(results(doubling(3), [I32(0), F64(1)])).toEqual([3, 8, 1 + 0.5 * (2 + 0.5 * 4)]);
  });

  it('may not run at all: the carry is what it was and the tape is empty', () => {
    const { outputs, counters } = evaluate(doubling(3), [I32(3), F64(1)]);
    expect(outputs.map(({ data }) => data[0])).toEqual([3, 1, 0]);
    expect(counters.tapeEntries).toBe(0);
  });

  it('counts the entries of its tape', () => {
    expect(evaluate(doubling(100), [I32(0), F64(1e-30)]).counters.tapeEntries).toBe(100);
  });

  it('uses captured constants, which stay as they were', () => {
    const types = [f64(2), i32(), f64(2)];
    const body = build('body', types, (g, k, n, x) => [next(g, n!), g.one('mul', [x!, k!])]);
    const graph = build('main', [f64(2), i32()], (g, k, n) => [
      ...g.many('whileLoop', [k!, n!, k!], {
        condition: below(3, types, 1),
        body,
        constants: 1,
        taped: 0,
        advances: false,
      }),
      k!,
    ]);
    expect(results(graph, [F64([2, 3]), I32(0)])).toEqual([3, [16, 81], [2, 3]]);
  });

  it('takes one value as constant and as carry, both dying in the loop', () => {
    const types = [f64(2), i32(), f64(2)];
    const body = build('body', types, (g, k, n, x) => [
      next(g, n!),
      g.one('setRow', [x!, g.constant(0, 'i32'), g.one('sum', [k!], { axes: [0], keepDims: false })]),
    ]);
    const graph = build('main', [f64(2), i32()], (g, k, n) => {
      const y = g.one('neg', [k!]);
      return g.many('whileLoop', [y, n!, y], {
        condition: below(3, types, 1),
        body,
        constants: 1,
        taped: 0,
        advances: false,
      });
    });
    expect(results(graph, [F64([2, 3]), I32(0)])).toEqual([3, [-5, -3]]);
  });

  it('tapes nothing in an iteration that does not advance', () => {
    const types = [i32(), f64()];
    const body = build('body', types, (g, n, x) => {
      const even = g.one('equal', [g.one('rem', [n!, g.constant(2, 'i32')]), g.constant(0, 'i32')]);
      return [next(g, n!), g.one('select', [even, g.one('add', [x!, g.constant(1)]), x!]), x!, even];
    });
    const graph = build('main', types, (g, n, x) => {
      const params = { condition: below(7, types), body, constants: 0, taped: 1, advances: true };
      const [, y, tape] = g.many('whileLoop', [n!, x!], params);
      return [y!, ...g.many('scan', [g.constant(0), tape!], collect)];
    });
    const { outputs, counters } = evaluate(graph, [I32(0), F64(1)]);
    expect(outputs.map(({ data }) => data[0])).toEqual([5, 1 + 0.5 * (2 + 0.5 * (3 + 0.5 * 4))]);
    expect(counters.tapeEntries).toBe(4);
  });

  it('swaps and repeats carries', () => {
    const types = [i32(), f64(), f64()];
    const body = build('body', types, (g, n, a, b) => [next(g, n!), b!, a!]);
    const graph = build('main', types, (g, n, a, b) =>
      g.many('whileLoop', [n!, a!, b!], { condition: below(3, types), body, constants: 0, taped: 0, advances: false }),
    );
    expect(results(graph, [I32(0), F64(1), F64(2)])).toEqual([3, 2, 1]);
    const copy = build('body', types, (g, n, a) => [next(g, n!), a!, a!]);
    const copies = build('main', types, (g, n, a, b) =>
      g.many('whileLoop', [n!, a!, b!], {
        condition: below(3, types),
        body: copy,
        constants: 0,
        taped: 0,
        advances: false,
      }),
    );
    expect(results(copies, [I32(0), F64(1), F64(2)])).toEqual([3, 1, 1]);
  });

  it('nests', () => {
    // The sum over i < 4 of the sum over j < i of (10·i + j).
    const types = [i32(), i32(), i32()];
    const innerBody = build('inner', types, (g, i, j, sum) => [
      next(g, j!),
      g.one('add', [sum!, g.one('add', [g.one('mul', [i!, g.constant(10, 'i32')]), j!])]),
    ]);
    const innerCondition = build('condition', types, (g, i, j) => [g.one('less', [j!, i!])]);
    const body = build('outer', [i32(), i32()], (g, i, sum) => {
      const params = { condition: innerCondition, body: innerBody, constants: 1, taped: 0, advances: false };
      const [, inner] = g.many('whileLoop', [i!, g.constant(0, 'i32'), sum!], params);
      return [next(g, i!), inner!];
    });
    const graph = build('main', [i32(), i32()], (g, i, sum) =>
      g.many('whileLoop', [i!, sum!], {
        condition: below(4, [i32(), i32()]),
        body,
        constants: 0,
        taped: 0,
        advances: false,
      }),
    );
    expect(results(graph, [I32(0), I32(0)])).toEqual([4, 10 + 20 + 21 + 30 + 31 + 32]);
  });

  it('records an inner tape inside each outer iteration and reads it there', () => {
    const types = [i32(), f64()];
    const inner = doubling(3);
    const body = build('body', types, (g, n, x) => {
      const [, , sum] = g.many('call', [g.constant(0, 'i32'), x!], { graph: inner });
      return [next(g, n!), sum!];
    });
    const graph = build('main', types, (g, n, x) =>
      g.many('whileLoop', [n!, x!], { condition: below(2, types), body, constants: 0, taped: 0, advances: false }),
    );
    const { outputs, counters } = evaluate(graph, [I32(0), F64(1)]);
    expect(outputs[1]!.data[0]).toBe(9);
    expect(counters.tapeEntries).toBe(3);
    expect(counters.calls).toEqual({ main: 2 });
  });
});

describe('scan', () => {
  const running = build('running', [f64(2), f64(2)], (g, sum, x) => {
    const total = g.one('add', [sum!, x!]);
    return [total, total];
  });
  const over = (n: number, reverse: boolean): Graph =>
    build('main', [f64(2), f64(n, 2)], (g, start, xs) =>
      g.many('scan', [start!, xs!], { body: running, constants: 0, carries: 1, length: n, reverse }),
    );

  it('reads and writes stacked tensors forwards', () => {
    expect(results(over(3, false), [F64([1, 1]), range('f64', 3, 2)])).toEqual([
      [7, 10],
      [
        [1, 2],
        [3, 5],
        [7, 10],
      ],
    ]);
  });

  it('keeps the positions of the elements when it runs backwards', () => {
    expect(results(over(3, true), [F64([1, 1]), range('f64', 3, 2)])).toEqual([
      [7, 10],
      [
        [7, 10],
        [7, 9],
        [5, 6],
      ],
    ]);
  });

  it('may be empty', () => {
    const { outputs } = evaluate(over(0, true), [F64([1, 1]), F64([], [0, 2])]);
    expect(outputs.map(({ shape }) => shape)).toEqual([[2], [0, 2]]);
    expect([...outputs[0]!.data]).toEqual([1, 1]);
  });

  it('runs for a length alone', () => {
    const body = build('body', [f64(), f64()], (g, k, x) => [g.one('mul', [k!, x!]), x!]);
    const graph = build('main', [f64(), f64()], (g, k, x) =>
      g.many('scan', [k!, x!], { body, constants: 1, carries: 1, length: 4, reverse: false }),
    );
    expect(results(graph, [F64(3), F64(1)])).toEqual([81, [1, 3, 9, 27]]);
  });

  /** Tapes 0, 1, …, n − 1 as f64. */
  const counting = (g: Scope, limit: Value): Value => {
    const types = [i32(), i32()];
    const condition = build('condition', types, (c, end, n) => [c.one('less', [n!, end!])]);
    const body = build('body', types, (b, _, n) => [next(b, n!), b.one('cast', [n!], { dtype: 'f64' })]);
    return g.many('whileLoop', [limit, g.constant(0, 'i32')], {
      condition,
      body,
      constants: 1,
      taped: 1,
      advances: false,
    })[1]!;
  };

  it.each([0, 1, 5])('maps a tape of %d entries to a tape, and reads tapes together', (n) => {
    const graph = build('main', [i32()], (g, limit) => {
      const tape = counting(g, limit!);
      const square = build('square', [f64()], (b, x) => [b.one('mul', [x!, x!])]);
      const [squares] = g.many('scan', [tape], { body: square, constants: 0, carries: 0, length: null, reverse: true });
      const pair = build('pair', [f64(), f64(), f64()], (b, sum, x, y) => [
        b.one('add', [b.one('mul', [sum!, b.constant(0.5)]), b.one('sub', [y!, x!])]),
      ]);
      const params = { body: pair, constants: 0, carries: 1, length: null, reverse: false };
      return [
        ...g.many('scan', [g.constant(0), tape, squares!], params),
        ...g.many('scan', [g.constant(0), squares!], collect),
      ];
    });
    let forwards = 0;
    for (let i = 0; i < n; i++) forwards = 0.5 * forwards + i * i - i;
    let backwards = 0;
    for (let i = n - 1; i >= 0; i--) backwards = 0.5 * backwards + i * i;
    const { outputs, counters } = evaluate(graph, [I32(n)]);
    expect(outputs.map(({ data }) => data[0])).toEqual([forwards, backwards]);
    expect(counters.tapeEntries).toBe(n);
  });

  it('reads one tape as two sequences', () => {
    const graph = build('main', [i32()], (g, limit) => {
      const tape = counting(g, limit!);
      const body = build('body', [f64(), f64(), f64()], (b, sum, x, y) => [
        b.one('add', [sum!, b.one('mul', [x!, y!])]),
      ]);
      return g.many('scan', [g.constant(0), tape, tape], {
        body,
        constants: 0,
        carries: 1,
        length: null,
        reverse: false,
      });
    });
    expect(results(graph, [I32(4)])).toEqual([0 + 1 + 4 + 9]);
  });

  it('refuses tapes of different lengths', () => {
    const graph = build('main', [i32(), i32()], (g, m, n) => {
      const body = build('body', [f64(), f64(), f64()], (b, sum, x, y) => [
        b.one('add', [sum!, b.one('mul', [x!, y!])]),
      ]);
      const params = { body, constants: 0, carries: 1, length: null, reverse: false };
      return g.many('scan', [g.constant(0), counting(g, m!), counting(g, n!)], params);
    });
    expect(() => evaluate(graph, [I32(4), I32(3)])).toThrow('scan: tapes of 4 and 3 entries');
  });

  it('passes tapes through calls, branches and captures', () => {
    const type = tapeType(f64());
    const same = build('same', [type], (_, tape) => [tape!]);
    const drop = build('drop', [type], (d, tape) => {
      const zero = build('zero', [f64()], (b) => [b.constant(0)]);
      return d.many('scan', [tape!], { body: zero, constants: 0, carries: 0, length: null, reverse: false });
    });
    const graph = build('main', [i32(), bool()], (g, n, p) => {
      const tape = counting(g, n!);
      const [again] = g.many('call', [tape], { graph: same });
      const [chosen] = g.many('cond', [p!, again!], { then: same, else: drop });
      // A tape captured by a loop that reads it in each iteration.
      const types = [type, i32(), f64()];
      const body = build('body', types, (b, captured, i, sum) => [
        next(b, i!),
        b.one('scan', [sum!, captured!], collect),
      ]);
      const params = { condition: below(2, types, 1), body, constants: 1, taped: 0, advances: false };
      const [, sum] = g.many('whileLoop', [chosen!, g.constant(0, 'i32'), g.constant(0)], params);
      return [sum!, ...g.many('scan', [g.constant(0), tape], collect)];
    });
    const once = (sum: number): number => [2, 1, 0].reduce((total, x) => 0.5 * total + x, sum);
    expect(results(graph, [I32(3), Bool(true)])).toEqual([once(once(0)), once(0)]);
    expect(results(graph, [I32(3), Bool(false)])).toEqual([0, once(0)]);
  });

  it('carries a buffer whose rows it replaces', () => {
    const body = build('body', [f64(3), i32()], (g, buffer, i) => [
      g.one('setRow', [buffer!, i!, g.one('cast', [i!], { dtype: 'f64' })]),
      buffer!,
    ]);
    const graph = build('main', [f64(3)], (g, start) => [
      ...g.many('scan', [start!, g.one('iota', [], { shape: [3], axis: 0, dtype: 'i32' })], {
        body,
        constants: 0,
        carries: 1,
        length: 3,
        reverse: true,
      }),
      start!,
    ]);
    expect(results(graph, [F64([7, 8, 9])])).toEqual([
      [0, 1, 2],
      [
        [7, 1, 2],
        [7, 8, 2],
        [7, 8, 9],
      ],
      [7, 8, 9],
    ]);
  });
});
