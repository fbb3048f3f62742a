import { describe, expect, it } from 'vitest';
import { tapeType, tensorType, value, type Graph, type Node } from './graph.ts';
import { printGraph } from './print.ts';

const f32 = (...shape: number[]) => value(tensorType(shape, 'f32'));

function product(name: string): Graph {
  const [x, k, y] = [f32(2), f32(), f32(2)];
  return { name, inputs: [x, k], nodes: [{ op: 'mul', inputs: [x, k], params: {}, outputs: [y] }], outputs: [y] };
}

describe('printGraph', () => {
  it('numbers values and writes types and params', () => {
    const [x, c, y, s] = [f32(2, 3), f32(), f32(2, 3), f32(2)];
    const nodes: Node[] = [
      { op: 'constant', inputs: [], params: { value: -0, shape: [], dtype: 'f32' }, outputs: [c] },
      { op: 'add', inputs: [x, c], params: {}, outputs: [y] },
      { op: 'sum', inputs: [y], params: { axes: [1], keepDims: false }, outputs: [s] },
    ];
    expect(printGraph({ name: 'main', inputs: [x], nodes, outputs: [s, x] })).toBe(
      [
        'graph main(%0: f32[2,3])',
        '  %1: f32[] = constant() value=-0 shape=[] dtype=f32',
        '  %2: f32[2,3] = add(%0, %1)',
        '  %3: f32[2] = sum(%2) axes=[1] keepDims=false',
        '  return %3, %0',
      ].join('\n'),
    );
  });

  it('writes a subgraph once, under its first use, and tells apart graphs of one name', () => {
    const dynamics = product('f');
    const other = product('f');
    const [x, k, a, b, c] = [f32(2), f32(), f32(2), f32(2), f32(2)];
    const nodes: Node[] = [
      { op: 'call', inputs: [x, k], params: { graph: dynamics }, outputs: [a] },
      { op: 'call', inputs: [a, k], params: { graph: dynamics }, outputs: [b] },
      { op: 'call', inputs: [b, k], params: { graph: other }, outputs: [c] },
    ];
    expect(printGraph({ name: 'main', inputs: [x, k], nodes, outputs: [c] })).toBe(
      [
        'graph main(%0: f32[2], %1: f32[])',
        '  %2: f32[2] = call(%0, %1) graph=@f',
        '    graph f(%0: f32[2], %1: f32[])',
        '      %2: f32[2] = mul(%0, %1)',
        '      return %2',
        '  %3: f32[2] = call(%2, %1) graph=@f',
        '  %4: f32[2] = call(%3, %1) graph=@f#2',
        '    graph f#2(%0: f32[2], %1: f32[])',
        '      %2: f32[2] = mul(%0, %1)',
        '      return %2',
        '  return %4',
      ].join('\n'),
    );
  });

  it('writes both graphs of a loop, tapes, and a branch whose sides are one graph', () => {
    const [n, x, p, flag] = [f32(), f32(), f32(), value(tensorType([], 'bool'))];
    const condition: Graph = {
      name: 'condition',
      inputs: [n],
      nodes: [{ op: 'isFinite', inputs: [n], params: {}, outputs: [flag] }],
      outputs: [flag],
    };
    const body: Graph = {
      name: 'body',
      inputs: [x],
      nodes: [{ op: 'exp', inputs: [x], params: {}, outputs: [p] }],
      outputs: [p, x],
    };
    const [start, last, tape, chosen, yes] = [
      f32(),
      f32(),
      value(tapeType(tensorType([], 'f32'))),
      f32(),
      value(tensorType([], 'bool')),
    ];
    const one: Graph = { name: 'one', inputs: [start], nodes: [], outputs: [start] };
    const text = printGraph({
      name: 'main',
      inputs: [start, yes],
      nodes: [
        {
          op: 'whileLoop',
          inputs: [start],
          params: { condition, body, constants: 0, taped: 1, advances: false },
          outputs: [last, tape],
        },
        { op: 'cond', inputs: [yes, last], params: { then: one, else: one }, outputs: [chosen] },
      ],
      outputs: [chosen],
    });
    expect(text).toBe(
      [
        'graph main(%0: f32[], %1: bool[])',
        '  %2: f32[], %3: tape<f32[]> = whileLoop(%0) condition=@condition body=@body constants=0 taped=1 advances=false',
        '    graph condition(%0: f32[])',
        '      %1: bool[] = isFinite(%0)',
        '      return %1',
        '    graph body(%0: f32[])',
        '      %1: f32[] = exp(%0)',
        '      return %1, %0',
        '  %4: f32[] = cond(%1, %2) then=@one else=@one',
        '    graph one(%0: f32[])',
        '      return %0',
        '  return %4',
      ].join('\n'),
    );
  });

  it('marks a value from nowhere and hides the rule of a customVjp', () => {
    const [x, y, z] = [f32(), f32(), f32()];
    const one: Graph = { name: 'id', inputs: [y], nodes: [], outputs: [y] };
    const text = printGraph({
      name: 'main',
      inputs: [],
      nodes: [{ op: 'customVjp', inputs: [x], params: { graph: one, reverse: () => [null] }, outputs: [z] }],
      outputs: [z],
    });
    expect(text).toContain('%0: f32[] = customVjp(%?: f32[]) graph=@id reverse=<function>');
  });
});
