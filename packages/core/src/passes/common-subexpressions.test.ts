import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import { eliminateCommonSubexpressions } from './common-subexpressions.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { bool, buildGraph, f64, i32, nodeOf, opsOf } from '../../test/graphs/build.ts';
import { evaluate, tensorOf } from '../../test/graphs/evaluate.ts';

describe('eliminateCommonSubexpressions', () => {
  it('merges chains of equal nodes, operands of commutative ones in any order', () => {
    const graph = buildGraph('g', [f64(), f64()], (b, x, y) => {
      const left = b.op('exp', [b.op('add', [x!, y!])]);
      const right = b.op('exp', [b.op('add', [y!, x!])]);
      return [b.op('mul', [left, right]), b.op('sub', [x!, y!]), b.op('sub', [y!, x!])];
    });
    const result = eliminateCommonSubexpressions(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['add', 'exp', 'mul', 'sub', 'sub']);
    expect(eliminateCommonSubexpressions(result)).toBe(result);
  });

  it('tells parameters apart, whatever the order in which they were written', () => {
    const graph = buildGraph('g', [f64(2, 2)], (b, x) => [
      b.op('sum', [x!], { axes: [0], keepDims: false }),
      b.op('sum', [x!], { keepDims: false, axes: [0] }),
      b.op('sum', [x!], { axes: [1], keepDims: false }),
      b.op('sum', [x!], { axes: [0, 1], keepDims: false }),
    ]);
    const result = eliminateCommonSubexpressions(graph);
    expect(result.nodes).toHaveLength(3);
    expect(result.outputs[0]).toBe(result.outputs[1]);
  });

  it('tells 0 from −0, dtypes and shapes apart, and knows NaN', () => {
    const graph = buildGraph('g', [], (b) => [
      b.constant(0),
      b.constant(-0),
      b.constant(NaN),
      b.constant(NaN),
      b.constant(0, [1]),
      b.constant(0, [], 'i32'),
    ]);
    expect(eliminateCommonSubexpressions(graph).nodes).toHaveLength(5);
  });

  it('merges inside subgraphs and keeps them shared', () => {
    const f = buildGraph('f', [f64()], (b, x) => [b.op('add', [b.op('exp', [x!]), b.op('exp', [x!])])]);
    const graph = buildGraph('g', [f64()], (b, x) => [b.op('call', b.all('call', [x!], { graph: f }), { graph: f })]);
    const result = eliminateCommonSubexpressions(graph);
    const [first, second] = result.nodes.map((node) => (node.op === 'call' ? node.params.graph : undefined));
    expect(opsOf(first!)).toEqual(['exp', 'add']);
    expect(first).toBe(second);
  });

  it('merges equal branches of one graph, but nothing that counts evaluations', () => {
    const quiet = buildGraph('quiet', [f64()], (b, x) => [b.op('exp', [x!])]);
    const counted = buildGraph('counted', [f64()], (b, x) => b.all('call', [x!], { graph: quiet }));
    const graph = buildGraph('g', [bool, f64()], (b, p, x) =>
      [quiet, quiet, counted, counted].map((then) => b.op('cond', [p!, x!], { then, else: quiet })),
    );
    const result = eliminateCommonSubexpressions(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['cond', 'cond', 'cond']);
    const calls = buildGraph('g', [f64()], (b, x) => [
      b.op('call', [x!], { graph: quiet }),
      b.op('call', [x!], { graph: quiet }),
    ]);
    expect(eliminateCommonSubexpressions(calls)).toBe(calls);
  });

  it('makes one of captured values, sequences and tapes that are the same', () => {
    const types = [i32, f64(), f64(), i32, f64()];
    const condition = buildGraph('condition', types, (b, limit, _a, _c, n) => [b.op('less', [n!, limit!])]);
    const body = buildGraph('body', types, (b, _, a, c, n, x) => [
      b.op('add', [n!, b.constant(1, [], 'i32')]),
      b.op('add', [b.op('mul', [x!, a!]), b.op('mul', [x!, c!])]),
      x!,
      x!,
    ]);
    const sweep = buildGraph('body', [f64(), f64(), f64()], (b, sum, u, v) => [
      b.op('add', [sum!, b.op('mul', [u!, v!])]),
    ]);
    const graph = buildGraph('g', [i32, f64(), f64()], (b, limit, a, x) => {
      const params = { condition, body, constants: 3, taped: 2, advances: false };
      const [, last, u, v] = b.all('whileLoop', [limit!, a!, a!, b.constant(0, [], 'i32'), x!], params);
      const over = { body: sweep, constants: 0, carries: 1, length: null, reverse: false };
      return [last!, ...b.all('scan', [b.constant(0), u!, v!], over)];
    });
    // The second round finds what the merged operands made equal inside.
    const once = eliminateDeadCode(eliminateCommonSubexpressions(graph));
    const result = eliminateDeadCode(eliminateCommonSubexpressions(once));
    checkGraph(result);
    const loop = nodeOf(result, 'whileLoop');
    expect(loop.params).toMatchObject({ constants: 2, taped: 1 });
    expect(opsOf(loop.params.body).filter((op) => op === 'mul')).toHaveLength(1);
    expect(nodeOf(result, 'scan').inputs).toHaveLength(2);
    for (const trips of [0, 3]) {
      const inputs = [tensorOf([trips], [], 'i32'), tensorOf([0.5]), tensorOf([3])];
      expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
    }
  });

  it('keeps equal carries apart that begin differently, and the results of a customVjp', () => {
    const body = buildGraph('body', [f64(), f64(), f64()], (b, a, x) => {
      const next = b.op('mul', [x!, a!]);
      return [next, next];
    });
    const twice = buildGraph('twice', [f64()], (_, x) => [x!, x!]);
    const graph = buildGraph('g', [f64(), f64(), f64()], (b, ...inputs) => [
      ...b.all('scan', inputs, { body, constants: 1, carries: 2, length: 0, reverse: false }),
      ...b.all('customVjp', [inputs[0]!], { graph: twice, reverse: () => [null] }),
    ]);
    expect(eliminateCommonSubexpressions(graph)).toBe(graph);
  });
});
