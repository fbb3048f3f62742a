/** Cases of the primitives that build and move elements: results are exact. */
import { array, isFloat, type DType, type HostArray } from '@node-ode/core';
import { anyDType, numbers, shapes, type CasesOf, type Draw, type PrimitiveCase } from './draw.ts';
import { scalar } from '../../support/random-arrays.ts';

type Moving =
  | 'constant'
  | 'iota'
  | 'cast'
  | 'select'
  | 'reshape'
  | 'broadcastTo'
  | 'transpose'
  | 'slice'
  | 'pad'
  | 'concat'
  | 'gather'
  | 'scatterAdd'
  | 'setRow'
  | 'size';

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** One case. */
const one = <Params>(note: string, params: Params, inputs: readonly HostArray[]): PrimitiveCase<Params> => ({
  note,
  params,
  inputs,
});

/** A random split of an axis into three parts. */
function thirds({ integer }: Draw, extent: number): readonly [number, number, number] {
  const before = integer(0, extent);
  const size = integer(0, extent - before);
  return [before, size, extent - before - size];
}

const indices = (draw: Draw, shape: readonly number[], extent: number): HostArray =>
  array(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.integer(0, extent - 1)),
    { shape, dtype: 'i32' },
  );

const indexShapes = [[], [5], [2, 3], [0]] as const;

const constants = ({ dtype }: Draw): readonly number[] => {
  if (dtype === 'bool') return [0, 1];
  return isFloat(dtype) ? [0, 1.5, -0, NaN, Infinity, -Infinity] : [0, 7, -7];
};

/** Floats whose conversion every engine makes alike. */
const castable = (draw: Draw, to: DType): HostArray => {
  if (!isFloat(draw.dtype)) return draw.array([3, 5], -9, 9);
  const values = [0, -0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.75, 1e-3, 100.25, 0.1, 1 / 3];
  return draw.of(
    to === 'i32'
      ? [...values, 1e6 + 0.5]
      : to === 'bool'
        ? [...values, NaN, Infinity]
        : [...values, NaN, Infinity, -Infinity],
  );
};

export const movement: CasesOf<Moving> = {
  constant: {
    dtypes: anyDType,
    cases: (draw) =>
      constants(draw).flatMap((value) =>
        [[], [3], [2, 0]].map((shape) => ({
          ...one(`${value} of shape ${show(shape)}`, { value, shape, dtype: draw.dtype }, []),
          signedZero: true,
        })),
      ),
  },
  iota: {
    dtypes: numbers,
    cases: ({ dtype }) =>
      [
        { shape: [7], axis: 0 },
        { shape: [3, 4], axis: 0 },
        { shape: [3, 4], axis: 1 },
        { shape: [2, 3, 2], axis: 1 },
        { shape: [0], axis: 0 },
      ].map(({ shape, axis }) => one('along an axis', { shape, axis, dtype }, [])),
  },
  cast: {
    dtypes: anyDType,
    cases: (draw) => draw.supported.map((dtype) => one(`to ${dtype}`, { dtype }, [castable(draw, dtype)])),
  },
  select: {
    dtypes: anyDType,
    cases: (draw) => {
      const triples: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
        ...shapes(draw).map((shape) => [shape, shape, shape] as const),
        [[], [3, 2], [3, 2]],
        [[3, 1], [4], []],
        [[4], [3, 1], [2, 1, 1]],
        [[0], [1], []],
      ];
      const condition = (shape: readonly number[]): HostArray =>
        array(
          Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.integer(0, 1)),
          { shape, dtype: 'bool' },
        );
      const chosen = triples.map(([c, a, b]) =>
        one(`${show(c)}, ${show(a)}, ${show(b)}`, {}, [condition(c), draw.array(a), draw.array(b)]),
      );
      if (!isFloat(draw.dtype)) return chosen;
      const flags = array([1, 0, 1, 0], { dtype: 'bool' });
      return [
        ...chosen,
        one('what is not chosen may be NaN', {}, [
          flags,
          draw.of([1, NaN, -0, NaN]),
          draw.of([NaN, 2, Infinity, -Infinity]),
        ]),
      ];
    },
  },
  reshape: {
    dtypes: anyDType,
    cases: (draw) =>
      [
        { from: [2, 3, 4], to: [4, 6] },
        { from: [6], to: [1, 6, 1] },
        { from: [1], to: [] },
        { from: [], to: [1, 1] },
        { from: [0, 3], to: [0] },
        { from: [2, 0], to: [5, 0, 1] },
      ].map(({ from, to }) => one(`${show(from)} to ${show(to)}`, { shape: to }, [draw.array(from)])),
  },
  broadcastTo: {
    dtypes: anyDType,
    cases: (draw) =>
      [
        { from: [], to: [3, 2] },
        { from: [3], to: [2, 3] },
        { from: [2, 1, 3], to: [2, 4, 3] },
        { from: [1, 1], to: [5, 7] },
        { from: [1], to: [0] },
        { from: [3, 1], to: [2, 3, 0] },
        { from: [4], to: [4] },
      ].map(({ from, to }) => one(`${show(from)} to ${show(to)}`, { shape: to }, [draw.array(from)])),
  },
  transpose: {
    dtypes: anyDType,
    cases: (draw) => [
      ...shapes(draw).map((shape) => {
        const perm = Array.from(draw.random.shuffle(shape.length));
        return one(`${show(shape)} by ${show(perm)}`, { perm }, [draw.array(shape)]);
      }),
      one('a large matrix', { perm: [1, 0] }, [draw.array([37, 65])]),
      one('the inner axes of three', { perm: [0, 2, 1] }, [draw.array([3, 9, 5])]),
    ],
  },
  slice: {
    dtypes: anyDType,
    cases: (draw) => [
      ...shapes(draw).map((shape) => {
        const parts = shape.map((extent) => thirds(draw, extent));
        const params = { starts: parts.map(([before]) => before), sizes: parts.map(([, size]) => size) };
        return one(`${show(params.sizes)} from ${show(params.starts)} of ${show(shape)}`, params, [draw.array(shape)]);
      }),
      one('all of it', { starts: [0, 0], sizes: [4, 5] }, [draw.array([4, 5])]),
      one('a column', { starts: [0, 3], sizes: [4, 1] }, [draw.array([4, 5])]),
    ],
  },
  pad: {
    dtypes: anyDType,
    cases: (draw) => [
      ...shapes(draw).map((shape) => {
        const width = (): number[] => shape.map(() => draw.integer(0, 2));
        const [before, after, value] = [width(), width(), draw.dtype === 'bool' ? 1 : -2];
        return one(`${show(shape)} by ${show(before)} and ${show(after)}`, { before, after, value }, [
          draw.array(shape),
        ]);
      }),
      ...(isFloat(draw.dtype)
        ? [one('with −∞', { before: [1], after: [2], value: -Infinity }, [draw.array([3])])]
        : []),
    ],
  },
  concat: {
    dtypes: anyDType,
    cases: (draw) =>
      [
        { axis: 0, extents: [3, 2] },
        { axis: 1, extents: [1, 4, 2] },
        { axis: 2, extents: [2, 0, 3] },
        { axis: 0, extents: [4] },
        { axis: 1, extents: [0, 0] },
      ].map(({ axis, extents }) =>
        one(
          `extents ${show(extents)} along axis ${axis}`,
          { axis },
          extents.map((extent) => draw.array([2, 3, 4].map((other, i) => (i === axis ? extent : other)))),
        ),
      ),
  },
  gather: {
    dtypes: anyDType,
    cases: (draw) =>
      [0, 1, 2].flatMap((axis) =>
        indexShapes.map((shape) =>
          one(`indices of shape ${show(shape)} along axis ${axis}`, { axis }, [
            draw.array([4, 3, 5]),
            indices(draw, shape, [4, 3, 5][axis] ?? 1),
          ]),
        ),
      ),
  },
  scatterAdd: {
    dtypes: numbers,
    cases: (draw) =>
      [0, 1].flatMap((axis) =>
        indexShapes.map((shape) => {
          const updates = draw.array([...(axis === 0 ? [] : [2]), ...shape, 3]);
          return {
            ...one(`indices of shape ${show(shape)} along axis ${axis}, repeated ones among them`, { axis, size: 4 }, [
              updates,
              indices(draw, shape, 4),
            ]),
            slack: 4,
          };
        }),
      ),
  },
  setRow: {
    dtypes: anyDType,
    cases: (draw) =>
      [[], [3], [2, 3]].flatMap((row) => [
        ...[0, 2, 4].map((index) =>
          one(`row ${index} of shape ${show(row)}`, {}, [
            draw.array([5, ...row]),
            scalar(index, 'i32'),
            draw.array(row),
          ]),
        ),
        ...[[3], [4, 0, 2]].map((at) =>
          one(`rows ${show(at)} of shape ${show(row)}`, {}, [
            draw.array([5, ...row]),
            array(at, { dtype: 'i32' }),
            draw.array([at.length, ...row]),
          ]),
        ),
      ]),
  },
  size: {
    dtypes: numbers,
    cases: (draw) =>
      [
        { shape: [2, 3, 4], axes: [0, 2] },
        { shape: [2, 3, 4], axes: [0, 1, 2] },
        { shape: [5], axes: [] },
        { shape: [], axes: [] },
        { shape: [0, 3], axes: [0] },
      ].map(({ shape, axes }) => one(`axes ${show(axes)} of ${show(shape)}`, { axes }, [draw.array(shape)])),
  },
};
