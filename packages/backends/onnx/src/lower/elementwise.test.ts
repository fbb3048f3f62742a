import { array, isFloat, sizeOf, toNested, type DType, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../test/run-graph.ts';
import { applyReference, singleNode, type Argument } from '../../test/single-node.ts';
import { applyFor, casesOf, operators, targets, type Rule } from '../../test/targets.ts';

const specials = [0, -0, 1, -1, 0.5, -1.5, 2.5, 3, 1e-30, -1e30, NaN, Infinity, -Infinity];
const integers = [0, 1, -1, 7, -7, 46341, -65537, 2147483647, -2147483648];

/** Functions whose accuracy is measured elsewhere. */
const smooth = ['exp', 'expm1', 'log', 'log1p', 'sqrt', 'sin', 'cos', 'tan', 'tanh', 'sigmoid', 'erf'] as const;

const unaryRules: readonly (readonly [Rule, readonly DType[]])[] = [
  ['neg', ['f32', 'f64', 'i32']],
  ['abs', ['f32', 'f64', 'i32']],
  ['sign', ['f32', 'f64', 'i32']],
  ['floor', ['f32', 'f64']],
  ['ceil', ['f32', 'f64']],
  ['round', ['f32', 'f64']],
  ['isFinite', ['f32', 'f64']],
  ['not', ['bool']],
  ...smooth.map((op) => [op, ['f32', 'f64']] as const),
];

const binaryRules: readonly (readonly [Rule, readonly DType[]])[] = [
  ['add', ['f32', 'f64', 'i32']],
  ['sub', ['f32', 'f64', 'i32']],
  ['mul', ['f32', 'f64', 'i32']],
  ['div', ['f32', 'f64', 'i32']],
  ['rem', ['f32', 'f64', 'i32']],
  ['pow', ['f32', 'f64']],
  ['maximum', ['f32', 'f64', 'i32']],
  ['minimum', ['f32', 'f64', 'i32']],
  ['atan2', ['f32', 'f64']],
  ['equal', ['f32', 'f64', 'i32', 'bool']],
  ['notEqual', ['f32', 'f64', 'i32', 'bool']],
  ['less', ['f32', 'f64', 'i32']],
  ['lessEqual', ['f32', 'f64', 'i32']],
  ['greater', ['f32', 'f64', 'i32']],
  ['greaterEqual', ['f32', 'f64', 'i32']],
  ['and', ['bool']],
  ['or', ['bool']],
];

const valuesOf = (dtype: DType): readonly number[] => {
  if (isFloat(dtype)) return specials;
  return dtype === 'i32' ? integers : [0, 1];
};

const runnable = (rules: typeof unaryRules) => rules.flatMap(([op, dtypes]) => casesOf(op, dtypes));

/** Results whose zeros keep their sign. */
const signedZeros: ReadonlySet<Rule> = new Set<Rule>(['neg', 'abs', 'add', 'sub', 'mul', 'div', 'atan2']);

function expectSpecials(
  op: Rule,
  actual: HostArray,
  expected: HostArray,
  operands: readonly (readonly number[])[],
): void {
  const tolerance = expected.dtype === 'f32' ? 3e-6 : 1e-15;
  expected.data.forEach((wanted, i) => {
    const found = actual.data[i] ?? NaN;
    const isSame = Object.is(found, wanted) || (wanted === 0 && found === 0 && !signedZeros.has(op));
    const isNear = wanted !== 0 && Math.abs(found - wanted) <= tolerance * Math.max(Math.abs(wanted), 0.1);
    if (!isSame && !isNear) {
      expect.fail(`${op}(${operands.map((values) => values[i]).join()}) is ${found}, not ${wanted}`);
    }
  });
}

describe('special values and extreme integers', () => {
  it.each(runnable(unaryRules))('$op of $dtype for $target', async ({ op, dtype, target }) => {
    const values = valuesOf(dtype);
    // The reduction of a large argument is the engine's own.
    const given = ['sin', 'cos', 'tan'].includes(op) ? values.filter((x) => Math.abs(x) !== 1e30) : values;
    const x = array([...given], { dtype });
    expectSpecials(op, await applyFor(target, op, [x]), await applyReference(op, {}, [x]), [given]);
  });

  it.each(runnable(binaryRules))('$op of $dtype for $target', async ({ op, dtype, target }) => {
    const divides = dtype === 'i32' && (op === 'div' || op === 'rem');
    const values = valuesOf(dtype);
    const all = values.flatMap((a) => values.map((b) => [a, b] as const));
    const isTaken = ([a, b]: readonly [number, number]): boolean => {
      if (divides) return b !== 0 && !(target !== 'cpu' && b === -1);
      // A remainder of so large a quotient needs a loop: WGSL has none.
      return !(op === 'rem' && target === 'webgpu' && Math.abs(a / b) > 1e6 && Number.isFinite(a) && b !== 0);
    };
    const given = all.filter(isTaken);
    const operands = [given.map(([a]) => a), given.map(([, b]) => b)];
    const args = operands.map((x) => array(x, { dtype }));
    expectSpecials(op, await applyFor(target, op, args), await applyReference(op, {}, args), operands);
  });

  it.each(targets)('select keeps NaN and infinities, for %s', async (target) => {
    const condition = array([true, false, true, false]);
    const [x, y] = [array([NaN, 1, Infinity, 2], { dtype: 'f32' }), array([3, NaN, 4, -Infinity], { dtype: 'f32' })];
    expect(toNested(await applyFor(target, 'select', [condition, x, y]))).toEqual([NaN, NaN, Infinity, -Infinity]);
  });

  it.each(targets)('select chooses booleans, for %s', async (target) => {
    const bit = (k: number): HostArray => array(Array.from({ length: 8 }, (_, i) => (i >> k) % 2 === 1));
    const args = [bit(0), bit(1), bit(2)];
    expect(await applyFor(target, 'select', args)).toEqual(await applyReference('select', {}, args));
  });
});

describe('round', () => {
  it.each(targets)('rounds ties to even, and leaves large numbers alone, for %s', async (target) => {
    const x = array([0.5, 1.5, 2.5, -3.5, 0.49999997, 4194304.5, 8388607.5, 8388609, -16777216], { dtype: 'f32' });
    expect(await applyFor(target, 'round', [x])).toEqual(await applyReference('round', {}, [x]));
  });
});

/** The sign of a zero is left open. */
const plusZero = (x: number): number => x + 0;

describe('rem', () => {
  it.each(targets)('of floats has the sign of the dividend, for %s', async (target) => {
    const x = array([7.5, -7.5, 6, -6, 1e5 + 0.5, 0.7, -0.7], { dtype: 'f32', shape: [7, 1] });
    const y = array([2.5, -2, 4, 0.75, -3], { dtype: 'f32' });
    // Products with a divisor of few bits are exact.
    expect(Array.from((await applyFor(target, 'rem', [x, y])).data, plusZero)).toEqual(
      Array.from((await applyReference('rem', {}, [x, y])).data, plusZero),
    );
  });
});

describe('i32 division', () => {
  const of = (...values: number[]): HostArray => array(values, { dtype: 'i32' });

  it.each(['div', 'rem'] as const)('%s by zero is an error of the run, not the end of the process', async (op) => {
    await expect(applyFor('cpu', op, [of(1, 2), of(1, 0)])).rejects.toThrow('out of data bounds');
    await expect(applyFor('cpu', op, [of(1, 2), { splat: 0, shape: [], dtype: 'i32' }])).rejects.toThrow(
      'out of data bounds',
    );
  });

  it.each([
    [7, ['Div'], ['Mod']],
    [-1, ['Neg'], ['Mod']],
  ] as const)('by %d is one node', async (splat, div, rem) => {
    const args = [of(...integers), { splat, shape: [], dtype: 'i32' }] as const;
    expect(operators('div', args)).toEqual(div);
    expect(operators('rem', args)).toEqual(rem);
    expect(await applyFor('cpu', 'div', args)).toEqual(await applyReference('div', {}, args));
    expect(toNested(await applyFor('cpu', 'rem', args))).toEqual(integers.map((x) => (x % splat) + 0));
  });
});

describe('operands', () => {
  const f32 = (shape: readonly number[]): HostArray =>
    array(
      Array.from({ length: sizeOf(shape) }, (_, i) => i - 1.5),
      { shape, dtype: 'f32' },
    );
  const splat = (value: number, ...shape: number[]): Argument => ({ splat: value, shape, dtype: 'f32' });

  it.each([
    [f32([2, 3]), f32([2, 3])],
    [f32([2, 1]), f32([3])],
    [f32([]), f32([2, 3])],
    [f32([0, 2]), f32([1, 2])],
  ])('broadcast in one node', async (x, y) => {
    expect(operators('sub', [x, y])).toEqual(['Sub']);
    expect(await applyFor('cpu', 'sub', [x, y])).toEqual(await applyReference('sub', {}, [x, y]));
  });

  it('that are splats stay scalars where the others have the shape of the result', () => {
    expect(operators('mul', [f32([2, 3]), splat(2, 2, 3)])).toEqual(['Mul']);
    expect(operators('less', [splat(0), f32([2, 3])])).toEqual(['Less']);
  });

  it.each([
    [splat(2, 4, 3), f32([3])],
    [f32([1]), splat(2, 2, 2)],
    [splat(1, 4, 1), splat(2, 1, 3)],
    [splat(1), splat(2)],
  ] as const)('that are splats are expanded where they make the shape', async (x, y) => {
    expect(await applyFor('cpu', 'sub', [x, y])).toEqual(await applyReference('sub', {}, [x, y]));
  });

  it('are one input where they are the same', async () => {
    const x = f32([5]);
    expect(operators('mul', [x, x])).toEqual(['Mul']);
    expect(await applyFor('cpu', 'mul', [x, x])).toEqual(await applyReference('mul', {}, [x, x]));
  });
});

describe('nodes', () => {
  const x = (dtype: DType): HostArray => array([0], { dtype });

  it.each([
    ['neg', 'f32', 1],
    ['exp', 'f32', 1],
    ['cos', 'f64', 1],
    ['tanh', 'f32', 1],
    ['sigmoid', 'f32', 1],
    ['sigmoid', 'f64', 4],
    ['erf', 'f32', 1],
    ['isFinite', 'f32', 2],
    ['tan', 'f64', 3],
    ['expm1', 'f32', 5],
    ['log1p', 'f32', 8],
    ['erf', 'f64', 31],
  ] as const)('%s of %s is %d on the CPU', (op, dtype, count) => {
    expect(operators(op, [x(dtype)])).toHaveLength(count);
  });

  it.each([
    ['pow', 'f32', 1],
    ['maximum', 'f32', 1],
    ['rem', 'f32', 1],
    ['lessEqual', 'f64', 1],
    ['notEqual', 'f32', 2],
    ['notEqual', 'bool', 1],
    ['or', 'bool', 1],
    ['atan2', 'f32', 18],
    ['atan2', 'f64', 29],
  ] as const)('%s of two %s is %d on the CPU', (op, dtype, count) => {
    expect(operators(op, [x(dtype), array([1], { dtype })])).toHaveLength(count);
  });
});

describe('cast', () => {
  const convert = async (from: HostArray, dtype: DType): Promise<HostArray> => {
    const { graph, inputs } = singleNode('cast', { dtype }, [from]);
    return (await runGraph(graph, inputs))[0] as HostArray;
  };

  it.each(['f32', 'f64', 'i32', 'bool'] as const)('converts every dtype to %s', async (dtype) => {
    const floats = dtype === 'i32' ? [0, -0.5, 1.5, -2.75, 1e6 + 0.5] : [0, -0, 1e-30, -2.75, 1 / 3, NaN, Infinity];
    for (const from of [
      array(floats, { dtype: 'f32' }),
      array(floats, { dtype: 'f64' }),
      array([0, 1, -7, 2147483647], { dtype: 'i32' }),
      array([true, false]),
    ]) {
      expect(await convert(from, dtype)).toEqual(await applyReference('cast', { dtype }, [from]));
    }
  });
});

describe('constant', () => {
  it.each([
    [-0, 'f32', []],
    [NaN, 'f64', [2, 3]],
    [-7, 'i32', [4]],
    [1, 'bool', [2, 0]],
  ] as const)('%s of %s fills %j', async (value, dtype, shape) => {
    const { graph } = singleNode('constant', { value, dtype, shape }, []);
    expect(await runGraph(graph, [])).toEqual([await applyReference('constant', { value, dtype, shape }, [])]);
  });
});

describe('what a provider has no kernel for', () => {
  it('is refused by name when the graph is compiled', () => {
    expect(() => operators('exp', [array([1], { dtype: 'f64' })], 'webgpu')).toThrow(
      expect.objectContaining({
        name: 'UnsupportedError',
        message: expect.stringContaining("exp: ONNX Runtime's provider 'webgpu' has no Exp for f64") as string,
      }),
    );
  });
});

describe('pow', () => {
  it.each([
    [-1, ['Reciprocal'], ['Reciprocal']],
    [2, ['Pow'], ['Mul']],
    [3, ['Pow'], ['Mul', 'Mul']],
  ] as const)('to the power %d costs few nodes', async (splat, onCpu, onGpu) => {
    const args = [array([2, -0.5, 0, Infinity, NaN], { dtype: 'f32' }), { splat, shape: [], dtype: 'f32' }] as const;
    expect(operators('pow', args)).toEqual(onCpu);
    expect(operators('pow', args, 'webgpu')).toEqual(onGpu);
    for (const target of targets) {
      expect(await applyFor(target, 'pow', args)).toEqual(await applyReference('pow', {}, args));
    }
  });
});
