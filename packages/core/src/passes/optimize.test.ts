import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { optimize } from './optimize.ts';
import { buildGraph, f64, graphsIn, i32, nodeOf, opsOf } from '../../test/graphs/build.ts';
import { evaluate, tensorOf } from '../../test/graphs/evaluate.ts';

describe('optimize', () => {
  it('lets one pass prepare another', () => {
    // (−−x · (3 − 2)) + (a constant loop result that nobody needs), twice.
    const graph = buildGraph('g', [f64()], (b, x) => {
      const term = (): Value =>
        b.op('mul', [b.op('neg', [b.op('neg', [x!])]), b.op('sub', [b.constant(3), b.constant(2)])]);
      const body = buildGraph('body', [f64()], (c, y) => [c.op('exp', [y!])]);
      b.all('scan', [x!], { body, constants: 0, carries: 1, length: 5, reverse: false });
      return [b.op('add', [b.op('exp', [term()]), b.op('exp', [term()])])];
    });
    const result = optimize(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['exp', 'add']);
    expect(optimize(result)).toBe(result);
  });

  it('keeps dynamics that every stage calls one graph, and each of its executions', () => {
    const f = buildGraph('dynamics', [f64(), f64(), f64(2)], (b, k, _t, y) => [
      b.op('mul', [b.op('mul', [y!, k!]), b.constant(1)]),
    ]);
    const types = [f64(), f64(), i32, f64(), f64(2)];
    const condition = buildGraph('condition', types, (b, _k, _h, n) => [b.op('less', [n!, b.constant(4, [], 'i32')])]);
    const body = buildGraph('body', types, (b, k, h, n, t, y) => {
      const k1 = b.op('call', [k!, t!, y!], { graph: f });
      const half = b.op('mul', [h!, b.constant(0.5)]);
      const k2 = b.op('call', [k!, b.op('add', [t!, half]), b.op('add', [y!, b.op('mul', [k1, half])])], { graph: f });
      return [
        b.op('add', [n!, b.constant(1, [], 'i32')]),
        b.op('add', [t!, h!]),
        b.op('add', [y!, b.op('mul', [k2, h!])]),
      ];
    });
    const graph = buildGraph('g', types, (b, ...inputs) => [
      b.all('whileLoop', inputs, { condition, body, constants: 2, taped: 0, advances: false })[2]!,
    ]);
    const result = optimize(graph);
    checkGraph(result);
    const loop = nodeOf(result, 'whileLoop');
    const calls = loop.params.body.nodes.flatMap((node) => (node.op === 'call' ? [node.params.graph] : []));
    expect(calls).toHaveLength(2);
    expect(new Set(calls).size).toBe(1);
    expect(opsOf(calls[0]!)).toEqual(['mul']);
    // h/2 is computed before the loop; t is read by nobody and is gone.
    expect(opsOf(result)).toContain('mul');
    expect(loop.outputs).toHaveLength(2);
    const inputs = [tensorOf([-1]), tensorOf([0.1]), tensorOf([0], [], 'i32'), tensorOf([0]), tensorOf([1, 2], [2])];
    expect(evaluate(result, inputs)).toEqual(evaluate(graph, inputs));
    expect(evaluate(result, inputs).calls).toEqual({ dynamics: 8 });
  });

  it('is linear: ten times the nodes take about ten times as long, nested and shared graphs too', () => {
    const build = (n: number): Graph => {
      const chain = (name: string) =>
        buildGraph(name, [f64(), f64()], (b, x, k) => {
          let y = x!;
          for (let i = 0; i < n / 8; i++) {
            y = b.op('add', [b.op('mul', [y, b.op('exp', [k!])]), b.op('sin', [y])]);
            b.op('cos', [b.op('sin', [y])]);
          }
          return [y, b.op('neg', [y])];
        });
      const shared = chain('shared');
      const body = buildGraph('body', [f64(), f64()], (b, k, x) => {
        const y = b.all('call', [x!, k!], { graph: shared })[0]!;
        const z = b.all('call', [y, k!], { graph: shared })[0]!;
        return [b.op('add', [z, b.op('exp', [k!])])];
      });
      return buildGraph('g', [f64(), f64()], (b, k, x) => {
        let y = b.op('scan', [k!, x!], { body, constants: 1, carries: 1, length: 2, reverse: false });
        for (let i = 0; i < n / 4; i++) y = b.op('sub', [b.op('neg', [b.op('neg', [y])]), b.constant(i % 7)]);
        return [y];
      });
    };
    const time = (graph: Graph): number => {
      const start = performance.now();
      optimize(graph);
      return performance.now() - start;
    };
    const [small, large] = [build(5_000), build(50_000)];
    expect([...graphsIn(large)].reduce((sum, { nodes }) => sum + nodes.length, 0)).toBeGreaterThan(50_000);
    time(build(2_000));
    const unit = Math.min(time(small), time(build(5_000)));
    // A quadratic pass would take a hundred times as long; the bound leaves room for a busy machine and for the collector.
    expect(time(large)).toBeLessThan(40 * unit);
  });
});
