import {
  array,
  call,
  cond,
  OptionError,
  scan,
  traceFunction,
  whileLoop,
  type Graph,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../test/run-graph.ts';
import { checkNames } from '../model/check-names.ts';
import { countNodes } from '../model/count-nodes.ts';
import type { OnnxGraph, OnnxModel } from '../model/ir.ts';
import { emitModel } from './emit-model.ts';

type Spec = { readonly shape: readonly number[]; readonly dtype?: 'f32' | 'f64' | 'i32' | 'bool' };

const graphOf = (fn: (...args: Tensor[]) => unknown, ...specs: Spec[]): Graph =>
  traceFunction(fn, specs as never).graph;

const emit = (fn: (...args: Tensor[]) => unknown, ...specs: Spec[]): OnnxModel => {
  const model = emitModel(graphOf(fn, ...specs), { provider: 'cpu' });
  checkNames(model.graph);
  return model;
};

const operators = ({ nodes }: OnnxGraph): readonly string[] => nodes.map(({ opType }) => opType);

/** The subgraphs of the first node that applies an operator. */
const subgraphs = ({ nodes }: OnnxGraph, opType: string): readonly OnnxGraph[] => {
  const node = nodes.find((each) => each.opType === opType);
  return Object.values(node?.attributes ?? {}).flatMap((attribute) =>
    attribute.kind === 'graph' ? [attribute.value] : [],
  );
};

const vector: Spec = { shape: [3] };

describe('emitModel', () => {
  it('names inputs and outputs by position, or as it is told', () => {
    const graph = graphOf((x, y) => [x!.add(y!), x!.mul(y!)], vector, vector);
    const byPosition = emitModel(graph, { provider: 'cpu' }).graph;
    expect(byPosition.inputs.map(({ name }) => name)).toEqual(['input_0', 'input_1']);
    expect(byPosition.outputs.map(({ name }) => name)).toEqual(['output_0', 'output_1']);
    const named = emitModel(graph, { provider: 'cpu', inputNames: ['x', 'y'], outputNames: ['add', 'mul'] }).graph;
    expect(named.inputs).toEqual([
      { name: 'x', elementType: 'float', dims: [3] },
      { name: 'y', elementType: 'float', dims: [3] },
    ]);
    expect(named.outputs.map(({ name }) => name)).toEqual(['add', 'mul']);
    checkNames(named);
  });

  it('refuses a name that is used twice', () => {
    const graph = graphOf((x) => x!.neg(), vector);
    expect(() => emitModel(graph, { provider: 'cpu', inputNames: ['x'], outputNames: ['x'] })).toThrow(OptionError);
  });

  it('makes constants of inputs, and keeps the names of the others', () => {
    const graph = graphOf((x, y) => x!.sub(y!), vector, vector);
    const { inputs, initializers } = emitModel(graph, {
      provider: 'cpu',
      inputNames: ['x', 'y'],
      constants: new Map([[1, array([1, 2, 3])]]),
    }).graph;
    expect(inputs.map(({ name }) => name)).toEqual(['x']);
    expect(initializers).toMatchObject([{ name: 'y', tensor: { elementType: 'float', dims: [3] } }]);
  });

  it('copies an input that is an output, and a value that is two', async () => {
    const graph = graphOf((x) => {
      const y = x!.neg();
      return [x!, y, y];
    }, vector);
    expect(operators(emitModel(graph, { provider: 'cpu' }).graph)).toEqual(['Neg', 'Identity', 'Identity']);
    const results = await runGraph(graph, [array([1, -2, 3])]);
    expect(results.map(({ data }) => [...data])).toEqual([
      [1, -2, 3],
      [-1, 2, -3],
      [-1, 2, -3],
    ]);
  });

  it('is the same for the same graph, whatever was emitted before', () => {
    const graph = graphOf((x) => x!.exp().add(1).sum(), vector);
    const first = emitModel(graph, { provider: 'cpu' });
    emitModel(
      graphOf((x) => x!.sin(), vector),
      { provider: 'cpu' },
    );
    expect(emitModel(graph, { provider: 'cpu' })).toEqual(first);
  });

  it('keeps a constant a scalar where an operator broadcasts, and expands it once where none does', () => {
    const model = emit((x) => [x!.add(2), x!.mul(2)], vector);
    expect(countNodes(model.graph)).toEqual({ Add: 1, Mul: 1 });
    const same = { shape: [2, 3] };
    const gathered = emit((x, i) => x!.mul(0).add(1).gather(i!).sum().add(x!.mul(0).gather(i!).sum()), same, {
      shape: [2],
      dtype: 'i32',
    });
    expect(countNodes(gathered.graph)['Expand'] ?? 0).toBeLessThanOrEqual(1);
  });
});

describe('what only moves elements', () => {
  const repeat = (x: Tensor, w: Tensor, step: (c: Tensor, w: Tensor) => Tensor): Tensor =>
    whileLoop(
      { x },
      (c) => c.x.sum().less(100),
      (c) => ({ carry: { x: call('step', step)(c.x, w) } }),
    ).carry.x;

  it('is computed before the loop that does not change it, from calls and branches too', async () => {
    const graph = graphOf(
      (x, w) =>
        repeat(x!, w!, (c, of) =>
          cond(
            c.sum().less(10),
            { c, of },
            (o) => o.c.add(o.of.reshape([3, 2]).transpose().slice([0, 0], [1, 3]).reshape([3])),
            (o) => o.c.mul(2),
          ),
        ),
      vector,
      { shape: [6] },
    );
    const model = emitModel(graph, { provider: 'cpu' }).graph;
    checkNames(model);
    expect(operators(model).filter((operator) => /Reshape|Transpose|Slice/.test(operator))).toEqual([
      'Reshape',
      'Transpose',
      'Slice',
      'Reshape',
    ]);
    expect([...(await runGraph(graph, [array([1, 1, 1]), array([1, 2, 3, 4, 5, 6])]))[0]!.data]).toEqual([32, 64, 96]);
  });

  it('stays in a branch that no loop is around', () => {
    const graph = graphOf(
      (p, w) =>
        cond(
          p!.sum().greater(0),
          { w: w! },
          (o) => o.w.reshape([3, 2]).transpose().add(0.5),
          (o) => o.w.reshape([2, 3]),
        ),
      vector,
      { shape: [6] },
    );
    expect(operators(emitModel(graph, { provider: 'cpu' }).graph)).not.toContain('Transpose');
  });
});

describe('cond', () => {
  const choose = (p: Tensor, x: Tensor, w: Tensor): Tensor =>
    cond(
      p,
      { x },
      (o) => o.x.mul(w),
      (o) => o.x,
    );

  it('is an If whose branches capture by name and copy what they only pass on', async () => {
    const graph = graphOf((x, w) => choose(x!.sum().greater(0), x!, w!), vector, vector);
    const model = emitModel(graph, { provider: 'cpu' }).graph;
    const [then, otherwise] = subgraphs(model, 'If') as [OnnxGraph, OnnxGraph];
    expect(then.inputs).toEqual([]);
    expect(operators(then)).toEqual(['Mul']);
    expect(operators(otherwise)).toEqual(['Identity']);
    const w = array([2, 3, 4]);
    expect([...(await runGraph(graph, [array([1, 2, 3]), w]))[0]!.data]).toEqual([2, 6, 12]);
    expect([...(await runGraph(graph, [array([1, 2, -3.5]), w]))[0]!.data]).toEqual([1, 2, -3.5]);
  });

  it('computes in a branch what only the branch computes, once what is computed outside as well', () => {
    const model = emit((x) => {
      const e = x!.exp();
      return [
        e,
        cond(
          x!.sum().greater(0),
          { x: x! },
          (o) => o.x.exp().add(o.x.sin()),
          (o) => o.x.sin(),
        ),
      ];
    }, vector);
    const [then, otherwise] = subgraphs(model.graph, 'If') as [OnnxGraph, OnnxGraph];
    expect(operators(model.graph).filter((op) => op === 'Exp')).toHaveLength(1);
    expect(operators(then)).toEqual(['Sin', 'Add']);
    expect(operators(otherwise)).toEqual(['Sin']);
  });
});

describe('whileLoop', () => {
  /** Doubles until the sum reaches a limit. */
  const doubling = (x: Tensor, limit: Tensor): readonly [Tensor, Tensor] => {
    const { carry } = whileLoop(
      { x, n: x.sum().mul(0) },
      (c) => c.x.sum().less(limit),
      (c) => ({ carry: { x: c.x.add(c.x), n: c.n.add(1) } }),
    );
    return [carry.x, carry.n];
  };

  it('is one Loop without a trip count, its condition computed before it and in its body', async () => {
    const graph = graphOf((x, limit) => doubling(x!, limit!), vector, { shape: [] });
    const model = emitModel(graph, { provider: 'cpu' }).graph;
    checkNames(model);
    const loop = model.nodes.find(({ opType }) => opType === 'Loop')!;
    expect(loop.inputs[0]).toBe('');
    const [body] = subgraphs(model, 'Loop') as [OnnxGraph];
    expect(operators(body)).toContain('Less');
    expect(body.inputs.map(({ elementType }) => elementType)).toEqual(['int64', 'bool', 'float', 'float']);
    for (const [limit, trips] of [
      [0, 0],
      [4, 1],
      [100, 6],
    ] as const) {
      const [x, n] = await runGraph(graph, [array([1, 1, 0]), array(limit)]);
      expect([n!.data[0], x!.data[0]]).toEqual([trips, 2 ** trips]);
    }
  });
});

describe('scan', () => {
  it('is a Scan in its direction, without a copy of its sequences', async () => {
    const graph = graphOf(
      (xs) => {
        const { carry, outputs } = scan(
          xs!.at(0).mul(0),
          xs!,
          (sum, x) => ({ carry: sum.add(x), output: sum.add(x) }),
          { reverse: true },
        );
        return [carry, outputs];
      },
      { shape: [3, 2] },
    );
    const model = emitModel(graph, { provider: 'cpu' }).graph;
    expect(countNodes(model)['Scan']).toBe(1);
    expect(model.nodes.find(({ opType }) => opType === 'Scan')!.attributes).toMatchObject({
      scan_input_directions: { value: [1] },
      scan_output_directions: { value: [1] },
    });
    const results = await runGraph(graph, [
      array([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ]);
    expect(results.map(({ data }) => [...data])).toEqual([
      [9, 12],
      [9, 12, 8, 10, 5, 6],
    ]);
  });
});
