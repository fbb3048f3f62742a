/** Cases of linear systems: those that need pivoting, batches, singular matrices among them. */
import type { CompositeParams, HostArray } from '@node-ode/core';
import { floats, type Draw, type PrimitiveCase, type PrimitiveCases } from './draw.ts';

type Case = PrimitiveCase<CompositeParams['linearSolve']>;

export const linearSolve: PrimitiveCases<CompositeParams['linearSolve']> = {
  dtypes: floats,
  cases: (draw) => [...sizes(draw), ...batches(draw), ...pivoting(draw), ...singular(draw)],
};

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const solve = (note: string, a: HostArray, b: HostArray, transposeA = false): Case => ({
  note: `${note}, ${show(a.shape)}${transposeA ? 'ᵀ' : ''}`,
  params: { transposeA },
  inputs: [a, b],
  // A few roundings for each column, times the condition number, which is small for these matrices.
  slack: 10,
});

/** Well-conditioned matrices whose large elements are off the diagonal, each row's one place further to the right. */
function shifted({ array }: Draw, shape: readonly number[], by = 1): HostArray {
  const a = array(shape, -0.5, 0.5);
  const n = shape.at(-1) ?? 0;
  for (let i = 0; n > 0 && i < a.data.length / n; i++) {
    const at = i * n + (((i % n) + by) % n);
    a.data[at] = (a.data[at] ?? 0) + 1 + n / 2;
  }
  return a;
}

function sizes(draw: Draw): readonly Case[] {
  const pairs = [
    [1, 1],
    [2, 1],
    [3, 3],
    [4, 2],
    [5, 1],
    [9, 9],
    [17, 3],
    [0, 2],
    [3, 0],
  ] as const;
  return [false, true].flatMap((transposeA) =>
    pairs.map(([n, m]) => solve(`${m} right-hand sides`, shifted(draw, [n, n]), draw.array([n, m]), transposeA)),
  );
}

function batches(draw: Draw): readonly Case[] {
  const leading: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[5], [5]],
    [[3], []],
    [[], [2]],
    [
      [2, 1],
      [1, 3],
    ],
    [[0], [1]],
  ];
  return [false, true].flatMap((transposeA) =>
    leading.map(([a, b]) =>
      solve(`right-hand sides of ${show(b)}`, shifted(draw, [...a, 3, 3]), draw.array([...b, 3, 2]), transposeA),
    ),
  );
}

function pivoting(draw: Draw): readonly Case[] {
  const rows = (values: readonly number[]): HostArray => draw.of(values, [3, 3]);
  return [
    solve('zeros on the diagonal', rows([0, 2, 1, 1, 0, 3, 4, 1, 0]), draw.array([3, 2])),
    solve('a zero pivot in the second column', rows([1, 2, 3, 1, 2, 5, 2, 1, 1]), draw.array([3, 1])),
    solve('a tiny element on the diagonal', draw.of([1e-20, 1, 1, 1], [2, 2]), draw.array([2, 1])),
    solve('rows in other orders in a batch', shifted(draw, [2, 2, 4, 4], 3), draw.array([2, 2, 4, 1])),
  ];
}

/** NaN throughout, for that matrix alone. */
function singular(draw: Draw): readonly Case[] {
  const right = draw.array([2, 2]);
  const one = (note: string, values: readonly number[]): Case => solve(note, draw.of(values, [2, 2]), right);
  return [
    one('equal rows', [1, 2, 1, 2]),
    one('a column of zeros', [0, 1, 0, 2]),
    one('zeros', [0, 0, 0, 0]),
    one('NaN', [1, NaN, 2, 3]),
    one('infinity', [1, 2, Infinity, 3]),
    solve('equal rows of six, in a batch', pairOfRows(draw), draw.array([6, 1])),
    solve('one of a batch', draw.of([1, 2, 2, 4, 1, 0, 0, 2, 3, 1, 6, 2], [3, 2, 2]), right),
    solve('a right-hand side that is not finite', draw.of([0, 1, 2, 1], [2, 2]), draw.of([1, NaN, 2, 3], [2, 2])),
  ];
}

/** Two matrices of six rows; in the second two rows are equal, and stay so to the last bit. */
function pairOfRows(draw: Draw): HostArray {
  const a = shifted(draw, [2, 6, 6]);
  for (let j = 0; j < 6; j++) a.data[36 + 5 * 6 + j] = a.data[36 + 2 * 6 + j] ?? NaN;
  return a;
}
