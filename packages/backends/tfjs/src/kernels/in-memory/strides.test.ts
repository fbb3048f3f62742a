/** Tensors gone through by steps, and what is made of that: functions of two tensors, axes that change places, repeated elements. */
import { array, random, type HostArray, type Shape } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { expectReference, lowered, run, singleNode } from '../../../test/lowered.ts';
import { broadcastSteps, eachLine, merged, ownSteps } from './strides.ts';

const rng = random(2);
const special = [NaN, Infinity, -Infinity, 0, -0, 1e-30, 3e38];
/** Numbers, some of them special. */
const mixed = (shape: Shape): HostArray =>
  array(
    Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, () =>
      rng.integer(4) === 0 ? special[rng.integer(special.length)]! : rng.normal(),
    ),
    { shape },
  );

describe('axes', () => {
  it('are as few as there can be', () => {
    const of = (a: Shape, b: Shape, whole: Shape) =>
      merged({ extents: whole, steps: [a, b].map((shape) => broadcastSteps(shape, whole)) });
    expect(of([2, 3, 4], [2, 3, 4], [2, 3, 4])).toEqual({ extents: [24], steps: [[1], [1]] });
    expect(of([2, 3, 4, 5], [3, 1, 1], [2, 3, 4, 5])).toEqual({
      extents: [2, 3, 20],
      steps: [
        [60, 20, 1],
        [0, 1, 0],
      ],
    });
    expect(of([], [7, 1, 5], [7, 1, 5])).toEqual({ extents: [35], steps: [[0], [1]] });
    expect(of([1], [1, 1], [1, 1])).toEqual({ extents: [], steps: [[], []] });
    expect(merged({ extents: [4, 2, 3], steps: [[1, 12, 4]] })).toEqual({ extents: [4, 6], steps: [[1, 4]] });
  });

  it('are gone through line by line', () => {
    const lines: (readonly [number, number])[] = [];
    eachLine([2, 3, 5], [15, 5, 1], [0, 2, 0], (a, b) => void lines.push([a, b]));
    expect(lines).toEqual([
      [0, 0],
      [5, 2],
      [10, 4],
      [15, 0],
      [20, 2],
      [25, 4],
    ]);
    const single: number[] = [];
    eachLine([], [], [], (a) => void single.push(a));
    expect([single, ownSteps([2, 3, 4])]).toEqual([[0], [12, 4, 1]]);
  });
});

const shapes: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[5], [1]],
  [[1], [3, 1]],
  [
    [4, 3, 5],
    [3, 1],
  ],
  [
    [4, 3, 5],
    [4, 3, 5],
  ],
  [
    [4, 3, 1],
    [4, 1, 5],
  ],
  [
    [4, 1, 5, 1],
    [3, 1, 2],
  ],
  [
    [2, 1, 2, 1, 2, 1, 2, 1],
    [1, 2, 1, 2, 1, 2, 1, 2],
  ],
  [
    [0, 3],
    [1, 3],
  ],
];

describe.each(['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const)('%s', (op) => {
  it.each(shapes)('is that of the reference engine for %j and %j', async (a, b) => {
    await expectReference('cpu', op, {}, [mixed(a), mixed(b)], 0);
    await expectReference('cpu', op, {}, [mixed(b), mixed(a)], 0);
  });

  it('is one call, by steps', async () => {
    const graph = singleNode(op, {}, [mixed([2, 3]), mixed([3])]);
    const { builder } = await lowered(graph, 'cpu');
    expect(builder.calls.map(({ kernel }) => kernel)).toEqual(['NodeOdePairwise']);
  });
});

it('a negative of zero is the other zero', async () => {
  const x = array([0, -0, NaN, Infinity, 2.5]);
  const [found] = await run(singleNode('neg', {}, [x]), [x], 'cpu');
  expect(Array.from(found!.data)).toEqual([-0, 0, NaN, -Infinity, -2.5]);
});

describe.each(['f32', 'i32', 'bool'] as const)('of %s', (dtype) => {
  const counted = (shape: Shape): HostArray =>
    array(
      Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, (_, i) =>
        dtype === 'bool' ? i % 3 === 0 : i - 7,
      ),
      { shape, dtype },
    );

  it.each([
    [
      [2, 3],
      [1, 0],
    ],
    [
      [2, 3, 4, 5],
      [1, 0, 2, 3],
    ],
    [
      [2, 3, 4, 5],
      [3, 1, 2, 0],
    ],
    [
      [2, 1, 3, 1, 2, 2, 2],
      [6, 5, 4, 3, 2, 1, 0],
    ],
  ])('axes of %j change places by %j', async (shape, perm) => {
    await expectReference('cpu', 'transpose', { perm }, [counted(shape)], 0);
  });

  it.each<[Shape, Shape]>([
    [[], [2, 3]],
    [[3], [2, 3]],
    [
      [2, 1, 3],
      [2, 4, 3],
    ],
    [
      [1, 4, 1],
      [5, 2, 4, 3],
    ],
  ])('elements of %j are repeated to %j', async (from, shape) => {
    await expectReference('cpu', 'broadcastTo', { shape }, [counted(from)], 0);
  });
});
