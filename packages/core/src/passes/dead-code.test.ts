import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { bool, buildGraph, f64, graphsIn, i32, nodeOf, opsOf, type TestBuilder } from '../../test/graphs/build.ts';
import { evaluate, tensorOf } from '../../test/graphs/evaluate.ts';

const one = (b: TestBuilder): Value => b.constant(1, [], 'i32');

/** Counts up to the captured limit; the other operands are whatever the body has. */
const below = (types: Parameters<typeof buildGraph>[1], counter: number): Graph =>
  buildGraph('condition', types, (b, ...x) => [b.op('less', [x[counter]!, x[0]!])]);

describe('eliminateDeadCode', () => {
  it('removes unused nodes, and no input of the graph', () => {
    const graph = buildGraph('g', [f64(), f64()], (b, x, y) => {
      b.op('exp', [b.op('sin', [y!])]);
      return [b.op('neg', [x!])];
    });
    const result = eliminateDeadCode(graph);
    expect(opsOf(result)).toEqual(['neg']);
    expect(result.inputs).toEqual(graph.inputs);
    expect(eliminateDeadCode(result)).toBe(result);
  });

  it('narrows a call to the results that are used and the operands that these need', () => {
    const f = buildGraph('f', [f64(), f64()], (b, x, y) => [b.op('exp', [x!]), b.op('sin', [y!])]);
    const graph = buildGraph('g', [f64(), f64()], (b, x, y) => [b.all('call', [x!, y!], { graph: f })[1]!]);
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    const call = nodeOf(result, 'call');
    expect(call.inputs).toEqual([graph.inputs[1]]);
    expect(opsOf(call.params.graph)).toEqual(['sin']);
  });

  it('keeps one graph for calls that need the same results, and makes one for each other set', () => {
    const f = buildGraph('f', [f64()], (b, x) => [b.op('exp', [x!]), b.op('sin', [x!]), b.op('cos', [x!])]);
    const graph = buildGraph('g', [f64()], (b, x) => {
      const y = b.all('call', [x!], { graph: f })[0]!;
      const z = b.all('call', [y], { graph: f })[0]!;
      return [z, b.all('call', [z], { graph: f })[1]!];
    });
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    const [a, b, c] = result.nodes.map((node) => (node.op === 'call' ? node.params.graph : undefined));
    expect(a).toBe(b);
    expect(opsOf(a!)).toEqual(['exp']);
    expect(opsOf(c!)).toEqual(['sin']);
    expect(graphsIn(result).size).toBe(3);
    // The same graph in another one is narrowed to the same object: derivatives by graph are found again.
    const other = buildGraph('h', [f64()], (h, x) => [h.all('call', [x!], { graph: f })[0]!]);
    expect(nodeOf(eliminateDeadCode(other), 'call').params.graph).toBe(a);
  });

  it('keeps what either branch of a cond needs', () => {
    const types = [f64(), f64(), f64()];
    const then = buildGraph('then', types, (b, x) => [b.op('exp', [x!]), x!]);
    const otherwise = buildGraph('else', types, (b, _, y) => [y!, b.op('neg', [y!])]);
    const graph = buildGraph('g', [bool, ...types], (b, p, ...xs) => [
      b.all('cond', [p!, ...xs], { then, else: otherwise })[0]!,
    ]);
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    const node = nodeOf(result, 'cond');
    expect(node.inputs).toEqual(graph.inputs.slice(0, 3));
    expect(opsOf(node.params.then)).toEqual(['exp']);
    expect(opsOf(node.params.else)).toEqual([]);
    for (const p of [0, 1]) {
      const inputs = [tensorOf([p], [], 'bool'), tensorOf([2]), tensorOf([3]), tensorOf([5])];
      expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
    }
  });

  it('removes carries that reach neither a used result nor the condition, in circles too', () => {
    // x ← x + a; (u, v) ← (v, u): a circle that nobody reads; w ← w·u reads it and is read by nobody.
    const types = [i32, f64(), i32, f64(), f64(), f64(), f64()];
    const body = buildGraph('body', types, (b, _, a, n, x, u, v, w) => [
      b.op('add', [n!, one(b)]),
      b.op('add', [x!, a!]),
      v!,
      u!,
      b.op('mul', [w!, u!]),
    ]);
    const params = { condition: below(types, 2), body, constants: 2, taped: 0, advances: false };
    const graph = buildGraph('g', types, (b, ...inputs) => [b.all('whileLoop', inputs, params)[1]!]);
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    const loop = nodeOf(result, 'whileLoop');
    expect(loop.inputs).toEqual(graph.inputs.slice(0, 4));
    expect(loop.params.constants).toBe(2);
    expect(opsOf(loop.params.body).toSorted()).toEqual(['add', 'add', 'constant']);
    for (const limit of [0, 3]) {
      const inputs = [limit, 0.5, 0, 1, 2, 3, 4].map((x, i) => tensorOf([x], [], types[i]!.dtype));
      expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
    }
  });

  it('follows a chain of carries to its beginning', () => {
    // z ← y, y ← x, x ← x + n: the result needs all of them; nothing of it is dead.
    const types = [i32, i32, f64(), f64(), f64()];
    const body = buildGraph('body', types, (b, _, n, x, y) => [
      b.op('add', [n!, one(b)]),
      b.op('add', [x!, b.op('cast', [n!], { dtype: 'f64' })]),
      x!,
      y!,
    ]);
    const params = { condition: below(types, 1), body, constants: 1, taped: 0, advances: false };
    const graph = buildGraph('g', types, (b, ...inputs) => [b.all('whileLoop', inputs, params)[3]!]);
    expect(eliminateDeadCode(graph)).toBe(graph);
  });

  it('removes unused tapes, and keeps the flag that differentiation asks for', () => {
    const types = [i32, i32, f64()];
    const body = buildGraph('body', types, (b, _, n, x) => [
      b.op('add', [n!, one(b)]),
      b.op('neg', [x!]),
      b.op('exp', [x!]),
      b.op('sin', [x!]),
      b.op('equal', [n!, one(b)]),
    ]);
    const params = { condition: below(types, 1), body, constants: 1, taped: 2, advances: true };
    const build = (used: number) =>
      buildGraph('g', types, (b, ...inputs) => [b.all('whileLoop', inputs, params)[used]!]);
    const taped = eliminateDeadCode(build(3));
    checkGraph(taped);
    const loop = nodeOf(taped, 'whileLoop');
    expect([loop.params.taped, loop.params.advances]).toEqual([1, true]);
    expect(opsOf(loop.params.body)).not.toContain('exp');
    const inputs = [tensorOf([3], [], 'i32'), tensorOf([0], [], 'i32'), tensorOf([0.5])];
    expect(evaluate(taped, inputs).outputs).toEqual([[tensorOf([Math.sin(-0.5)])]]);
    const untaped = eliminateDeadCode(build(1));
    checkGraph(untaped);
    expect(nodeOf(untaped, 'whileLoop').params).toMatchObject({ taped: 0, advances: true });
  });

  it('removes what a scan does not use, but one tape for its length', () => {
    const taping = buildGraph('body', [i32, i32, f64(4), f64()], (b, _, n, x, y) => [
      b.op('add', [n!, one(b)]),
      x!,
      y!,
      b.op('neg', [x!]),
      b.op('neg', [y!]),
    ]);
    const counting = buildGraph('body', [f64(), f64(4), f64()], (b, c, x, y) => [
      b.op('add', [c!, b.constant(1)]),
      b.op('exp', [x!]),
      b.op('exp', [y!]),
    ]);
    const types = [i32, i32, f64(4), f64()];
    const graph = buildGraph('g', types, (b, limit, n, x, y) => {
      const loop = { condition: below(types, 1), body: taping, constants: 1, taped: 2, advances: false };
      const tapes = b.all('whileLoop', [limit!, n!, x!, y!], loop).slice(3);
      const sweep = { body: counting, constants: 0, carries: 1, length: null, reverse: true };
      return [b.all('scan', [b.constant(0), ...tapes], sweep)[0]!];
    });
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    const scan = nodeOf(result, 'scan');
    expect(scan.outputs).toHaveLength(1);
    expect(scan.inputs).toHaveLength(2);
    // The tape with the small entries is the one that stays.
    expect(nodeOf(result, 'whileLoop').params.taped).toBe(1);
    expect(scan.inputs[1]?.type).toEqual({ kind: 'tape', element: f64() });
    for (const trips of [0, 2]) {
      const inputs = [
        tensorOf([trips], [], 'i32'),
        tensorOf([0], [], 'i32'),
        tensorOf([1, 2, 3, 4], [4]),
        tensorOf([5]),
      ];
      expect(evaluate(result, inputs).outputs).toEqual([tensorOf([trips])]);
    }
  });

  it('removes every sequence of a scan that knows its length, and keeps its direction', () => {
    const body = buildGraph('body', [f64(), f64(), f64()], (b, c, x, y) => [
      b.op('add', [b.op('neg', [c!]), b.constant(1)]),
      b.op('exp', [x!]),
      b.op('mul', [c!, y!]),
    ]);
    const params = { body, constants: 0, carries: 1, length: 3, reverse: true };
    const build = (...used: readonly number[]) =>
      buildGraph('g', [f64(), f64(3), f64(3)], (b, ...inputs) => {
        const results = b.all('scan', inputs, params);
        return used.map((i) => results[i]!);
      });
    const last = eliminateDeadCode(build(0));
    checkGraph(last);
    expect(nodeOf(last, 'scan').inputs).toHaveLength(1);
    const products = eliminateDeadCode(build(2));
    checkGraph(products);
    expect(nodeOf(products, 'scan').params).toMatchObject({ length: 3, reverse: true, carries: 1 });
    const inputs = [tensorOf([2]), tensorOf([1, 1, 1], [3]), tensorOf([1, 10, 100], [3])];
    // From the last element to the first: c = 2, −1, 2.
    expect(evaluate(products, inputs).outputs).toEqual([tensorOf([2, -10, 200], [3])]);
    expect(evaluate(last, inputs).outputs).toEqual([tensorOf([-1])]);
  });

  it('leaves the results and operands of a customVjp alone, and cleans inside', () => {
    const inner = buildGraph('rule', [f64(), f64()], (b, x, y) => {
      b.op('cos', [y!]);
      return [b.op('exp', [x!]), b.op('sin', [x!])];
    });
    const reverse = () => [null, null];
    const graph = buildGraph('g', [f64(), f64()], (b, x, y) => {
      b.all('customVjp', [y!, y!], { graph: inner, reverse });
      return [b.all('customVjp', [x!, y!], { graph: inner, reverse })[0]!];
    });
    const result = eliminateDeadCode(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['customVjp']);
    const node = nodeOf(result, 'customVjp');
    expect([node.inputs.length, node.outputs.length]).toEqual([2, 2]);
    expect(opsOf(node.params.graph)).toEqual(['exp', 'sin']);
    expect(node.params.reverse).toBe(reverse);
  });
});
