/** Cases of the element-wise primitives: random shapes, broadcasting, empty arrays and the special values. */
import {
  isFloat,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type DType,
  type LogicParams,
  type UnaryPrimitive,
} from '@node-ode/core';
import {
  anyDType,
  floats,
  numbers,
  pairs,
  shapePairs,
  shapes,
  specials,
  type CasesOf,
  type Draw,
  type PrimitiveCase,
  type PrimitiveCases,
} from './draw.ts';

type Range = readonly [low: number, high: number];
type Logic = keyof LogicParams;

/** No parameters. */
type None = Readonly<Record<never, never>>;

/** Primitives without parameters. */
type Plain = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive | Logic | 'softplus';

const plain = (note: string, inputs: PrimitiveCase<None>['inputs'], signedZero = false): PrimitiveCase<None> => ({
  note,
  params: {},
  inputs,
  signedZero,
});

interface UnaryOptions {
  readonly dtypes?: readonly DType[];
  readonly range?: Range;
  /** Values beyond those that every function is given. */
  readonly more?: readonly number[];
  /** Values whose result is not defined closely enough. */
  readonly without?: readonly number[];
  readonly signedZero?: boolean;
}

/** A function of one argument on random numbers of `range` and on the special values. */
export const unary = ({
  dtypes = floats,
  range = [-3, 3],
  more = [],
  without = [],
  signedZero = false,
}: UnaryOptions = {}): PrimitiveCases<None> => ({
  dtypes,
  cases: (draw) => [
    ...shapes(draw).map((shape) => plain(`shape [${shape.join(', ')}]`, [draw.array(shape, ...range)])),
    ...(isFloat(draw.dtype)
      ? [
          plain(
            'special values',
            [draw.of([...specials, ...more].filter((x) => !without.some((y) => Object.is(x, y))))],
            signedZero,
          ),
        ]
      : []),
  ],
});

/** Integers whose sums and products do not fit 32 bits. */
const overflowing = [2147483647, -2147483648, 65537, -65537, 46341, 2, -1];

interface BinaryOptions {
  readonly dtypes?: readonly DType[];
  readonly first?: Range;
  readonly second?: Range;
  readonly special?: readonly (readonly [number, number])[];
  readonly signedZero?: boolean;
  /** Integers wrap around. */
  readonly wraps?: boolean;
  /** Never zero where the dtype is i32: division by it has no value. */
  readonly divides?: boolean;
}

const modest = pairs([0, -0, 1, -1.5, NaN, Infinity, -Infinity]);

/** A function of two arguments over pairs of shapes that broadcast, and over the special values. */
export const binary = (options: BinaryOptions = {}): PrimitiveCases<None> => {
  const { dtypes = numbers, first = [-3, 3], second = [-3, 3], special = modest, signedZero = false } = options;
  const divisor = (draw: Draw, shape: readonly number[]) =>
    options.divides === true && draw.dtype === 'i32' ? draw.array(shape, 1, 5) : draw.array(shape, ...second);
  return {
    dtypes,
    cases: (draw) => [
      ...shapePairs(draw).map(([a, b]) =>
        plain(`[${a.join(', ')}] with [${b.join(', ')}]`, [draw.array(a, ...first), divisor(draw, b)]),
      ),
      ...(isFloat(draw.dtype) ? [plain('special values', pairOf(draw, special), signedZero)] : []),
      ...(draw.dtype === 'i32' && options.wraps === true
        ? [plain('results beyond 32 bits', pairOf(draw, pairs(overflowing)))]
        : []),
      ...(draw.dtype === 'i32' && options.divides === true
        ? [plain('signs', pairOf(draw, pairs([7, -7, 2, -2, 1])))]
        : []),
    ],
  };
};

const pairOf = (draw: Draw, values: readonly (readonly [number, number])[]) => [
  draw.of(values.map(([a]) => a)),
  draw.of(values.map(([, b]) => b)),
];

/** Comparisons, equal elements among the operands. */
export const comparison = (dtypes: readonly DType[] = numbers): PrimitiveCases<None> => ({
  dtypes,
  cases: (draw) => [
    ...shapePairs(draw).map(([a, b]) =>
      plain(`[${a.join(', ')}] with [${b.join(', ')}]`, [draw.array(a), draw.array(b)]),
    ),
    ...(isFloat(draw.dtype) ? [plain('special values', pairOf(draw, modest))] : []),
    ...(draw.dtype === 'i32' ? [plain('neighbours', pairOf(draw, pairs([-1, 0, 1, 2147483647, -2147483648])))] : []),
    ...(draw.dtype === 'bool' ? [plain('all pairs', pairOf(draw, pairs([0, 1])))] : []),
  ],
});

const logic = (): PrimitiveCases<None> => ({
  dtypes: ['bool'],
  cases: (draw) => [
    ...shapePairs(draw).map(([a, b]) =>
      plain(`[${a.join(', ')}] with [${b.join(', ')}]`, [draw.array(a), draw.array(b)]),
    ),
    plain('all pairs', pairOf(draw, pairs([0, 1]))),
  ],
});

/** Halves, whose rounding is to even, and the first numbers without a fraction. */
const halves = [3.5, -3.5, 0.49999997, -1.5, 8388607.5, 8388609];

const powers = pairs([0, -0, 1, -1, 2, -2, 0.5, 3, NaN, Infinity, -Infinity]);

export const elementwise: CasesOf<Plain> = {
  neg: unary({ dtypes: numbers, signedZero: true }),
  abs: unary({ dtypes: numbers, signedZero: true }),
  sign: unary({ dtypes: numbers }),
  exp: unary({ more: [88, -88, 200, -200] }),
  expm1: unary({ more: [1e-5, -1e-5, 88, -88] }),
  log: unary({ range: [0.1, 10], more: [1e-30] }),
  log1p: unary({ range: [-0.9, 10], more: [1e-5, -1e-5] }),
  sqrt: unary({ range: [0, 10] }),
  // Far from zero the reduction of the argument is the engine's own.
  sin: unary({ without: [1e4, -1e4] }),
  cos: unary({ without: [1e4, -1e4] }),
  tan: unary({ range: [-1.4, 1.4], without: [1e4, -1e4] }),
  tanh: unary({ more: [20, -20] }),
  sigmoid: unary({ more: [30, -30, 100] }),
  // Where approximations join, and where the result rounds to ±1 in f32 and f64.
  erf: unary({ more: [1e-30, 0.84375, 0.99999994, 1.25, 3.9, -3.9, 4, 5.9, -5.9, 6] }),
  floor: unary({ more: halves }),
  ceil: unary({ more: halves }),
  round: unary({ more: halves }),
  softplus: unary({ more: [30, -30, 100, -100] }),

  add: binary({ signedZero: true, wraps: true }),
  sub: binary({ signedZero: true, wraps: true }),
  mul: binary({ signedZero: true, wraps: true }),
  div: binary({ signedZero: true, divides: true }),
  // Near a multiple of the divisor a remainder is as wrong as the division was.
  rem: binary({ second: [3.3, 9.7], special: pairs([7.5, -7.5, 2, -2.5, NaN, Infinity]), divides: true }),
  pow: binary({ dtypes: floats, first: [0.1, 3], special: powers }),
  maximum: binary(),
  minimum: binary(),
  atan2: binary({ dtypes: floats, signedZero: true }),

  equal: comparison(anyDType),
  notEqual: comparison(anyDType),
  less: comparison(),
  lessEqual: comparison(),
  greater: comparison(),
  greaterEqual: comparison(),

  not: unary({ dtypes: ['bool'] }),
  and: logic(),
  or: logic(),
  isFinite: unary(),
};
