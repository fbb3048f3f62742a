import { describe, expect, it } from 'vitest';
import { checkGraph } from '../graph/check.ts';
import { tensorType, type TensorType, type Value } from '../graph/graph.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { simplifyIdentities } from './identities.ts';
import { bool, buildGraph, f64, i32, nodeOf, opsOf, type TestBuilder } from '../../test/graphs/build.ts';
import { evaluate, tensorOf } from '../../test/graphs/evaluate.ts';

type Expression = (b: TestBuilder, ...inputs: readonly Value[]) => Value;

/** The primitives that are left of an expression; constants, which cost nothing, are not listed. */
function simplified(types: readonly TensorType[], make: Expression): readonly string[] {
  const graph = buildGraph('g', types, (b, ...inputs) => [make(b, ...inputs)]);
  const result = eliminateDeadCode(simplifyIdentities(graph));
  checkGraph(result);
  expect(result.outputs[0]?.type).toEqual(graph.outputs[0]?.type);
  const inputs = types.map(({ shape, dtype }) => {
    const size = shape.reduce((a, c) => a * c, 1);
    const numbers =
      dtype === 'bool' ? [0, 1] : dtype === 'i32' ? [-3, 0, 7] : [-0, 0, NaN, -Infinity, Infinity, 0.3, -2];
    return numbers.map((_, k) =>
      tensorOf(
        Array.from({ length: size }, (__, i) => numbers[(i + k) % numbers.length]!),
        shape,
        dtype,
      ),
    );
  });
  for (let k = 0; k < 7; k++) {
    const given = inputs.map((samples) => samples[k % samples.length]!);
    expect(evaluate(result, given).outputs).toEqual(evaluate(graph, given).outputs);
  }
  return opsOf(result).filter((op) => op !== 'constant');
}

const x64 = [f64()];
const number =
  (op: 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'maximum' | 'minimum', c: number): Expression =>
  (b, x) =>
    b.op(op, [x!, b.constant(c)]);
const onTheLeft =
  (op: 'add' | 'sub' | 'mul' | 'div' | 'pow', c: number): Expression =>
  (b, x) =>
    b.op(op, [b.constant(c), x!]);

describe('identities of arithmetic', () => {
  it('drops what changes no float, and keeps what changes −0, NaN or an infinity', () => {
    expect(simplified(x64, number('add', -0))).toEqual([]);
    expect(simplified(x64, onTheLeft('add', -0))).toEqual([]);
    expect(simplified(x64, number('add', 0))).toEqual(['add']);
    expect(simplified(x64, number('sub', 0))).toEqual([]);
    expect(simplified(x64, number('sub', -0))).toEqual(['sub']);
    expect(simplified(x64, onTheLeft('sub', -0))).toEqual(['neg']);
    expect(simplified(x64, onTheLeft('sub', 0))).toEqual(['sub']);
    expect(simplified(x64, number('mul', 1))).toEqual([]);
    expect(simplified(x64, onTheLeft('mul', 1))).toEqual([]);
    expect(simplified(x64, number('mul', 0))).toEqual(['mul']);
    expect(simplified(x64, number('mul', -1))).toEqual(['neg']);
    expect(simplified(x64, number('div', 1))).toEqual([]);
    expect(simplified(x64, number('div', -1))).toEqual(['neg']);
    expect(simplified(x64, onTheLeft('div', 1))).toEqual(['div']);
    expect(simplified(x64, (b, x) => b.op('sub', [x!, x!]))).toEqual(['sub']);
    expect(simplified(x64, (b, x) => b.op('div', [x!, x!]))).toEqual(['div']);
  });

  it('knows the powers 0, 1 and 2, and that ½ is no square root', () => {
    expect(simplified(x64, number('pow', 0))).toEqual([]);
    expect(simplified(x64, number('pow', 1))).toEqual([]);
    expect(simplified(x64, number('pow', 2))).toEqual(['mul']);
    expect(simplified(x64, number('pow', 0.5))).toEqual(['pow']);
    expect(simplified(x64, onTheLeft('pow', 1))).toEqual(['pow']);
  });

  it('drops both signs of 0 for integers, and no division that could raise', () => {
    const integer =
      (op: 'add' | 'sub' | 'mul' | 'div', c: number): Expression =>
      (b, x) =>
        b.op(op, [x!, b.constant(c, [], 'i32')]);
    expect(simplified([i32], integer('add', 0))).toEqual([]);
    expect(simplified([i32], integer('sub', 0))).toEqual([]);
    expect(simplified([i32], integer('mul', 0))).toEqual(['mul']);
    expect(simplified([i32], integer('div', 1))).toEqual([]);
    expect(simplified([i32], integer('div', -1))).toEqual(['div']);
    expect(simplified([i32], (b, x) => b.op('sub', [b.constant(0, [], 'i32'), x!]))).toEqual(['neg']);
  });

  it('keeps an operation that broadcasts', () => {
    expect(simplified([f64(3)], (b, x) => b.op('mul', [x!, b.constant(1, [5, 1])]))).toEqual(['mul']);
    expect(simplified([f64(3)], (b, x) => b.op('add', [x!, b.constant(-0, [5, 3])]))).toEqual(['add']);
    expect(simplified([f64(3)], (b, x) => b.op('pow', [x!, b.constant(2, [5, 3])]))).toEqual(['pow']);
    expect(simplified([f64(5, 3)], (b, x) => b.op('mul', [x!, b.constant(1, [3])]))).toEqual([]);
    expect(simplified([bool], (b, p) => b.op('and', [p!, b.constant(1, [3], 'bool')]))).toEqual(['and']);
    expect(simplified([bool], (b, p) => b.op('or', [p!, b.constant(0, [3], 'bool')]))).toEqual(['or']);
    expect(simplified([bool], (b, p) => b.op('select', [p!, b.constant(1, [3]), b.constant(1, [3])]))).toEqual([
      'select',
    ]);
  });

  it('unites signs', () => {
    const pair = [f64(), f64()];
    expect(simplified(x64, (b, x) => b.op('neg', [b.op('neg', [x!])]))).toEqual([]);
    expect(simplified(pair, (b, x, y) => b.op('add', [x!, b.op('neg', [y!])]))).toEqual(['sub']);
    expect(simplified(pair, (b, x, y) => b.op('add', [b.op('neg', [x!]), y!]))).toEqual(['sub']);
    expect(simplified(pair, (b, x, y) => b.op('sub', [x!, b.op('neg', [y!])]))).toEqual(['add']);
    expect(simplified(pair, (b, x, y) => b.op('neg', [b.op('sub', [x!, y!])]))).toEqual(['sub', 'neg']);
    expect(simplified(x64, (b, x) => b.op('abs', [b.op('neg', [x!])]))).toEqual(['abs']);
    expect(simplified(x64, (b, x) => b.op('abs', [b.op('abs', [x!])]))).toEqual(['abs']);
  });

  it('simplifies logic, and no comparison for order', () => {
    expect(simplified([bool], (b, p) => b.op('not', [b.op('not', [p!])]))).toEqual([]);
    expect(simplified([bool], (b, p) => b.op('and', [p!, b.constant(1, [], 'bool')]))).toEqual([]);
    expect(simplified([bool], (b, p) => b.op('and', [b.constant(0, [], 'bool'), p!]))).toEqual([]);
    expect(simplified([bool], (b, p) => b.op('or', [p!, b.constant(1, [], 'bool')]))).toEqual([]);
    expect(simplified([bool], (b, p) => b.op('or', [p!, p!]))).toEqual([]);
    const pair = [f64(), f64()];
    expect(simplified(pair, (b, x, y) => b.op('not', [b.op('equal', [x!, y!])]))).toEqual(['notEqual']);
    expect(simplified(pair, (b, x, y) => b.op('not', [b.op('less', [x!, y!])]))).toEqual(['less', 'not']);
  });

  it('bounds nothing by an infinity', () => {
    expect(simplified(x64, number('maximum', -Infinity))).toEqual([]);
    expect(simplified(x64, number('minimum', Infinity))).toEqual([]);
    expect(simplified(x64, number('maximum', Infinity))).toEqual(['maximum']);
    expect(simplified(x64, (b, x) => b.op('maximum', [x!, x!]))).toEqual([]);
  });

  it('selects where the choice is known', () => {
    const types = [bool, f64(), f64()];
    expect(simplified(types, (b, _, x, y) => b.op('select', [b.constant(0, [], 'bool'), x!, y!]))).toEqual([]);
    expect(simplified(types, (b, p, x) => b.op('select', [p!, x!, x!]))).toEqual([]);
    expect(simplified(types, (b, p, x, y) => b.op('select', [b.op('not', [p!]), x!, y!]))).toEqual(['select']);
  });

  it('drops casts to the same dtype, and there and back where nothing is lost', () => {
    const cast = (b: TestBuilder, x: Value, ...dtypes: readonly TensorType['dtype'][]): Value =>
      dtypes.reduce((y, dtype) => b.op('cast', [y], { dtype }), x);
    expect(simplified(x64, (b, x) => cast(b, x!, 'f64'))).toEqual([]);
    expect(simplified(x64, (b, x) => cast(b, x!, 'f32', 'f64'))).toEqual(['cast', 'cast']);
    expect(simplified([tensorType([], 'f32')], (b, x) => cast(b, x!, 'f64', 'f32'))).toEqual([]);
    expect(simplified([i32], (b, x) => cast(b, x!, 'f64', 'i32'))).toEqual([]);
    expect(simplified([i32], (b, x) => cast(b, x!, 'f32', 'i32'))).toEqual(['cast', 'cast']);
    expect(simplified([bool], (b, x) => cast(b, x!, 'f32', 'bool'))).toEqual([]);
    expect(simplified([i32], (b, x) => cast(b, x!, 'bool', 'i32'))).toEqual(['cast', 'cast']);
  });

  it('does not touch stopGradient', () => {
    expect(simplified(x64, (b, x) => b.op('stopGradient', [b.op('stopGradient', [x!])]))).toEqual([
      'stopGradient',
      'stopGradient',
    ]);
  });
});

describe('operands of operations that broadcast', () => {
  it('are not broadcast before, where the result keeps its shape', () => {
    const blown = (b: TestBuilder, x: Value): Value => b.op('broadcastTo', [x], { shape: [2, 3] });
    expect(simplified([f64(3), f64(2, 3)], (b, x, y) => b.op('mul', [blown(b, x!), y!]))).toEqual(['mul']);
    expect(simplified([f64(3), f64(2, 1)], (b, x, y) => b.op('less', [blown(b, x!), blown(b, y!)]))).toEqual(['less']);
    expect(simplified([f64(3)], (b, x) => b.op('mul', [blown(b, x!), b.constant(3, [2, 3])]))).toEqual([
      'broadcastTo',
      'mul',
    ]);
    expect(simplified([f64(3)], (b, x) => b.op('exp', [blown(b, x!)]))).toEqual(['broadcastTo', 'exp']);
  });

  it('are scalars if they are constants', () => {
    const graph = buildGraph('g', [f64(4)], (b, x) => [b.op('div', [x!, b.constant(3, [4])])]);
    const result = eliminateDeadCode(simplifyIdentities(graph));
    expect(nodeOf(result, 'constant').params.shape).toEqual([]);
  });
});

describe('identities of layout', () => {
  const x23 = [f64(2, 3)];

  it('drops what moves nothing', () => {
    expect(simplified(x23, (b, x) => b.op('reshape', [x!], { shape: [2, 3] }))).toEqual([]);
    expect(simplified(x23, (b, x) => b.op('broadcastTo', [x!], { shape: [2, 3] }))).toEqual([]);
    expect(simplified(x23, (b, x) => b.op('transpose', [x!], { perm: [0, 1] }))).toEqual([]);
    expect(simplified(x23, (b, x) => b.op('slice', [x!], { starts: [0, 0], sizes: [2, 3] }))).toEqual([]);
    expect(simplified(x23, (b, x) => b.op('pad', [x!], { before: [0, 0], after: [0, 0], value: 1 }))).toEqual([]);
    expect(simplified(x23, (b, x) => b.op('concat', [x!], { axis: 1 }))).toEqual([]);
    for (const op of ['sum', 'mean', 'reduceMax', 'reduceMin'] as const) {
      expect(simplified(x23, (b, x) => b.op(op, [x!], { axes: [], keepDims: false }))).toEqual([]);
      expect(simplified([f64(1)], (b, x) => b.op(op, [x!], { axes: [0], keepDims: true }))).toEqual([op]);
    }
    // The type is the same, the elements are not where they were.
    expect(simplified([f64(3, 3)], (b, x) => b.op('transpose', [x!], { perm: [1, 0] }))).toEqual(['transpose']);
  });

  it('makes one movement of two', () => {
    const reshaped = (b: TestBuilder, x: Value, ...shapes: readonly (readonly number[])[]): Value =>
      shapes.reduce((y, shape) => b.op('reshape', [y], { shape }), x);
    expect(simplified(x23, (b, x) => reshaped(b, x!, [6], [3, 2]))).toEqual(['reshape']);
    expect(simplified(x23, (b, x) => reshaped(b, x!, [6], [3, 2], [2, 3]))).toEqual(['reshape']);
    const turned = (b: TestBuilder, x: Value, ...perms: readonly (readonly number[])[]): Value =>
      perms.reduce((y, perm) => b.op('transpose', [y], { perm }), x);
    expect(simplified([f64(2, 3, 4)], (b, x) => turned(b, x!, [1, 2, 0], [0, 2, 1]))).toEqual(['transpose']);
    expect(
      simplified([f64(2, 3, 4)], (b, x) =>
        b.op('broadcastTo', [b.op('broadcastTo', [x!], { shape: [1, 2, 3, 4] })], { shape: [5, 2, 3, 4] }),
      ),
    ).toEqual(['broadcastTo']);
    expect(
      simplified([f64(9)], (b, x) =>
        b.op('slice', [b.op('slice', [x!], { starts: [2], sizes: [6] })], { starts: [3], sizes: [2] }),
      ),
    ).toEqual(['slice']);
  });

  it('slices the tensor that was concatenated', () => {
    const sliceAt =
      (start: number, size: number): Expression =>
      (b, x, y) =>
        b.op('slice', [b.op('concat', [x!, y!], { axis: 1 })], { starts: [0, start], sizes: [2, size] });
    const types = [f64(2, 3), f64(2, 2)];
    expect(simplified(types, sliceAt(1, 2))).toEqual(['slice']);
    expect(simplified(types, sliceAt(4, 1))).toEqual(['slice']);
    expect(simplified(types, sliceAt(2, 2))).toEqual(['concat', 'slice']);
  });

  it('transposes the operands of a product inside the product', () => {
    const types = [f64(2, 3), f64(2, 3)];
    for (const flag of [false, true]) {
      const product: Expression = (b, x, y) =>
        b.op('matmul', [b.op('transpose', [x!], { perm: [1, 0] }), y!], { transposeA: flag, transposeB: flag });
      expect(simplified(types, product)).toEqual(['matmul']);
    }
    expect(
      simplified([f64(4, 2, 3), f64(2, 5)], (b, x, y) =>
        b.op('matmul', [b.op('transpose', [x!], { perm: [0, 2, 1] }), y!], { transposeA: false, transposeB: false }),
      ),
    ).toEqual(['matmul']);
    // A batch axis that moves is no flag.
    expect(
      simplified([f64(2, 3, 4), f64(2, 5)], (b, x, y) =>
        b.op('matmul', [b.op('transpose', [x!], { perm: [1, 2, 0] }), y!], { transposeA: false, transposeB: false }),
      ),
    ).toEqual(['transpose', 'matmul']);
  });
});

describe('results that are operands', () => {
  it('come from where they were: branches and sequences, but not calls', () => {
    const then = buildGraph('then', [f64(), f64()], (b, x, y) => [x!, y!, b.op('exp', [x!])]);
    const otherwise = buildGraph('else', [f64(), f64()], (_, x, y) => [x!, x!, y!]);
    const branch = buildGraph('g', [bool, f64(), f64()], (b, ...inputs) =>
      b.all('cond', inputs, { then, else: otherwise }),
    );
    const branched = eliminateDeadCode(simplifyIdentities(branch));
    checkGraph(branched);
    expect(branched.outputs[0]).toBe(branched.inputs[1]);
    expect(nodeOf(branched, 'cond').outputs).toHaveLength(2);

    const body = buildGraph('body', [f64(), f64()], (b, c, x) => [b.op('add', [c!, x!]), x!]);
    const scan = buildGraph('g', [f64(), f64(3)], (b, ...inputs) =>
      b.all('scan', inputs, { body, constants: 0, carries: 1, length: 3, reverse: true }),
    );
    const scanned = eliminateDeadCode(simplifyIdentities(scan));
    checkGraph(scanned);
    expect(scanned.outputs[1]).toBe(scanned.inputs[1]);
    expect(nodeOf(scanned, 'scan').outputs).toHaveLength(1);

    const identity = buildGraph('f', [f64()], (_, x) => [x!]);
    const call = buildGraph('g', [f64()], (b, x) => b.all('call', [x!], { graph: identity }));
    expect(simplifyIdentities(call)).toBe(call);
  });
});
