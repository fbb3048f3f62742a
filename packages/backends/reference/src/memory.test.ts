import type { Graph } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { build, evaluate, F32, f32, F64, f64, I32, i32, range } from '../test/builder.ts';
import { Memory } from './memory.ts';

const peak = (graph: Graph, inputs: Parameters<typeof evaluate>[1]): number =>
  evaluate(graph, inputs).counters.peakBytes;

/** exp applied `limit` times to a value of 100 elements, tape or not. */
function loop(limit: number, taped: boolean): Graph {
  const types = [i32(), f64(100)];
  const condition = build('condition', types, (g, n) => [g.one('less', [n!, g.constant(limit, 'i32')])]);
  const body = build('body', types, (g, n, x) => {
    const y = g.one('tanh', [g.one('exp', [x!])]);
    return [g.one('add', [n!, g.constant(1, 'i32')]), y, ...(taped ? [y] : [])];
  });
  return build('main', [f64(100)], (g, x) => {
    const params = { condition, body, constants: 0, taped: taped ? 1 : 0, advances: false };
    const [, y, tape] = g.many('whileLoop', [g.constant(0, 'i32'), x!], params);
    if (tape === undefined) return [y!];
    const sum = build('sum', [f64(100), f64(100)], (b, a, e) => [b.one('add', [a!, e!])]);
    return g.many('scan', [y!, tape], { body: sum, constants: 0, carries: 1, length: null, reverse: true });
  });
}

describe('live bytes', () => {
  const x = range('f64', 100);

  it('counts inputs, intermediate values and results while they live', () => {
    // x, and of the chain at most an operand and its result.
    const chain = build('g', [f64(100)], (g, v) => [g.one('exp', [g.one('neg', [g.one('sin', [v!])])])]);
    expect(peak(chain, [x])).toBe(800 + 2 * 800);
    const both = build('g', [f64(100)], (g, v) => {
      const a = g.one('sin', [v!]);
      return [g.one('add', [a, g.one('neg', [a])])];
    });
    expect(peak(both, [x])).toBe(800 + 3 * 800);
  });

  it('counts a shared buffer once', () => {
    const views = build('g', [f64(100)], (g, v) => [
      g.one('reshape', [v!], { shape: [10, 10] }),
      g.one('reshape', [v!], { shape: [4, 25] }),
      v!,
    ]);
    expect(peak(views, [x])).toBe(800);
  });

  it('frees what nobody uses at once', () => {
    const graph = build('g', [f64(100)], (g, v) => {
      g.one('sin', [v!]);
      g.one('cos', [v!]);
      return [g.one('sum', [v!], { axes: [0], keepDims: false })];
    });
    expect(peak(graph, [x])).toBe(2 * 800);
  });

  it('counts kept constants throughout, and large ones while they live', () => {
    const graph = build('g', [f64(100)], (g, v) => {
      const big = g.one('add', [v!, g.constant(1, 'f64', [100])]);
      return [g.one('mul', [big, g.constant(2)])];
    });
    expect(peak(graph, [x])).toBe(8 + 800 + 2 * 800);
  });

  it('is the same after 50 and after 5000 iterations of a loop', () => {
    const [short, long] = [peak(loop(50, false), [x]), peak(loop(5000, false), [x])];
    expect(long).toBe(short);
    // The input, the operand and the result of a step; counters, limit and flag are a few bytes.
    expect(short).toBeGreaterThanOrEqual(3 * 800);
    expect(short).toBeLessThan(3 * 800 + 64);
  });

  it('grows by one entry for each iteration that is taped', () => {
    const [a, b, c] = [50, 51, 5000].map((n) => peak(loop(n, true), [x]));
    expect(b! - a!).toBe(800);
    expect(c! - a!).toBe(4950 * 800);
    expect(evaluate(loop(5000, true), [x]).counters.tapeEntries).toBe(5000);
  });

  it('frees the entries of a tape while the last scan reads it', () => {
    // The scan writes a tape as long as the one it reads: half of both would be too many if none were freed.
    const graph = (n: number): Graph =>
      build('main', [f64(100)], (g, v) => {
        const types = [i32(), f64(100)];
        const condition = build('condition', types, (c, i) => [c.one('less', [i!, c.constant(n, 'i32')])]);
        const body = build('body', types, (b, i, y) => {
          const z = b.one('sin', [y!]);
          return [b.one('add', [i!, b.constant(1, 'i32')]), z, z];
        });
        const loopParams = { condition, body, constants: 0, taped: 1, advances: false };
        const [, , tape] = g.many('whileLoop', [g.constant(0, 'i32'), v!], loopParams);
        const negate = build('negate', [f64(100)], (b, e) => [b.one('neg', [e!])]);
        const map = { body: negate, constants: 0, carries: 0, length: null, reverse: true };
        const [mapped] = g.many('scan', [tape!], map);
        const sum = build('sum', [f64(100), f64(100)], (b, a, e) => [b.one('add', [a!, e!])]);
        return g.many('scan', [v!, mapped!], { body: sum, constants: 0, carries: 1, length: null, reverse: false });
      });
    expect(peak(graph(200), [x]) - peak(graph(100), [x])).toBe(100 * 800);
  });

  it('counts in bytes of the dtype', () => {
    const graph = build('g', [f32(100)], (g, v) => [
      g.one('isFinite', [v!]),
      g.one('cast', [v!], { dtype: 'f64' }),
      g.one('cast', [v!], { dtype: 'i32' }),
    ]);
    expect(peak(graph, [range('f32', 100)])).toBe(400 + 100 + 800 + 400);
  });

  it('starts again with each run', () => {
    const graph = build('g', [f32(100), i32()], (g, v, n) => [g.one('gather', [v!, n!], { axis: 0 })]);
    expect(peak(graph, [range('f32', 100), I32(4)])).toBe(408);
  });
});

describe('Memory', () => {
  it('gives a freed buffer to the next value of its dtype and length', () => {
    const memory = new Memory(false);
    const shelf = memory.shelf('f32', 3);
    expect(memory.shelf('f32', 3)).toBe(shelf);
    const first = memory.take(shelf);
    memory.release(first);
    expect(memory.live).toBe(0);
    expect(memory.take(memory.shelf('f64', 3))).not.toBe(first);
    expect(memory.take(shelf)).toBe(first);
    expect(memory.take(shelf)).not.toBe(first);
    expect(memory.live).toBe(12 + 12 + 24);
    expect(memory.peak).toBe(12 + 12 + 24);
  });

  it('frees with the last reference only', () => {
    const memory = new Memory(false);
    const buffer = memory.take(memory.shelf('i32', 5));
    buffer.refs++;
    memory.release(buffer);
    expect(memory.live).toBe(20);
    memory.release(buffer);
    expect(memory.live).toBe(0);
  });

  it('frees a tape with its entries, those that were taken back apart', () => {
    const memory = new Memory(false);
    const [a, b] = [memory.take(memory.shelf('f32', 1)), memory.take(memory.shelf('f32', 2))];
    a.refs++;
    memory.release({ kind: 'tape', entries: [a, undefined, b], refs: 1 });
    expect(memory.live).toBe(4);
  });

  it('poisons what it frees', () => {
    const memory = new Memory(true);
    const buffer = memory.take(memory.shelf('f64', 2));
    buffer.data.fill(1);
    memory.release(buffer);
    expect([...buffer.data]).toEqual([NaN, NaN]);
  });

  it('does not keep more freed memory than its limit', () => {
    const memory = new Memory(false);
    const shelf = memory.shelf('f64', 2 ** 20);
    const buffers = Array.from({ length: 10 }, () => memory.take(shelf));
    buffers.forEach((buffer) => {
      memory.release(buffer);
    });
    expect(shelf.free.length).toBe(8);
    memory.clear();
    expect(shelf.free.length).toBe(0);
  });
});

it('results do not depend on poison: no value is read after it was freed', () => {
  // evaluate() poisons; a NaN from freed memory would show in the sums.
  expect([...evaluate(loop(20, true), [F64(new Array(100).fill(0.5))]).outputs[0]!.data].every(Number.isFinite)).toBe(
    true,
  );
  expect(
    evaluate(
      build('g', [f32(2)], (g, v) => [g.one('exp', [g.one('neg', [v!])])]),
      [F32([0, 0])],
    ).outputs[0]!.data[0],
  ).toBe(1);
});
