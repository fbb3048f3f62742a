import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import type { DType } from '../graph/dtype.ts';
import type { Value } from '../graph/graph.ts';
import { foldConstants } from './fold-constants.ts';
import { bool, buildGraph, f64, i32, opsOf, type TestBuilder } from '../../test/graphs/build.ts';
import { evaluate } from '../../test/graphs/evaluate.ts';

/** What an expression of constants is folded to; undefined if it is not. */
function folded(make: (b: TestBuilder) => Value): number | undefined {
  const result = foldConstants(buildGraph('g', [], (b) => [make(b)]));
  checkGraph(result);
  const node = result.nodes.find(({ outputs }) => outputs[0] === result.outputs[0]);
  return node?.op === 'constant' ? node.params.value : undefined;
}

describe('foldConstants', () => {
  it('computes elementwise operations, rounded as the dtype is', () => {
    const sum = (dtype: DType) => folded((b) => b.op('add', [b.constant(0.1, [], dtype), b.constant(0.2, [], dtype)]));
    expect(sum('f64')).toBe(0.1 + 0.2);
    expect(sum('f32')).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
    expect(folded((b) => b.op('exp', [b.op('neg', [b.constant(1)])]))).toBe(Math.exp(-1));
    expect(folded((b) => b.op('less', [b.constant(1), b.constant(2)]))).toBe(1);
  });

  it('keeps −0, NaN and the infinities', () => {
    expect(folded((b) => b.op('mul', [b.constant(-1), b.constant(0)]))).toBe(-0);
    expect(folded((b) => b.op('mul', [b.constant(Infinity), b.constant(0)]))).toBe(NaN);
    expect(folded((b) => b.op('div', [b.constant(1), b.constant(-0)]))).toBe(-Infinity);
    expect(folded((b) => b.op('maximum', [b.constant(NaN), b.constant(1)]))).toBe(NaN);
  });

  it('gives a constant of the shape that the operands broadcast to', () => {
    const graph = buildGraph('g', [], (b) => [b.op('add', [b.constant(1, [2, 1]), b.constant(2, [3])])]);
    const result = foldConstants(graph);
    checkGraph(result);
    expect(result.outputs[0]?.type).toEqual(f64(2, 3));
    expect(evaluate(result, []).outputs).toEqual(evaluate(graph, []).outputs);
  });

  it('moves constants for nothing', () => {
    expect(folded((b) => b.op('reshape', [b.constant(4, [6])], { shape: [2, 3] }))).toBe(4);
    expect(folded((b) => b.op('broadcastTo', [b.constant(4)], { shape: [2, 3] }))).toBe(4);
    expect(folded((b) => b.op('transpose', [b.constant(4, [2, 3])], { perm: [1, 0] }))).toBe(4);
    expect(folded((b) => b.op('slice', [b.constant(4, [6])], { starts: [1], sizes: [2] }))).toBe(4);
    const padded = (value: number) =>
      folded((b) => b.op('pad', [b.constant(0, [2])], { before: [1], after: [0], value }));
    expect([padded(0), padded(-0), padded(1)]).toEqual([0, undefined, undefined]);
    const joined = (x: number, y: number) =>
      folded((b) => b.op('concat', [b.constant(x, [1]), b.constant(y, [2])], { axis: 0 }));
    expect([joined(2, 2), joined(0, -0), joined(NaN, NaN)]).toEqual([2, undefined, NaN]);
    expect(folded((b) => b.op('select', [b.constant(1, [], 'bool'), b.constant(2), b.constant(3)]))).toBe(2);
  });

  it('leaves to the engine what may fail or what it decides', () => {
    const quotient = (y: number) => folded((b) => b.op('div', [b.constant(7, [], 'i32'), b.constant(y, [], 'i32')]));
    expect([quotient(-2), quotient(0)]).toEqual([-3, undefined]);
    const truncated = (x: number) => folded((b) => b.op('cast', [b.constant(x)], { dtype: 'i32' }));
    expect([truncated(-2.7), truncated(-0.5), truncated(NaN), truncated(3e9)]).toEqual([-2, 0, undefined, undefined]);
    expect(folded((b) => b.op('cast', [b.constant(NaN)], { dtype: 'bool' }))).toBe(1);
  });

  it('bakes no extent in', () => {
    const graph = buildGraph('g', [f64(4)], (b, x) => [
      b.op('sum', [b.constant(1, [4])], { axes: [0], keepDims: false }),
      b.op('size', [x!], { axes: [0] }),
      b.op('mean', [b.constant(1, [4])], { axes: [0], keepDims: false }),
    ]);
    expect(foldConstants(graph)).toBe(graph);
  });

  it('takes the branch of a cond whose predicate is constant', () => {
    const then = buildGraph('then', [f64()], (b, x) => [b.op('exp', [x!])]);
    const otherwise = buildGraph('else', [f64()], (b, x) => [b.op('sin', [x!])]);
    const graph = buildGraph('g', [f64()], (b, x) => {
      const predicate = b.op('less', [b.constant(1), b.constant(2)]);
      return [predicate, b.op('not', [predicate])].map((p) => b.op('cond', [p, x!], { then, else: otherwise }));
    });
    const result = foldConstants(graph);
    checkGraph(result);
    expect(opsOf(result).filter((op) => op !== 'constant')).toEqual(['exp', 'sin']);
  });

  it('never runs a loop, nor removes one', () => {
    const condition = buildGraph('condition', [f64()], (b) => [b.constant(0, [], 'bool')]);
    const body = buildGraph('body', [f64()], (b, x) => [b.op('exp', [x!])]);
    const params = { condition, body, constants: 0, taped: 0, advances: false };
    const graph = buildGraph('g', [], (b) => b.all('whileLoop', [b.constant(1)], params));
    expect(foldConstants(graph)).toBe(graph);
    const whole = buildGraph('g', [bool, i32], (_, ...inputs) => inputs);
    expect(foldConstants(whole)).toBe(whole);
  });
});
