import { describe, expect, it } from 'vitest';
import { checkGraph } from './check.ts';
import { tapeType, tensorType, value, type Graph, type Node, type Value } from './graph.ts';

const f32 = (...shape: number[]) => value(tensorType(shape, 'f32'));
const bool = () => value(tensorType([], 'bool'));
const tape = (...shape: number[]) => value(tapeType(tensorType(shape, 'f32')));
const graph = (name: string, inputs: Value[], nodes: Node[], outputs: Value[]): Graph => ({
  name,
  inputs,
  nodes,
  outputs,
});

/** x ↦ exp(x). */
function unaryGraph(name = 'f', ...shape: number[]): Graph {
  const [x, y] = [f32(...shape), f32(...shape)];
  return graph(name, [x], [{ op: 'exp', inputs: [x], params: {}, outputs: [y] }], [y]);
}

/** x ↦ isFinite(x). */
function predicateGraph(): Graph {
  const [x, y] = [f32(), bool()];
  return graph('condition', [x], [{ op: 'isFinite', inputs: [x], params: {}, outputs: [y] }], [y]);
}

describe('checkGraph', () => {
  it('passes a graph that is closed and typed, inputs as outputs included', () => {
    const [x, y, z] = [f32(2, 3), f32(3), f32(2, 3)];
    expect(() =>
      checkGraph(graph('g', [x, y], [{ op: 'add', inputs: [x, y], params: {}, outputs: [z] }], [z, x, z])),
    ).not.toThrow();
    expect(() => checkGraph(graph('empty', [], [], []))).not.toThrow();
  });

  it('names a value that nothing produced', () => {
    const [x, y, stray] = [f32(2), f32(2), f32(2)];
    expect(() =>
      checkGraph(graph('g', [x], [{ op: 'add', inputs: [x, stray], params: {}, outputs: [y] }], [y])),
    ).toThrow(/graph 'g', node 1 \(add\): operand 2, f32\[2\], is produced neither/);
    expect(() => checkGraph(graph('g', [x], [], [stray]))).toThrow(/graph 'g': output 1/);
  });

  it('names a value used before it is produced, and one produced twice', () => {
    const [x, y, z] = [f32(), f32(), f32()];
    const late: Node[] = [
      { op: 'exp', inputs: [y], params: {}, outputs: [z] },
      { op: 'exp', inputs: [x], params: {}, outputs: [y] },
    ];
    expect(() => checkGraph(graph('g', [x], late, [z]))).toThrow(/node 1 \(exp\): operand 1/);
    const twice: Node[] = [
      { op: 'exp', inputs: [x], params: {}, outputs: [y] },
      { op: 'log', inputs: [x], params: {}, outputs: [y] },
    ];
    expect(() => checkGraph(graph('g', [x], twice, [y]))).toThrow(
      /node 2 \(log\) produces a value that exists already/,
    );
    expect(() => checkGraph(graph('g', [x, x], [], [x]))).toThrow(/an input produces a value/);
  });

  it('compares results with the shape rules, and says which rule refuses', () => {
    const [x, y, wrong] = [f32(2, 3), f32(3), f32(3)];
    expect(() =>
      checkGraph(graph('g', [x, y], [{ op: 'add', inputs: [x, y], params: {}, outputs: [wrong] }], [wrong])),
    ).toThrow(/node 1 \(add\): results are \(f32\[3\]\); expected \(f32\[2,3\]\)/);
    const [a, b] = [f32(2), f32(3)];
    expect(() =>
      checkGraph(graph('g', [a, b], [{ op: 'add', inputs: [a, b], params: {}, outputs: [f32(3)] }], [])),
    ).toThrow(/node 1 \(add\): add: shapes \[2\] and \[3\] do not broadcast/);
  });

  it('holds calls and branches to their subgraphs', () => {
    const [x, y, p] = [f32(2), f32(2), bool()];
    const call = (g: Graph, result: Value): Node => ({
      op: 'call',
      inputs: [x],
      params: { graph: g },
      outputs: [result],
    });
    expect(() => checkGraph(graph('g', [x], [call(unaryGraph('f', 2), y)], [y]))).not.toThrow();
    expect(() => checkGraph(graph('g', [x], [call(unaryGraph('f', 3), f32(3))], []))).toThrow(
      /operands of graph 'f' are \(f32\[2\]\); expected \(f32\[3\]\)/,
    );
    const branch = (then: Graph, otherwise: Graph, predicate: Value): Node => ({
      op: 'cond',
      inputs: [predicate, x],
      params: { then, else: otherwise },
      outputs: [y],
    });
    expect(() =>
      checkGraph(graph('g', [p, x], [branch(unaryGraph('a', 2), unaryGraph('b', 2), p)], [y])),
    ).not.toThrow();
    expect(() => checkGraph(graph('g', [p, x], [branch(unaryGraph('a', 2), unaryGraph('b', 2), x)], [y]))).toThrow(
      /predicate/,
    );
    const [u, v] = [f32(2), f32(3)];
    const other = graph(
      'other',
      [u],
      [{ op: 'constant', inputs: [], params: { value: 0, shape: [3], dtype: 'f32' }, outputs: [v] }],
      [v],
    );
    expect(() => checkGraph(graph('g', [p, x], [branch(unaryGraph('a', 2), other, p)], [y]))).toThrow(
      /results of 'else'/,
    );
  });

  it('finds faults inside subgraphs', () => {
    const [x, y, inner, stray] = [f32(), f32(), f32(), f32()];
    const broken = graph('broken', [inner], [], [stray]);
    expect(() =>
      checkGraph(graph('g', [x], [{ op: 'call', inputs: [x], params: { graph: broken }, outputs: [y] }], [y])),
    ).toThrow(/graph 'broken': output 1/);
  });

  it('holds a whileLoop to its carry, tapes and flag', () => {
    const [x, last, entries] = [f32(), f32(), tape()];
    const loop = (body: Graph, taped: number, advances: boolean, outputs: Value[]): Graph =>
      graph(
        'g',
        [x],
        [
          {
            op: 'whileLoop',
            inputs: [x],
            params: { condition: predicateGraph(), body, constants: 0, taped, advances },
            outputs,
          },
        ],
        outputs,
      );
    const [c, next, flag] = [f32(), f32(), bool()];
    const nodes: Node[] = [
      { op: 'exp', inputs: [c], params: {}, outputs: [next] },
      { op: 'isFinite', inputs: [c], params: {}, outputs: [flag] },
    ];
    expect(() => checkGraph(loop(graph('body', [c], nodes, [next, c, flag]), 1, true, [last, entries]))).not.toThrow();
    expect(() => checkGraph(loop(graph('body', [c], nodes, [next, c]), 1, false, [last, entries]))).not.toThrow();
    expect(() => checkGraph(loop(graph('body', [c], nodes, [next, c]), 1, true, [last, entries]))).toThrow(
      /results after the carry/,
    );
    expect(() => checkGraph(loop(graph('body', [c], nodes, [flag]), 0, false, [last]))).toThrow(/carry of the body/);
    expect(() => checkGraph(loop(graph('body', [c], nodes, [next, c]), 1, false, [last, f32()]))).toThrow(
      /results are/,
    );
  });

  it('holds a scan to its carry, sequences and length', () => {
    const [carry, element, sum] = [f32(), f32(2), f32(2)];
    const body = graph(
      'body',
      [carry, element],
      [{ op: 'add', inputs: [carry, element], params: {}, outputs: [sum] }],
      [carry, sum],
    );
    const scan = (sequence: Value, length: number | null, outputs: Value[]): Graph => {
      const start = f32();
      const params = { body, constants: 0, carries: 1, length, reverse: true };
      return graph('g', [start, sequence], [{ op: 'scan', inputs: [start, sequence], params, outputs }], outputs);
    };
    expect(() => checkGraph(scan(f32(5, 2), 5, [f32(), f32(5, 2)]))).not.toThrow();
    expect(() => checkGraph(scan(tape(2), null, [f32(), tape(2)]))).not.toThrow();
    expect(() => checkGraph(scan(f32(5, 2), 4, [f32(), f32(4, 2)]))).toThrow(
      /a sequence is f32\[5,2\]; expected a tensor whose first axis is 4/,
    );
    expect(() => checkGraph(scan(tape(2), 5, [f32(), f32(5, 2)]))).toThrow(/a sequence is tape/);
    expect(() => checkGraph(scan(tape(3), null, [f32(), tape(2)]))).toThrow(/operands of body/);
    expect(() => checkGraph(scan(tape(2), null, [f32(), f32(5, 2)]))).toThrow(/results are/);
  });
});
