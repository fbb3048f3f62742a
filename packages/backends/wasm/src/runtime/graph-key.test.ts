import { printGraph, value, type Graph, type Node } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf, type } from '../../test/hand-made.ts';
import { graphKey } from './graph-key.ts';

const constant = (number: number, dtype: 'f32' | 'f64' = 'f64'): Graph => graphOf('g', [], [type(dtype, 2)], number);

/** x ↦ f(… f(x)), calling these graphs in turn. */
function chain(...graphs: readonly Graph[]): Graph {
  const values = [0, ...graphs].map(() => value(type('f32')));
  const nodes = graphs.map((graph, i): Node => ({
    op: 'call',
    inputs: [values[i]!],
    params: { graph },
    outputs: [values[i + 1]!],
  }));
  return { name: 'main', inputs: [values[0]!], nodes, outputs: [values.at(-1)!] };
}

function unary(name: string, op: 'exp' | 'neg'): Graph {
  const [x, y] = [value(type('f32')), value(type('f32'))];
  return { name, inputs: [x], nodes: [{ op, inputs: [x], params: {}, outputs: [y] }], outputs: [y] };
}

describe('the key of a graph', () => {
  it('is equal for graphs that are equal', () => {
    const make = (): Graph => chain(unary('f', 'exp'), unary('g', 'neg'));
    expect(graphKey(make())).toBe(graphKey(make()));
  });

  it('tells every two numbers apart', () => {
    const special = [0, -0, NaN, Infinity, -Infinity, 1e-45, 1.401298464324817e-45, 0.1, 0.1 + 2 ** -56, 5e-324];
    expect(new Set(special.map((n) => graphKey(constant(n)))).size).toBe(special.length);
    fc.assert(
      fc.property(fc.double(), fc.double(), (a, b) => {
        expect(graphKey(constant(a)) === graphKey(constant(b))).toBe(Object.is(a, b));
      }),
    );
    const padded = (before: readonly number[]): Graph => {
      const [x, y] = [value(type('f32', 2, 2)), value(type('f32', 3, 3))];
      const params = { before, after: before.map((n) => 1 - n), value: 0 };
      return { name: 'g', inputs: [x], nodes: [{ op: 'pad', inputs: [x], params, outputs: [y] }], outputs: [y] };
    };
    const pads = [
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 0],
    ];
    expect(new Set(pads.map((pad) => graphKey(padded(pad)))).size).toBe(pads.length);
  });

  it('tells types, names, operations, operands and results apart', () => {
    const [x, y, z] = [value(type('f32')), value(type('f32')), value(type('f32'))];
    const sub = (inputs: Node['inputs'], outputs: Graph['outputs'], name = 'g'): Graph => ({
      name,
      inputs: [x, y],
      nodes: [{ op: 'sub', inputs, params: {}, outputs: [z] }],
      outputs,
    });
    const graphs = [
      sub([x, y], [z]),
      sub([y, x], [z]),
      sub([x, x], [z]),
      sub([x, y], [x]),
      sub([x, y], [z, z]),
      sub([x, y], [z], 'h'),
      constant(1),
      constant(1, 'f32'),
      graphOf('g', [], [type('f64', 3)], 1),
      graphOf('g', [], [type('f64', 2, 1)], 1),
      graphOf('g', [type('f64')], [type('f64', 2)], 1),
      unary('g', 'exp'),
      unary('g', 'neg'),
    ];
    expect(new Set(graphs.map(graphKey)).size).toBe(graphs.length);
  });

  it('says which subgraph is called where', () => {
    const [f, g] = [unary('f', 'exp'), unary('f', 'neg')];
    const keys = [chain(f, g, f), chain(f, g, g), chain(g, f, f), chain(f, f, f), chain(f, unary('f', 'exp'), f)];
    expect(new Set(keys.map(graphKey)).size).toBe(keys.length);
  });

  it('is not misled by names, as the printed graph is', () => {
    const [f, g, h] = [unary('f', 'exp'), unary('f', 'neg'), unary('f#2', 'neg')];
    const [a, b] = [chain(f, g, h, g), chain(f, g, h, h)];
    expect(printGraph(a)).toBe(printGraph(b));
    expect(graphKey(a)).not.toBe(graphKey(b));
    const honest = unary('g', 'exp');
    const [x] = honest.inputs;
    const forged: Graph = { name: 'g f32[]\nexp 0 ', inputs: [x!], nodes: [], outputs: [x!] };
    expect(graphKey(forged)).not.toBe(graphKey({ ...honest, outputs: [x!] }));
  });
});
