/** Cases of reductions, cumulative sums, matrix products and of the composite primitives. */
import {
  array,
  isFloat,
  type CompositeParams,
  type DataParams,
  type HostArray,
  type ReduceParams,
} from '@node-ode/core';
import { floats, numbers, type CasesOf, type Draw, type PrimitiveCase, type PrimitiveCases } from './draw.ts';
import { elementwise } from './elementwise.ts';

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Every set of axes of a rank. */
const subsets = (rank: number): readonly (readonly number[])[] =>
  Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => axis).filter((axis) => (bits >> axis) % 2 === 1),
  );

type Reducing = 'sum' | 'reduceMax' | 'reduceMin' | 'mean' | 'logSumExp';

interface Reduction {
  readonly dtypes?: readonly ('f32' | 'f64' | 'i32')[];
  /** An empty axis has a result. */
  readonly empty?: boolean;
  readonly special?: readonly (readonly number[])[];
}

const reduction = ({
  dtypes = ['f32', 'f64', 'i32'],
  empty = false,
  special = [],
}: Reduction): PrimitiveCases<ReduceParams> => ({
  dtypes,
  cases: (draw) => {
    const of = (note: string, params: ReduceParams, x: HostArray, slack: number): PrimitiveCase<ReduceParams> => ({
      note,
      params,
      inputs: [x],
      slack,
    });
    const small = [false, true].flatMap((keepDims) =>
      subsets(3).map((axes) =>
        of(`axes ${show(axes)}${keepDims ? ', kept' : ''}`, { axes, keepDims }, draw.array([3, 4, 5]), 4),
      ),
    );
    const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
      [[], []],
      [[1], [0]],
      [[0, 3], [1]],
      [[0, 3], []],
      [[67, 33], [0]],
      [[67, 33], [1]],
      [
        [67, 33],
        [0, 1],
      ],
      [
        [2, 3, 2, 4],
        [1, 3],
      ],
      ...(empty
        ? ([
            [[0], [0]],
            [[2, 0], [1]],
          ] as const)
        : []),
    ];
    return [
      ...small,
      ...shapes.map(([shape, axes]) =>
        of(`axes ${show(axes)} of ${show(shape)}`, { axes, keepDims: false }, draw.array(shape), 40),
      ),
      ...(isFloat(draw.dtype)
        ? special.map((row) => of(`of ${show(row)}`, { axes: [0], keepDims: false }, draw.of(row), 1))
        : []),
    ];
  },
});

const alongAxis = (draw: Draw): readonly (readonly [readonly number[], number])[] => [
  [[7], 0],
  [[3, 4, 5], 0],
  [[3, 4, 5], 1],
  [[3, 4, 5], 2],
  [[1, draw.integer(2, 40)], 1],
];

const along = (specialRows: readonly (readonly number[])[]): PrimitiveCases<{ readonly axis: number }> => ({
  dtypes: floats,
  cases: (draw) => [
    ...alongAxis(draw).map(([shape, axis]) => ({
      note: `axis ${axis} of ${show(shape)}`,
      params: { axis },
      inputs: [draw.array(shape)],
      slack: 4,
    })),
    ...specialRows.map((row) => ({ note: `of ${show(row)}`, params: { axis: 0 }, inputs: [draw.of(row)], slack: 4 })),
  ],
});

const extremes = [
  [1, NaN, 2],
  [-Infinity, 3],
  [-Infinity, -Infinity],
  [Infinity, -1],
];

type Structured =
  | Reducing
  | 'argMax'
  | 'cumsum'
  | 'matmul'
  | 'softmax'
  | 'logSoftmax'
  | 'linearCombination'
  | 'errorNorm'
  | 'allFinite'
  | 'softplus';

export const reductions: CasesOf<Structured> = {
  sum: reduction({ empty: true, special: [...extremes, [Infinity, -Infinity]] }),
  reduceMax: reduction({ special: extremes }),
  reduceMin: reduction({ special: extremes }),
  mean: reduction({ dtypes: ['f32', 'f64'], special: extremes }),
  logSumExp: reduction({ dtypes: ['f32', 'f64'], special: [...extremes, [200, 199, 201], [-200, -201]] }),
  softplus: elementwise.softplus,

  argMax: {
    dtypes: numbers,
    cases: (draw) => [
      ...alongAxis(draw).map(([shape, axis]) => ({
        note: `axis ${axis} of ${show(shape)}`,
        params: { axis },
        inputs: [draw.array(shape)],
      })),
      { note: 'the first of equals', params: { axis: 1 }, inputs: [draw.of([1, 3, 3, 2, 2, 2], [2, 3])] },
      { note: 'negative numbers', params: { axis: 0 }, inputs: [draw.of([-5, -2, -9])] },
    ],
  },
  cumsum: {
    dtypes: numbers,
    cases: (draw) =>
      [false, true].flatMap((reverse) => [
        ...alongAxis(draw).map(([shape, axis]) => ({
          note: `axis ${axis} of ${show(shape)}${reverse ? ', from the end' : ''}`,
          params: { axis, reverse },
          inputs: [draw.array(shape)],
          slack: 10,
        })),
        { note: 'an empty axis', params: { axis: 0, reverse }, inputs: [draw.array([0, 2])] },
      ]),
  },
  matmul: { dtypes: floats, cases: matmulCases },

  softmax: along([
    [1000, 999],
    [-1000, 0],
  ]),
  logSoftmax: along([
    [1000, 999],
    [-1000, 0],
  ]),
  linearCombination: { dtypes: floats, cases: combinationCases },
  errorNorm: { dtypes: floats, cases: errorNormCases },
  allFinite: { dtypes: floats, cases: allFiniteCases },
};

function matmulCases(draw: Draw): readonly PrimitiveCase<DataParams['matmul']>[] {
  const sizes = [
    [1, 1, 1],
    [2, 3, 4],
    [17, 9, 5],
    [33, 65, 18],
    [1, 50, 3],
    [4, 1, 4],
    [0, 3, 2],
    [2, 0, 3],
    [2, 3, 0],
  ] as const;
  const batches: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[3], [3]],
    [[3], []],
    [[], [2]],
    [
      [2, 1],
      [1, 3],
    ],
    [[0], [1]],
  ];
  const flags = [false, true];
  const product = (
    batch: readonly [readonly number[], readonly number[]],
    [m, k, n]: readonly [number, number, number],
    transposeA: boolean,
    transposeB: boolean,
  ): PrimitiveCase<DataParams['matmul']> => {
    const a = draw.array([...batch[0], ...(transposeA ? [k, m] : [m, k])], -1, 1);
    const b = draw.array([...batch[1], ...(transposeB ? [n, k] : [k, n])], -1, 1);
    const note = `${show(a.shape)}${transposeA ? 'ᵀ' : ''} times ${show(b.shape)}${transposeB ? 'ᵀ' : ''}`;
    return { note, params: { transposeA, transposeB }, inputs: [a, b], slack: 20 };
  };
  return flags.flatMap((transposeA) =>
    flags.flatMap((transposeB) => [
      ...sizes.map((size) => product([[], []], size, transposeA, transposeB)),
      ...batches.map((batch) => product(batch, [2, 3, 4], transposeA, transposeB)),
    ]),
  );
}

function combinationCases(draw: Draw): readonly PrimitiveCase<CompositeParams['linearCombination']>[] {
  const combination = (
    note: string,
    shape: readonly number[],
    weights: readonly (readonly number[])[],
  ): PrimitiveCase<CompositeParams['linearCombination']> => {
    const params: CompositeParams['linearCombination'] = {
      coefficients: weights.map((_, i) => (i === 0 ? 1 : draw.random.normal())),
    };
    return {
      note,
      params,
      inputs: [...weights.map((w) => draw.array(w)), ...weights.map(() => draw.array(shape))],
      slack: 4,
    };
  };
  return [
    combination('one term', [5], [[]]),
    combination('scalars', [], [[], [], []]),
    combination('seven terms', [9, 7], [[], [], [], [], [], [], []]),
    combination('one weight a sample', [6, 3], [[], [6], [6]]),
    combination('a weight of two leading axes', [2, 3, 4], [[2, 3], [], [2]]),
    combination('weights of the full shape', [4], [[4], []]),
    combination('no elements', [0, 3], [[], [0]]),
  ];
}

function errorNormCases(draw: Draw): readonly PrimitiveCase<CompositeParams['errorNorm']>[] {
  const leaf = (shape: readonly number[], tolerance: readonly number[]): HostArray[] => [
    draw.array(shape, -1e-3, 1e-3),
    draw.array(shape),
    draw.array(shape),
    draw.array(tolerance, 1e-4, 1e-3),
    draw.array(tolerance, 1e-4, 1e-3),
  ];
  const norm = (note: string, ...leaves: readonly HostArray[][]): PrimitiveCase<CompositeParams['errorNorm']> => ({
    note,
    params: {},
    inputs: leaves.flat(),
    slack: 10,
  });
  return [
    norm('a vector', leaf([5], [])),
    norm('a scalar', leaf([], [])),
    norm('leaves of different rank', leaf([], []), leaf([7], []), leaf([3, 4], [])),
    norm('a tolerance for each element', leaf([4, 3], [4, 3])),
    norm('a tolerance for each column', leaf([4, 3], [3])),
    norm('an error that is not finite', [draw.of([1, NaN]), ...leaf([2], []).slice(1)]),
  ];
}

function allFiniteCases(draw: Draw): readonly PrimitiveCase<CompositeParams['allFinite']>[] {
  const of = (note: string, ...inputs: readonly HostArray[]): PrimitiveCase<CompositeParams['allFinite']> => ({
    note,
    params: {},
    inputs,
  });
  const largest = draw.dtype === 'f64' ? Number.MAX_VALUE : 2 ** 127 * (2 - 2 ** -23);
  const others = floats.filter((dtype) => dtype !== draw.dtype && draw.supported.includes(dtype));
  const leaves: readonly (readonly number[])[] = [[3, 4], [], [0, 2], [7], [2, 1, 3]];
  const spoilt = leaves.flatMap((shape, leaf) => {
    const { length } = draw.array(shape).data;
    const places = [...new Set([0, Math.floor(length / 2), length - 1])].filter((at) => at >= 0 && at < length);
    return places.flatMap((at) =>
      [NaN, Infinity, -Infinity].map((value) => {
        const inputs = leaves.map((own) => draw.array(own));
        inputs[leaf]?.data.fill(value, at, at + 1);
        return of(`${value} at element ${at} of leaf ${leaf + 1}`, ...inputs);
      }),
    );
  });
  return [
    of('no leaf'),
    ...[[], [1], [5], [67, 33], [2, 3, 2, 2, 3], [0]].map((shape) =>
      of(`one leaf of ${show(shape)}`, draw.array(shape)),
    ),
    of('leaves of all kinds', ...leaves.map((shape) => draw.array(shape))),
    of('more leaves than a shader may read', ...Array.from({ length: 17 }, (_, i) => draw.array([i % 4]))),
    of('the largest numbers, whose sums overflow', draw.of([largest, largest, largest]), draw.of([-largest, 0, -0])),
    of('NaN in the last of many leaves', ...Array.from({ length: 17 }, (_, i) => draw.of([i === 16 ? NaN : i]))),
    ...others.flatMap((dtype) =>
      [1, NaN].map((x) => of(`${x} beside a leaf of ${dtype}`, draw.of([x, 1]), array([1, x], { dtype }))),
    ),
    ...spoilt,
  ];
}
