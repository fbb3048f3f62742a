import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import { inlineGraph, mapGraph } from './rewrite.ts';
import { buildGraph, f64, nodeOf, opsOf } from '../../test/graphs/build.ts';
import { evaluate, tensorOf } from '../../test/graphs/evaluate.ts';

/** x ↦ exp(−x), called twice, and inside a scan. */
function nested() {
  const f = buildGraph('f', [f64()], (b, x) => [b.op('exp', [b.op('neg', [x!])])]);
  const body = buildGraph('body', [f64()], (b, x) => b.all('call', [x!], { graph: f }));
  return buildGraph('main', [f64()], (b, x) => {
    const y = b.op('call', b.all('call', [x!], { graph: f }), { graph: f });
    return b.all('scan', [y], { body, constants: 0, carries: 1, length: 2, reverse: false });
  });
}

describe('mapGraph', () => {
  it('returns the graph itself when no rule applies', () => {
    const graph = nested();
    expect(mapGraph(graph, () => () => undefined)).toBe(graph);
    expect(mapGraph(graph, (builder) => (node) => builder.append(node))).toBe(graph);
  });

  it('rewrites a shared subgraph once, and it stays shared', () => {
    const graph = nested();
    let visits = 0;
    const result = mapGraph(graph, (builder) => (node) => {
      if (node.op !== 'neg') return undefined;
      visits++;
      return builder.emit('abs', node.inputs, {});
    });
    checkGraph(result);
    expect(visits).toBe(1);
    const [first, second] = result.nodes.filter((node) => node.op === 'call');
    expect(first?.params.graph).toBe(second?.params.graph);
    expect(nodeOf(nodeOf(result, 'scan').params.body, 'call').params.graph).toBe(first?.params.graph);
    expect(opsOf(first!.params.graph)).toEqual(['abs', 'exp']);
    expect(opsOf(graph.nodes[0]!.op === 'call' ? graph.nodes[0].params.graph : graph)).toEqual(['neg', 'exp']);
  });

  it('substitutes results in later nodes and in outputs', () => {
    const graph = buildGraph('g', [f64()], (b, x) => {
      const same = b.op('stopGradient', [x!]);
      return [same, b.op('exp', [same])];
    });
    const result = mapGraph(graph, () => (node) => (node.op === 'stopGradient' ? node.inputs : undefined));
    checkGraph(result);
    expect(opsOf(result)).toEqual(['exp']);
    expect(result.outputs[0]).toBe(result.inputs[0]);
  });
});

describe('inlineGraph', () => {
  it('puts a graph in place of each of its calls, with values of their own', () => {
    const graph = nested();
    const result = mapGraph(
      graph,
      (builder) => (node) => (node.op === 'call' ? inlineGraph(builder, node.params.graph, node.inputs) : undefined),
    );
    checkGraph(result);
    expect(opsOf(result)).toEqual(['neg', 'exp', 'neg', 'exp', 'scan']);
    expect(opsOf(nodeOf(result, 'scan').params.body)).toEqual(['neg', 'exp']);
    const x = [tensorOf([0.3])];
    expect(evaluate(result, x).outputs).toEqual(evaluate(graph, x).outputs);
    expect(evaluate(result, x).calls).toEqual({});
    expect(evaluate(graph, x).calls).toEqual({ f: 4 });
  });

  it('hands inputs through', () => {
    const identity = buildGraph('id', [f64()], (_, x) => [x!, x!]);
    const graph = buildGraph('g', [f64()], (b, x) => b.all('call', [x!], { graph: identity }));
    const result = mapGraph(
      graph,
      (builder) => (node) => (node.op === 'call' ? inlineGraph(builder, node.params.graph, node.inputs) : undefined),
    );
    expect(result.outputs).toEqual([result.inputs[0], result.inputs[0]]);
    expect(result.nodes).toEqual([]);
  });
});
