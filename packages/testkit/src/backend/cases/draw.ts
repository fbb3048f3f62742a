/** What the cases of a primitive are made from: seeded arrays, shapes and pairs of shapes. */
import {
  array,
  isFloat,
  type BasicPrimitive,
  type CompositePrimitive,
  type DType,
  type HostArray,
  type PrimitiveParams,
  type Random,
} from '@node-ode/core';
import { filled, uniform } from '../../support/random-arrays.ts';

/** The primitives that compute; structural ones are checked by programs. */
export type ComputingPrimitive = BasicPrimitive | CompositePrimitive;

/** One application of a primitive with parameters `Params`. */
export interface PrimitiveCase<Params> {
  /** What is special about it. */
  readonly note: string;
  readonly params: Params;
  readonly inputs: readonly HostArray[];
  /** Multiplies the tolerances, for results that sum many rounded terms; 1 by default. */
  readonly slack?: number;
  /** The sign of a zero counts. */
  readonly signedZero?: boolean;
}

/** All applications on which a primitive is compared. */
export interface PrimitiveCases<Params> {
  /** Dtypes of its (first) operand. */
  readonly dtypes: readonly DType[];
  readonly cases: (draw: Draw) => readonly PrimitiveCase<Params>[];
}

/** Cases for each of some primitives. */
export type CasesOf<P extends ComputingPrimitive> = { readonly [Q in P]: PrimitiveCases<PrimitiveParams[Q]> };

/** Arrays of one dtype from one generator. */
export interface Draw {
  readonly dtype: DType;
  /** Dtypes of the engine. */
  readonly supported: readonly DType[];
  readonly random: Random;
  /** Elements of the dtype: floats in [low, high), integers between them, booleans. */
  array(shape: readonly number[], low?: number, high?: number): HostArray;
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** These elements in the dtype. */
  of(values: readonly number[], shape?: readonly number[]): HostArray;
}

/** A source of arrays of `dtype`. */
export function draw(random: Random, dtype: DType, supported: readonly DType[]): Draw {
  const integer = (low: number, high: number): number => low + random.integer(high - low + 1);
  return {
    dtype,
    supported,
    random,
    integer,
    array: (shape, low = -3, high = 3) => {
      if (isFloat(dtype)) return uniform(random, shape, dtype, low, high);
      return filled(shape, dtype, () =>
        dtype === 'bool' ? random.integer(2) : integer(Math.ceil(low), Math.floor(high)),
      );
    },
    of: (values, shape) => array(values, shape === undefined ? { dtype } : { shape, dtype }),
  };
}

export const floats: readonly DType[] = ['f32', 'f64'];
export const numbers: readonly DType[] = ['f32', 'f64', 'i32'];
export const anyDType: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];

/** Shapes of every rank to 4, ones and zeros among them, and sizes that no vector width divides. */
export function shapes({ integer }: Draw): readonly (readonly number[])[] {
  const some = (rank: number): number[] => Array.from({ length: rank }, () => integer(1, 5));
  return [[], [1], [17], [33, 3], [1, 1, 2], [0], [3, 0, 2], some(2), some(3), some(4)];
}

/** Pairs of shapes that broadcast: equal, scalars, stretched and missing axes, zeros. */
export function shapePairs(source: Draw): readonly (readonly [readonly number[], readonly number[]])[] {
  const { integer } = source;
  const full = Array.from({ length: 3 }, () => integer(2, 5));
  const stretched = full.map((extent) => (integer(0, 1) === 0 ? 1 : extent));
  return [
    ...shapes(source).map((shape) => [shape, shape] as const),
    [[4, 3], []],
    [[], [19]],
    [[3, 1], [4]],
    [
      [2, 1, 3],
      [5, 1],
    ],
    [[0], [1]],
    [
      [2, 1],
      [1, 0],
    ],
    [full, stretched],
    [stretched, full],
    [full.slice(1), full],
  ];
}

/** Numbers that IEEE 754 treats apart, in the range of f32. */
export const specials = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-7,
  -1e-7,
  1e4,
  -1e4,
  NaN,
  Infinity,
  -Infinity,
] as const;

/** Every pair of numbers. */
export const pairs = (values: readonly number[]): readonly (readonly [number, number])[] =>
  values.flatMap((a) => values.map((b) => [a, b] as const));
