/** For the tests of the passes: random nodes without subgraphs. */
import type { Graph, TensorType, Value, ValueType } from '../../src/graph/graph.ts';
import type { Primitive, PrimitiveParams } from '../../src/graph/primitives.ts';
import { bool, f64, i32, type TestBuilder } from './build.ts';

/** Decisions read from a list of numbers; the first of each choice when the list has ended, so that short lists are simple. */
export interface Choices {
  /** An integer in [0, n). */
  readonly below: (n: number) => number;
  readonly from: <T>(list: readonly T[]) => T;
}

export function choices(numbers: readonly number[]): Choices {
  let position = 0;
  const below = (n: number): number => (numbers[position++] ?? 0) % n;
  return { below, from: (list) => list[below(list.length)] as (typeof list)[number] };
}

export const special = [0, -0, 1, -1, 2, 0.5, -3, NaN, Infinity, -Infinity];
export const types: readonly TensorType[] = [f64(), f64(3), f64(2, 3), i32, bool];

/** A body under construction: what it has so far, and graphs that it may call. */
export interface Site {
  readonly b: TestBuilder;
  readonly pool: Value[];
  readonly choose: Choices;
  readonly shared: Graph[];
  /** For each tape, a value that stands for its length. */
  readonly lengths: Map<Value, Value>;
  readonly depth: number;
}

export type Step = (site: Site) => readonly Value[];

export const isTensor = ({ type }: Value, dtype?: string): boolean =>
  type.kind === 'tensor' && (dtype === undefined || type.dtype === dtype);

/** A value of the pool, or a constant where the pool has none like it. */
export function some({ pool, choose, b }: Site, dtype: 'f64' | 'i32' | 'bool', shape?: readonly number[]): Value {
  const fits = pool.filter((x) => isTensor(x, dtype) && (shape === undefined || String(shapeOf(x)) === String(shape)));
  return fits.length > 0
    ? choose.from(fits)
    : b.constant(dtype === 'f64' ? choose.from(special) : choose.below(2), shape ?? [], dtype);
}

const shapeOf = ({ type }: Value): readonly number[] => (type.kind === 'tensor' ? type.shape : type.element.shape);

/** A value of a type, whatever the pool has. */
export function typed(site: Site, type: ValueType): Value {
  if (type.kind === 'tape') return site.pool.find((x) => x.type.kind === 'tape') as Value;
  return some(site, type.dtype as 'f64' | 'i32' | 'bool', type.shape);
}

function apply<P extends Primitive>(
  { b }: Site,
  op: P,
  inputs: readonly Value[],
  params?: PrimitiveParams[P],
): readonly Value[] {
  return [b.op(op, inputs, params)];
}

const unary = ['neg', 'abs', 'exp', 'sin', 'floor', 'sign', 'sqrt', 'stopGradient', 'neg'] as const;
const binary = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'rem', 'add', 'mul'] as const;
const integer = ['add', 'sub', 'mul', 'div', 'rem', 'maximum'] as const;
const comparison = ['equal', 'notEqual', 'less', 'greaterEqual'] as const;

const movements: readonly Step[] = [
  (s) => apply(s, 'broadcastTo', [some(s, 'f64')], { shape: s.choose.from([[2, 3], [3], [1, 3]]) }),
  (s) => apply(s, 'reshape', [some(s, 'f64')], { shape: s.choose.from([[6], [2, 3], [3, 2], [3], [1], []]) }),
  (s) => apply(s, 'transpose', [some(s, 'f64')], { perm: s.choose.from([[1, 0], [0, 1], [0]]) }),
  (s) =>
    apply(
      s,
      'slice',
      [some(s, 'f64')],
      s.choose.from([
        { starts: [0, 1], sizes: [2, 2] },
        { starts: [1], sizes: [2] },
        { starts: [0], sizes: [3] },
        { starts: [1, 0], sizes: [1, 3] },
      ]),
    ),
];

export const simpleSteps: readonly Step[] = [
  (s) => apply(s, s.choose.from(unary), [some(s, 'f64')]),
  (s) => apply(s, s.choose.from(binary), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(binary), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(integer), [some(s, 'i32'), some(s, 'i32')]),
  (s) => apply(s, s.choose.from(comparison), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(['and', 'or'] as const), [some(s, 'bool'), some(s, 'bool')]),
  (s) => apply(s, 'not', [some(s, 'bool')]),
  (s) => apply(s, 'select', [some(s, 'bool'), some(s, 'f64'), some(s, 'f64')]),
  (s) => [s.b.constant(s.choose.from(special), shapeOf(some(s, 'f64')))],
  (s) => [s.b.constant(s.choose.below(4) - 1, [], 'i32'), s.b.constant(s.choose.below(2), [], 'bool')],
  (s) => apply(s, 'iota', [], { shape: [3], axis: 0, dtype: 'f64' }),
  (s) =>
    apply(s, 'cast', [some(s, s.choose.from(['f64', 'i32', 'bool'] as const))], {
      dtype: s.choose.from(['f64', 'i32', 'bool'] as const),
    }),
  ...movements,
  (s) =>
    apply(s, 'pad', [some(s, 'f64', [3])], {
      before: [s.choose.below(2)],
      after: [s.choose.below(2)],
      value: s.choose.from(special),
    }),
  (s) => apply(s, 'concat', [some(s, 'f64'), some(s, 'f64')], { axis: s.choose.below(2) }),
  (s) => apply(s, 'concat', [some(s, 'f64')], { axis: 0 }),
  (s) =>
    apply(s, s.choose.from(['sum', 'reduceMax', 'mean'] as const), [some(s, 'f64')], {
      axes: s.choose.from([[], [0], [1], [0, 1]]),
      keepDims: s.choose.below(2) === 1,
    }),
  (s) =>
    apply(s, 'matmul', [some(s, 'f64'), some(s, 'f64')], {
      transposeA: s.choose.below(2) === 1,
      transposeB: s.choose.below(2) === 1,
    }),
  (s) => apply(s, 'gather', [some(s, 'f64', [3]), some(s, 'i32')], { axis: 0 }),
];

/** Two operands, either first. */
const withConstant = (s: Site, x: Value, c: Value): readonly Value[] => (s.choose.below(2) === 0 ? [x, c] : [c, x]);

/** What identities are about: operations on constants, and operations that undo, repeat or meet each other. */
export const relatedSteps: readonly Step[] = [
  (s) => apply(s, s.choose.from(binary), withConstant(s, some(s, 'f64'), s.b.constant(s.choose.from(special)))),
  (s) => apply(s, s.choose.from(binary), withConstant(s, some(s, 'f64'), s.b.constant(s.choose.from(special)))),
  (s) =>
    apply(
      s,
      s.choose.from(['and', 'or'] as const),
      withConstant(s, some(s, 'bool'), s.b.constant(s.choose.below(2), [], 'bool')),
    ),
  (s) =>
    apply(s, s.choose.from(['add', 'sub'] as const), withConstant(s, some(s, 'f64'), s.b.op('neg', [some(s, 'f64')]))),
  (s) => apply(s, 'select', [s.b.op('not', [some(s, 'bool')]), some(s, 'f64'), some(s, 'f64')]),
  (s) =>
    apply(
      s,
      s.choose.from(['abs', 'neg'] as const),
      apply(s, s.choose.from(['abs', 'neg'] as const), [some(s, 'f64')]),
    ),
  (s) =>
    apply(s, 'not', apply(s, s.choose.from(['equal', 'notEqual', 'less'] as const), [some(s, 'f64'), some(s, 'f64')])),
  (s) =>
    apply(s, 'cast', apply(s, 'cast', [some(s, 'f64')], { dtype: s.choose.from(['i32', 'f32', 'bool'] as const) }), {
      dtype: 'f64',
    }),
  (s) =>
    apply(s, 'slice', apply(s, 'concat', [some(s, 'f64', [3]), some(s, 'f64', [3])], { axis: 0 }), {
      starts: [s.choose.below(4)],
      sizes: [s.choose.below(4)],
    }),
  (s) =>
    apply(s, 'slice', apply(s, 'slice', [some(s, 'f64', [2, 3])], { starts: [0, 1], sizes: [2, 2] }), {
      starts: [1, s.choose.below(2)],
      sizes: [1, 1],
    }),
  (s) => {
    const turned = s.b.op('transpose', [s.b.op('broadcastTo', [some(s, 'f64')], { shape: [2, 3, 3] })], {
      perm: s.choose.from([
        [0, 2, 1],
        [1, 2, 0],
        [2, 0, 1],
      ]),
    });
    return [
      turned,
      s.b.op('transpose', [turned], {
        perm: s.choose.from([
          [0, 2, 1],
          [1, 2, 0],
          [2, 0, 1],
        ]),
      }),
    ];
  },
  (s) => {
    const turned = s.b.op('transpose', [some(s, 'f64', [2, 3])], { perm: [1, 0] });
    return apply(s, 'matmul', withConstant(s, turned, some(s, 'f64', [2, 3])), {
      transposeA: s.choose.below(2) === 1,
      transposeB: s.choose.below(2) === 1,
    });
  },
  (s) => s.choose.from(movements)({ ...s, pool: [...s.choose.from(movements)(s)] }),
];
