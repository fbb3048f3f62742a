/** The host's kernels give what the reference engine gives, bit for bit. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  hostArray,
  inferTypes,
  random,
  tensorType,
  value,
  type Application,
  type DType,
  type HostArray,
  type NestedArray,
  type Primitive,
  type PrimitiveParams,
  type TensorType,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { canRunOnHost, hostKernel, mostElements } from './host-kernels.ts';
import { elementsIn, type Register } from './registers.ts';
import type { PlainNode } from '../plan/scope.ts';

/** An application of a primitive to inputs of the types of some arrays. */
function nodeOf<P extends Primitive>(op: P, inputs: readonly HostArray[], params: PrimitiveParams[P]) {
  const values = inputs.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
  const application = { op, inputs: values, params } as Application;
  const output = value(inferTypes(application)[0]!);
  return { node: { ...application, outputs: [output] } as PlainNode, values, output };
}

async function compare<P extends Primitive>(
  op: P,
  inputs: readonly HostArray[],
  params: PrimitiveParams[P],
): Promise<void> {
  const { node, values, output } = nodeOf(op, inputs, params);
  expect(canRunOnHost(node)).toBe(true);

  const counts = { number: 0, array: 0 };
  const registerOf = (size: number): Register => {
    const bank = size === 1 ? 'number' : 'array';
    return { bank, index: counts[bank]++ };
  };
  const type = output.type as TensorType;
  const operands = inputs.map(({ data }) => registerOf(data.length));
  const result = registerOf(type.shape.reduce((a, b) => a * b, 1));
  const registers = { numbers: new Float64Array(counts.number), arrays: new Array<HostArray['data']>(counts.array) };
  operands.forEach(({ bank, index }, i) => {
    if (bank === 'number') registers.numbers[index] = inputs[i]!.data[0]!;
    else registers.arrays[index] = inputs[i]!.data;
  });
  hostKernel(node, operands, result)(registers);
  const actual = hostArray(elementsIn(registers, { register: result, type }), type.shape, type.dtype);

  const engine = reference();
  const program = await engine.compile({ name: 'main', inputs: values, nodes: [node], outputs: [output] });
  const [expected] = await program.run(await Promise.all(inputs.map((input) => engine.upload(input))));
  expect(actual).toEqual(await expected!.read());
}

const of =
  (dtype: DType) =>
  (source: NestedArray, shape?: readonly number[]): HostArray =>
    array(shape === undefined ? source : array(source, { dtype }).data, {
      dtype,
      ...(shape === undefined ? {} : { shape }),
    });
const [f32, f64, i32, bool] = [of('f32'), of('f64'), of('i32'), of('bool')];
const none = {};

describe('tensors of one element', () => {
  const floats = ['neg', 'abs', 'sign', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'sin', 'cos', 'tan', 'tanh'] as const;
  const more = ['sigmoid', 'erf', 'floor', 'ceil', 'round', 'softplus', 'isFinite'] as const;
  it.each([...floats, ...more])('%s', async (op) => {
    for (const x of [0.3, 1.7, -2.5, 0, -0, 90, NaN, Infinity, -Infinity]) {
      await compare(op, [f32(x)], none);
      await compare(op, [f64([[x]])], none);
    }
  });

  it.each(['add', 'sub', 'mul', 'div', 'rem', 'pow', 'maximum', 'minimum', 'atan2'] as const)('%s', async (op) => {
    for (const [x, y] of [
      [0.1, 0.2],
      [-7.5, 2],
      [0, -0],
      [NaN, 1],
      [3e38, 10],
    ] as const) {
      await compare(op, [f32(x), f32([y])], none);
      await compare(op, [f64(x), f64(y)], none);
    }
  });

  it.each(['add', 'sub', 'mul', 'div', 'rem', 'maximum', 'minimum'] as const)('%s of i32', async (op) => {
    for (const [x, y] of [
      [7, -2],
      [-7, 2],
      [2147483647, 2],
      [-2147483648, -1],
    ] as const) {
      await compare(op, [i32(x), i32(y)], none);
    }
  });

  it.each(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const)('%s', async (op) => {
    for (const [x, y] of [
      [1, 2],
      [2, 2],
      [NaN, NaN],
      [-1, -2],
    ] as const)
      await compare(op, [f32(x), f32(y)], none);
  });

  it('logic', async () => {
    for (const [x, y] of [
      [true, false],
      [true, true],
      [false, false],
    ] as const) {
      await compare('and', [bool(x), bool(y)], none);
      await compare('or', [bool(x), bool(y)], none);
      await compare('not', [bool(x)], none);
      await compare('select', [bool(x), f32(1), f32(2)], none);
    }
  });

  it('casts', async () => {
    for (const x of [0.1, -2.7, 1e10, NaN, 3]) {
      for (const dtype of ['f32', 'f64', 'i32', 'bool'] as const) await compare('cast', [f64(x)], { dtype });
    }
  });

  it('reductions, which are what they reduce', async () => {
    for (const op of ['sum', 'mean', 'reduceMax', 'reduceMin'] as const) {
      await compare(op, [f32([[-0.1]])], { axes: [0], keepDims: false });
    }
    await compare('cumsum', [f32([3])], { axis: 0, reverse: true });
  });

  it('linearCombination and errorNorm', async () => {
    const rng = random(5);
    const x = Array.from({ length: 10 }, () => f32([rng.normal()]));
    const weights = [f32(0.1), f32(-0.3), f32([0.7]), f32(1), f32(2)];
    await compare('linearCombination', [...weights, ...x.slice(0, 5)], { coefficients: [1, 0.2, -0.7, 0.1, 1 / 3] });
    await compare(
      'errorNorm',
      x.map(({ data }) => f32([Math.abs(data[0]!)])),
      none,
    );
  });
});

describe('whether all is finite', () => {
  it.each([[[1, -0]], [[NaN, 1]], [[1, 2, Infinity]], [[-Infinity]], [[]]])('of %j', async (numbers) => {
    await compare(
      'allFinite',
      numbers.map((x, i) => (i === 1 ? f64([[x]]) : f32(x))),
      none,
    );
  });
});

describe('small arrays', () => {
  const rng = random(2);
  const draw = (...shape: number[]): HostArray =>
    f32(
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
      shape,
    );

  it('constant and iota', async () => {
    await compare('constant', [], { value: 0.1, shape: [3], dtype: 'f32' });
    await compare('constant', [], { value: 1, shape: [], dtype: 'bool' });
    for (const axis of [0, 1, 2]) await compare('iota', [], { shape: [2, 3, 4], axis, dtype: 'i32' });
  });

  it('reshape and broadcastTo', async () => {
    await compare('reshape', [draw(2, 6)], { shape: [3, 4] });
    await compare('broadcastTo', [draw(3, 1)], { shape: [2, 3, 4] });
    await compare('broadcastTo', [f32(0.1)], { shape: [5] });
  });

  it('slice and concat', async () => {
    await compare('slice', [draw(4, 5)], { starts: [1, 2], sizes: [2, 3] });
    await compare('slice', [draw(4, 5)], { starts: [3, 4], sizes: [1, 1] });
    for (const axis of [0, 1]) await compare('concat', [draw(2, 2), draw(2, 2), draw(2, 2)], { axis });
    await compare('concat', [draw(2, 1, 3), draw(2, 4, 3)], { axis: 1 });
  });

  it('gather and setRow', async () => {
    for (const axis of [0, 1, 2]) await compare('gather', [draw(2, 3, 4), i32([[1, 0]])], { axis });
    await compare('gather', [draw(5), i32(4)], { axis: 0 });
    for (const at of [-1, 5]) {
      await expect(compare('gather', [draw(5), i32(at)], { axis: 0 })).rejects.toThrow(`gather: index ${at} along`);
    }
    await compare('setRow', [draw(3, 2), i32(1), draw(2)], none);
    await compare('setRow', [draw(3), i32(2), f32(7)], none);
  });

  it('are small', () => {
    const slice = (n: number): PlainNode => nodeOf('slice', [draw(n)], { starts: [0], sizes: [1] }).node;
    expect([mostElements, mostElements + 1].map((n) => canRunOnHost(slice(n)))).toEqual([true, false]);
    expect(canRunOnHost(nodeOf('neg', [draw(2)], none).node)).toBe(false);
    expect(canRunOnHost(nodeOf('allFinite', [f32(1), draw(2)], none).node)).toBe(false);
    expect(canRunOnHost(nodeOf('sum', [draw(2)], { axes: [0], keepDims: false }).node)).toBe(false);
  });
});
