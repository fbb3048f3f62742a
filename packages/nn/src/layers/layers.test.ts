import { array, concat, OptionError, random, ShapeError, toNested, type Tensor, type TensorsOf } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run } from '../../test/harness.ts';
import { full } from '../initializers/initializer.ts';
import type { LinearParams } from './layer.ts';
import { linear } from './linear.ts';
import { mlp, timeMlp, type MlpParams } from './mlp.ts';
import { timeLinear } from './time-linear.ts';

const dtype = 'f64';

interface Case<P> {
  readonly params: P;
  readonly t?: ReturnType<typeof f64>;
  readonly x: ReturnType<typeof f64>;
}

describe('linear', () => {
  const layer = linear(3, 2, { dtype });

  it('is x·W + b', async () => {
    const params = {
      weight: f64([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      bias: f64([10, 20]),
    };
    const apply = (p: TensorsOf<LinearParams>, x: Tensor): Tensor => layer.apply(p, x);
    expect(
      await run(
        apply,
        params,
        f64([
          [1, 0, 0],
          [1, 1, 1],
        ]),
      ),
    ).toEqual([
      [11, 22],
      [19, 32],
    ]);
    expect(await run(apply, params, f64([1, 1, 1]))).toEqual([19, 32]);
    expect(await run(apply, params, f64([[[1, 0, 0]], [[0, 1, 0]]]))).toEqual([[[11, 22]], [[13, 24]]]);
    expect(await run(apply, { weight: params.weight }, f64([1, 1, 1]))).toEqual([9, 12]);
  });

  it("starts as PyTorch's: weight and bias uniform on ±1/√inputs", () => {
    const { weight, bias } = linear(100, 400).init(random(1));
    expect([weight.shape, weight.dtype, bias?.shape, bias?.dtype]).toEqual([[100, 400], 'f32', [400], 'f32']);
    for (const { data } of [weight, bias!]) {
      expect(Math.max(...data)).toBeLessThanOrEqual(Math.fround(0.1));
      expect(Math.max(...data)).toBeGreaterThan(0.099);
      expect(Math.min(...data)).toBeLessThan(-0.099);
      expect(Math.min(...data)).toBeGreaterThanOrEqual(-Math.fround(0.1));
    }
  });

  it('takes initialisers, a dtype, and no bias', () => {
    const { weight, bias } = linear(2, 2, { weightInit: full(3), biasInit: full(4), dtype }).init(random(0));
    expect([toNested(weight), bias && toNested(bias), weight.dtype]).toEqual([
      [
        [3, 3],
        [3, 3],
      ],
      [4, 4],
      'f64',
    ]);
    expect(Object.keys(linear(2, 2, { bias: false }).init(random(0)))).toEqual(['weight']);
  });

  it('gives the same parameters from the same seed', () => {
    expect(layer.init(random(5))).toEqual(layer.init(random(5)));
    expect(layer.init(random(5))).not.toEqual(layer.init(random(6)));
  });

  it.each([[[3]], [[4, 3]], [[2, 4, 3]]])('has the gradient of central differences for x %j', async (shape) => {
    await checkGradient(
      ({ params, x }: TensorsOf<Case<LinearParams>>) => layer.apply(params, x).square().sum(),
      { params: layer.init(random(1)), x: noise(shape) },
      // a quadratic function: differences are exact but for rounding
    );
  });

  it('refuses what does not fit', async () => {
    expect(() => linear(0, 2)).toThrow(OptionError);
    expect(() => linear(0, 2)).toThrow('linear: inFeatures is 0; expected an integer of at least 1.');
    expect(() => linear(2, 1.5)).toThrow('linear: outFeatures is 1.5');
    const apply = run(
      (p: TensorsOf<LinearParams>, x: Tensor) => layer.apply(p, x),
      layer.init(random(0)),
      f64([[1, 2]]),
    );
    await expect(apply).rejects.toThrow(ShapeError);
    await expect(apply).rejects.toThrow('linear: an input f64[1,2]; expected a last axis of 3.');
  });
});

describe('timeLinear', () => {
  const layer = timeLinear(3, 2, { dtype });
  const params = layer.init(random(2));
  type P = TensorsOf<LinearParams>;
  const apply = (p: P, t: Tensor, x: Tensor): Tensor => layer.apply(p, t, x);
  /** [x, t]·W + b, as the papers write it. */
  const byConcat = ({ weight, bias }: P, t: Tensor, x: Tensor): Tensor => {
    const column = t
      .reshape([...t.shape, ...new Array<number>(x.rank - t.rank).fill(1)])
      .broadcastTo([...x.shape.slice(0, -1), 1]);
    return concat([x, column], -1).matmul(weight).add(bias!);
  };

  it.each([
    ['scalar t', [], [4, 3]],
    ['t of the batch', [4], [4, 3]],
    ['t of the first of two leading axes', [4], [4, 5, 3]],
    ['t of both leading axes', [4, 5], [4, 5, 3]],
  ] as const)('with %s is linear on [x, t]', async (_, tShape, xShape) => {
    const args = [params, noise(tShape, 1), noise(xShape, 2)] as const;
    expectClose(await elements(apply, ...args), await elements(byConcat, ...args), 1e-14);
  });

  it('takes a vector, a JavaScript number, and no bias', async () => {
    const x = f64([1, 2, 3]);
    const own = {
      weight: f64([
        [1, 0],
        [0, 1],
        [1, 1],
        [10, 100],
      ]),
      bias: f64([0.5, 0.25]),
    };
    expect(await run((p: P, y: Tensor) => layer.apply(p, 2, y), own, x)).toEqual([24.5, 205.25]);
    expect(await run((p: P, y: Tensor) => layer.apply(p, 2, y), { weight: own.weight }, x)).toEqual([24, 205]);
  });

  it('has one row more than the state has features', () => {
    expect([params.weight.shape, params.bias?.shape]).toEqual([[4, 2], [2]]);
    expect(Math.max(...timeLinear(99, 400).init(random(0)).weight.data)).toBeLessThanOrEqual(Math.fround(0.1));
  });

  it.each([[[]], [[4]]])('has the gradient of central differences for t %j, t included', async (shape) => {
    await checkGradient(
      ({ params: p, t, x }: TensorsOf<Required<Case<LinearParams>>>) => layer.apply(p, t, x).tanh().square().sum(),
      { params, t: noise(shape, 3), x: noise([4, 3], 4) },
    );
  });

  it('refuses a time that is neither scalar nor of the batch', async () => {
    for (const shape of [[3], [4, 3], [1]]) {
      const result = run(apply, params, noise(shape), noise([4, 3]));
      await expect(result).rejects.toThrow(ShapeError);
      await expect(result).rejects.toThrow(
        `timeLinear: t is f64[${shape.join(',')}] and x is f64[4,3]; expected a scalar t, or one of the shape of leading axes of x, up to [4].`,
      );
    }
    await expect(run(apply, params, f64(0), noise([4, 2]))).rejects.toThrow('timeLinear: an input f64[4,2]');
    expect(() => timeLinear(1, 0)).toThrow('timeLinear: outFeatures is 0');
  });
});

describe('mlp', () => {
  const net = mlp({ sizes: [2, 5, 4, 3], activation: 'softplus', finalActivation: (x) => x.sin(), dtype });
  type P = TensorsOf<MlpParams>;

  it('is its layers with activations between them', async () => {
    const params = net.init(random(1));
    const byHand = ([a, b, c]: P, x: Tensor): Tensor => {
      const first = x.matmul(a!.weight).add(a!.bias!).softplus();
      return first.matmul(b!.weight).add(b!.bias!).softplus().matmul(c!.weight).add(c!.bias!).sin();
    };
    const x = noise([6, 2]);
    expect(await elements((p: P, y: Tensor) => net.apply(p, y), params, x)).toEqual(await elements(byHand, params, x));
  });

  it('is tanh between layers and nothing after the last by default', async () => {
    const plain = mlp({ sizes: [1, 1, 1], weightInit: full(2), biasInit: full(1), dtype });
    const y = await elements((p: P, x: Tensor) => plain.apply(p, x), plain.init(random(0)), f64([3]));
    expectClose(y, [2 * Math.tanh(7) + 1], 1e-15);
  });

  it('passes the options of its layers on', () => {
    const params = mlp({ sizes: [2, 3, 2], bias: false, weightInit: full(0.5) }).init(random(0));
    expect(params.map((p) => [Object.keys(p), p.weight.shape, p.weight.dtype])).toEqual([
      [['weight'], [2, 3], 'f32'],
      [['weight'], [3, 2], 'f32'],
    ]);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(({ params, x }: TensorsOf<Case<MlpParams>>) => net.apply(params, x).square().sum(), {
      params: net.init(random(3)),
      x: noise([3, 2]),
    });
  });

  it('refuses too few sizes and parameters of another network', async () => {
    expect(() => mlp({ sizes: [2] })).toThrow(OptionError);
    expect(() => mlp({ sizes: [2] })).toThrow(
      'mlp: sizes [2]; expected at least two: the features of the input and of the output.',
    );
    expect(() => mlp({ sizes: [2, 0] })).toThrow('linear: outFeatures is 0');
    const params = mlp({ sizes: [2, 3], dtype }).init(random(0));
    const result = run((p: P, x: Tensor) => net.apply(p, x), params, f64([[1, 2]]));
    await expect(result).rejects.toThrow('mlp: parameters of 1 layers; expected 3, as init() gives them.');
  });
});

describe('timeMlp', () => {
  const net = timeMlp({ sizes: [2, 4, 2], dtype });
  type P = TensorsOf<MlpParams>;

  it('has time as an input of each layer', async () => {
    const params = net.init(random(1));
    expect(params.map(({ weight }) => weight.shape)).toEqual([
      [3, 4],
      [5, 2],
    ]);
    const [t, x] = [noise([6], 1), noise([6, 2], 2)];
    const byHand = ([a, b]: P, time: Tensor, y: Tensor): Tensor => {
      const column = time.expandDims(1);
      const hidden = concat([y, column], 1).matmul(a!.weight).add(a!.bias!).tanh();
      return concat([hidden, column], 1).matmul(b!.weight).add(b!.bias!);
    };
    const apply = (p: P, time: Tensor, y: Tensor): Tensor => net.apply(p, time, y);
    expectClose(await elements(apply, params, t, x), await elements(byHand, params, t, x), 1e-14);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(
      ({ params, t, x }: TensorsOf<Required<Case<MlpParams>>>) => net.apply(params, t, x).square().sum(),
      { params: net.init(random(3)), t: f64(0.7), x: noise([3, 2]) },
    );
  });

  it('checks its options', () => {
    expect(() => timeMlp({ sizes: [] })).toThrow('timeMlp: sizes []');
  });

  it('runs in f32', async () => {
    const small = timeMlp({ sizes: [1, 2, 1] });
    const y = await elements(
      (p: P, t: Tensor, x: Tensor) => small.apply(p, t, x),
      small.init(random(0)),
      array(0.5),
      array([[1]]),
    );
    expect(y.every(Number.isFinite)).toBe(true);
  });
});
