import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import type { Graph, TensorType, Value } from '../graph/graph.ts';
import { hoistLoopInvariants } from './loop-invariants.ts';
import { buildGraph, f64, i32, nodeOf, opsOf, type TestBuilder } from '../../test/graphs/build.ts';
import { evaluate, tensorOf, type Evaluated } from '../../test/graphs/evaluate.ts';

/** A while loop over (limit, …captured; n, x) whose body gives the next x. */
function loop(
  captured: readonly TensorType[],
  carry: TensorType,
  step: (b: TestBuilder, x: Value, ...captured: readonly Value[]) => Value,
): Graph {
  const types = [i32, ...captured, i32, carry];
  const constants = captured.length + 1;
  const condition = buildGraph('condition', types, (b, limit, ...rest) => [
    b.op('less', [rest[captured.length]!, limit!]),
  ]);
  const body = buildGraph('body', types, (b, _, ...rest) => {
    const [n, x] = rest.slice(captured.length) as [Value, Value];
    return [b.op('add', [n, b.constant(1, [], 'i32')]), step(b, x, ...rest.slice(0, captured.length))];
  });
  return buildGraph('g', types, (b, ...inputs) =>
    b.all('whileLoop', inputs, { condition, body, constants, taped: 0, advances: false }),
  );
}

const scalars = (types: readonly TensorType[], numbers: readonly number[]): readonly Evaluated[] =>
  types.map(({ shape, dtype }, i) =>
    tensorOf(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(numbers[i]!), shape, dtype),
  );

function agree(graph: Graph, ...numbers: readonly number[]): Graph {
  const result = hoistLoopInvariants(graph);
  checkGraph(result);
  const types = graph.inputs.map(({ type }) => type as TensorType);
  for (const trips of [0, 3]) {
    const inputs = scalars(types, [trips, ...numbers]);
    expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
  }
  expect(hoistLoopInvariants(result)).toBe(result);
  return result;
}

describe('hoistLoopInvariants', () => {
  it('moves what depends on captured values alone, constants included where they are needed', () => {
    const graph = loop([f64()], f64(), (b, x, k) => b.op('mul', [x, b.op('exp', [b.op('mul', [k!, b.constant(-2)])])]));
    const result = agree(graph, 0.5, 0, 3);
    expect(opsOf(result)).toEqual(['constant', 'mul', 'exp', 'whileLoop']);
    const { body, condition, constants } = nodeOf(result, 'whileLoop').params;
    expect(opsOf(body)).toEqual(['constant', 'add', 'mul']);
    expect([constants, condition.inputs.length, body.inputs.length]).toEqual([3, 5, 5]);
  });

  it('moves invariants of the condition', () => {
    const condition = buildGraph('condition', [f64(), f64()], (b, k, x) => [b.op('less', [x!, b.op('exp', [k!])])]);
    const body = buildGraph('body', [f64(), f64()], (b, k, x) => [b.op('add', [x!, b.op('sin', [k!])])]);
    const graph = buildGraph('g', [f64(), f64()], (b, ...inputs) =>
      b.all('whileLoop', inputs, { condition, body, constants: 1, taped: 0, advances: false }),
    );
    const result = hoistLoopInvariants(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['exp', 'sin', 'whileLoop']);
    const inputs = [tensorOf([1.2]), tensorOf([0])];
    expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
  });

  it('leaves constants, counters and tensors broadcast from smaller ones inside', () => {
    const graph = loop([f64(1)], f64(3), (b, x, k) => {
      const row = b.op('iota', [], { shape: [3], axis: 0, dtype: 'f64' });
      const scaled = b.op('mul', [x, b.op('broadcastTo', [k!], { shape: [3] })]);
      return b.op('mul', [b.op('add', [scaled, row]), b.constant(0.5)]);
    });
    const result = agree(graph, 0.5, 0, 3);
    const { body } = nodeOf(result, 'whileLoop').params;
    expect(opsOf(body)).toContain('broadcastTo');
    expect(opsOf(body)).toContain('iota');
    expect(opsOf(result)).not.toContain('broadcastTo');
  });

  it('takes a broadcast along where its use moves', () => {
    const graph = loop([f64(1), f64(3)], f64(), (b, x, k, w) => {
      const wide = b.op('broadcastTo', [k!], { shape: [3] });
      return b.op('add', [x, b.op('sum', [b.op('mul', [wide, w!])], { axes: [0], keepDims: false })]);
    });
    const result = agree(graph, 0.5, 2, 0, 3);
    expect(opsOf(result)).toEqual(['broadcastTo', 'mul', 'sum', 'whileLoop']);
    expect(nodeOf(result, 'whileLoop').params.constants).toBe(4);
  });

  it('moves a product though it is large', () => {
    const flags = { transposeA: false, transposeB: false };
    const graph = loop([f64(3, 1), f64(1, 3)], f64(3, 3), (b, x, u, v) =>
      b.op('add', [x, b.op('matmul', [u!, v!], flags)]),
    );
    expect(opsOf(agree(graph, 2, 3, 0, 1))).toEqual(['matmul', 'whileLoop']);
  });

  it('never moves what can fail: a loop may run zero times', () => {
    const index = loop([f64(2), i32], f64(), (b, x, table, i) =>
      b.op('add', [x, b.op('gather', [table!, i!], { axis: 0 })]),
    );
    const quotient = loop([i32, i32], i32, (b, x, p, q) => b.op('add', [x, b.op('div', [p!, q!])]));
    const rest = loop([i32, i32], i32, (b, x, p, q) => b.op('add', [x, b.op('rem', [p!, q!])]));
    const truncated = loop([f64()], i32, (b, x, k) => b.op('add', [x, b.op('cast', [k!], { dtype: 'i32' })]));
    for (const graph of [index, quotient, rest, truncated]) expect(hoistLoopInvariants(graph)).toBe(graph);
    const types = index.inputs.map(({ type }) => type as TensorType);
    // Out of range, and never read.
    expect(evaluate(hoistLoopInvariants(index), scalars(types, [0, 1, 9, 0, 5])).outputs[1]).toEqual(tensorOf([5]));
    expect(() => evaluate(index, scalars(types, [1, 1, 9, 0, 5]))).toThrow(RangeError);
    // Floats divide by zero without failing.
    const floats = loop([f64(), f64()], f64(), (b, x, p, q) => b.op('add', [x, b.op('div', [p!, q!])]));
    expect(opsOf(agree(floats, 1, 0, 0, 5))).toEqual(['div', 'whileLoop']);
  });

  it('moves no structured node: a call that does not run is not counted', () => {
    const f = buildGraph('f', [f64()], (b, x) => [b.op('exp', [x!])]);
    const graph = loop([f64()], f64(), (b, x, k) => b.op('add', [x, b.op('call', [b.op('neg', [k!])], { graph: f })]));
    const result = agree(graph, 0.5, 0, 1);
    expect(opsOf(result)).toEqual(['neg', 'whileLoop']);
    const types = graph.inputs.map(({ type }) => type as TensorType);
    expect(evaluate(result, scalars(types, [0, 1, 0, 1])).calls).toEqual({});
    expect(evaluate(result, scalars(types, [3, 1, 0, 1])).calls).toEqual({ f: 3 });
  });

  it('leaves every kind of structured node where it is', () => {
    const f = buildGraph('f', [f64()], (b, x) => [b.op('exp', [x!])]);
    const no = buildGraph('no', [f64()], (b) => [b.constant(0, [], 'bool')]);
    const kinds: readonly ((b: TestBuilder, k: Value) => readonly Value[])[] = [
      (b, k) => b.all('call', [k], { graph: f }),
      (b, k) => b.all('customVjp', [k], { graph: f, reverse: () => [null] }),
      (b, k) => b.all('cond', [b.op('isFinite', [k]), k], { then: f, else: f }),
      (b, k) => b.all('whileLoop', [k], { condition: no, body: f, constants: 0, taped: 0, advances: false }),
      (b, k) => b.all('scan', [k], { body: f, constants: 0, carries: 1, length: 1, reverse: false }),
    ];
    for (const kind of kinds) {
      const result = agree(
        loop([f64()], f64(), (b, x, k) => b.op('add', [x, kind(b, k!)[0]!])),
        0.5,
        0,
        1,
      );
      expect(opsOf(result).filter((op) => op !== 'isFinite')).toEqual(['whileLoop']);
    }
  });

  it('moves through nested loops in one go', () => {
    const inner = buildGraph('inner', [f64(), f64()], (b, k, x) => [b.op('add', [x!, b.op('exp', [k!])])]);
    const graph = loop([f64()], f64(), (b, x, k) =>
      b.op('scan', [k!, x], { body: inner, constants: 1, carries: 1, length: 2, reverse: false }),
    );
    const result = agree(graph, 0.5, 0, 1);
    expect(opsOf(result)).toEqual(['exp', 'whileLoop']);
    expect(opsOf(nodeOf(nodeOf(result, 'whileLoop').params.body, 'scan').params.body)).toEqual(['add']);
  });

  it('hands in a result that is an invariant itself', () => {
    const body = buildGraph('body', [f64(), f64(), f64()], (b, k, x, e) => {
      const y = b.op('exp', [k!]);
      return [y, b.op('mul', [x!, e!]), y];
    });
    const graph = buildGraph('g', [f64(), f64(), f64(3)], (b, ...inputs) =>
      b.all('scan', inputs, { body, constants: 1, carries: 1, length: 3, reverse: true }),
    );
    const result = hoistLoopInvariants(graph);
    checkGraph(result);
    expect(opsOf(result)).toEqual(['exp', 'scan']);
    const inputs = [tensorOf([0.5]), tensorOf([7]), tensorOf([1, 2, 3], [3])];
    expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
  });
});

describe('carries that no iteration changes', () => {
  it('become captured values, and what depends on them moves too', () => {
    const condition = buildGraph('condition', [i32, f64(), i32, f64()], (b, limit, _k, n) => [
      b.op('less', [n!, limit!]),
    ]);
    const body = buildGraph('body', [i32, f64(), i32, f64()], (b, _, k, n, x) => [
      k!,
      b.op('add', [n!, b.constant(1, [], 'i32')]),
      b.op('add', [x!, b.op('exp', [k!])]),
    ]);
    const graph = buildGraph('g', [i32, f64(), i32, f64()], (b, ...inputs) =>
      b.all('whileLoop', inputs, { condition, body, constants: 1, taped: 0, advances: false }),
    );
    const result = agree(graph, 0.5, 0, 3);
    expect(opsOf(result)).toEqual(['exp', 'whileLoop']);
    expect(result.outputs[0]).toBe(result.inputs[1]);
    expect(nodeOf(result, 'whileLoop').outputs).toHaveLength(2);
    expect(nodeOf(result, 'whileLoop').params.constants).toBe(3);
  });

  it('keep the order of the rest, in scans with sequences and tapes too', () => {
    const body = buildGraph('body', [f64(), f64(), f64(), f64(), f64()], (b, k, p, q, r, e) => [
      b.op('add', [p!, e!]),
      q!,
      b.op('mul', [r!, q!]),
      b.op('mul', [e!, k!]),
      q!,
    ]);
    const graph = buildGraph('g', [f64(), f64(), f64(), f64(), f64(3)], (b, ...inputs) =>
      b.all('scan', inputs, { body, constants: 1, carries: 3, length: 3, reverse: false }),
    );
    const result = hoistLoopInvariants(graph);
    checkGraph(result);
    expect(nodeOf(result, 'scan').params).toMatchObject({ constants: 2, carries: 2 });
    const inputs = [tensorOf([2]), tensorOf([3]), tensorOf([5]), tensorOf([7]), tensorOf([1, 2, 4], [3])];
    expect(evaluate(result, inputs).outputs).toEqual(evaluate(graph, inputs).outputs);
  });

  it('are not those that swap', () => {
    const body = buildGraph('body', [f64(), f64()], (_, x, y) => [y!, x!]);
    const graph = buildGraph('g', [f64(), f64()], (b, ...inputs) =>
      b.all('scan', inputs, { body, constants: 0, carries: 2, length: 3, reverse: false }),
    );
    expect(hoistLoopInvariants(graph)).toBe(graph);
  });
});
