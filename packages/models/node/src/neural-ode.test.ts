import { reference } from '@node-ode/backend-reference';
import {
  array,
  createOde,
  OptionError,
  random,
  TreeError,
  valueAndGrad,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import {
  adam,
  applyGradients,
  linear,
  mlp,
  mse,
  timeMlp,
  trainState,
  type MlpParams,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { autonomous } from './dynamics.ts';
import { neuralOde, type NeuralOde } from './neural-ode.ts';

type Params = TensorsOf<MlpParams>;

const dtype = 'f64';
const backend = reference();
const tight = { backend, solver: dopri5(), rtol: 1e-11, atol: 1e-11, dtype } as const;
const byBackprop = createOde(tight);
const byAdjoint = createOde({ ...tight, gradient: adjoint() });
const byEuler = createOde({ backend, solver: euler(), h: 0.1, dtype });

const net = timeMlp({ sizes: [2, 5, 2], dtype });
const params = net.init(random(1));
const y0 = array(
  [
    [2, 0],
    [0.5, -1],
    [-0.3, 0.8],
  ],
  { dtype },
);

const apply = async (ode: Ode, block: NeuralOde<MlpParams, Tensor>, input = y0): Promise<HostArray> =>
  (await ode.compile((p: Params, y: Tensor) => block.apply(p, y))(params, input)).read();

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  Array.from(actual).forEach((x, i) =>
    expect(Math.abs(x - expected[i]!), `element ${i}`).toBeLessThanOrEqual(tolerance),
  );
}

describe('output', () => {
  it('is y(t1): that of a linear system is its matrix exponential', async () => {
    // y' = y·W turns by an angle of t: from t = 1 to t = 1 + π/3
    const rotation = linear(2, 2, { bias: false, dtype });
    const block = neuralOde({ dynamics: autonomous(rotation), ode: byBackprop, t0: 1, t1: 1 + Math.PI / 3 });
    const weight = array(
      [
        [0, 1],
        [-1, 0],
      ],
      { dtype },
    );
    const run = byBackprop.compile((w: Tensor, y: Tensor) => block.apply({ weight: w }, y));
    const y1 = await (
      await run(
        weight,
        array(
          [
            [1, 0],
            [0, 2],
          ],
          { dtype },
        ),
      )
    ).read();
    const [c, s] = [Math.cos(Math.PI / 3), Math.sin(Math.PI / 3)];
    expectClose(y1.data, [c, s, -2 * s, 2 * c], 1e-10);
    expect(y1.shape).toEqual([2, 2]);
  });

  it('terminal is the last of the trajectory, bit for bit, and the first is the input', async () => {
    const terminal = await apply(byBackprop, neuralOde({ dynamics: net, ode: byBackprop }));
    const block = neuralOde({ dynamics: net, ode: byBackprop, output: 'trajectory', ts: [0, 0.25, 0.7, 1] });
    const trajectory = await apply(byBackprop, block);
    expect(trajectory.shape).toEqual([4, 3, 2]);
    expect(trajectory.data.slice(18)).toEqual(terminal.data);
    expect(trajectory.data.slice(0, 6)).toEqual(y0.data);
    expect(terminal.data).not.toEqual(y0.data);
  });

  it('runs backwards: from t1 to t0 the input is found again', async () => {
    const there = await apply(byBackprop, neuralOde({ dynamics: net, ode: byBackprop, t0: 0.5, t1: 2 }));
    const back = await apply(byBackprop, neuralOde({ dynamics: net, ode: byBackprop, t0: 2, t1: 0.5 }), there);
    expectClose(back.data, y0.data, 1e-9);
  });

  it('with Euler and h = 1 is a residual block, exactly', async () => {
    const ode = createOde({ backend, solver: euler(), h: 1, dtype });
    const block = await apply(ode, neuralOde({ dynamics: net, ode }));
    const residual = ode.compile((p: Params, y: Tensor) => y.add(net.apply(p, 0, y)));
    expect(block.data).toEqual((await (await residual(params, y0)).read()).data);
    // … and to t = 3 three of them
    const deep = await apply(ode, neuralOde({ dynamics: net, ode, t1: 3 }));
    const three = ode.compile((p: Params, y: Tensor) => [0, 1, 2].reduce((h, t) => h.add(net.apply(p, t, h)), y));
    expect(deep.data).toEqual((await (await three(params, y0)).read()).data);
  });

  it('takes a tree for a state', async () => {
    interface Pair {
      readonly prey: Tensor;
      readonly pred: readonly [Tensor];
    }
    const rates = { a: array(1.5, { dtype }), b: array(0.5, { dtype }) };
    const block = neuralOde({
      ode: byBackprop,
      output: 'trajectory',
      ts: [0, 1],
      dynamics: {
        init: () => rates,
        apply: ({ a, b }: TensorsOf<typeof rates>, t: Tensor, { prey, pred: [pred] }: Pair): Pair => ({
          prey: prey.mul(a),
          pred: [pred.mul(b).mul(t)],
        }),
      },
    });
    const run = byBackprop.compile((p: TensorsOf<typeof rates>, y: Pair) => block.apply(p, y));
    const ys = await run(rates, { prey: array([1, 2], { dtype }), pred: [array(3, { dtype })] });
    expectClose((await ys.prey.read()).data, [1, 2, Math.exp(1.5), 2 * Math.exp(1.5)], 1e-9);
    expectClose((await ys.pred[0].read()).data, [3, 3 * Math.exp(0.25)], 1e-9);
  });

  it('can be had at other times, with statistics', async () => {
    const block = neuralOde({ dynamics: net, ode: byBackprop });
    const run = byBackprop.compile((p: Params, y: Tensor) => {
      const { ts, ys, stats } = block.solve(p, y, [0, 0.5, 1]);
      return { ts, ys, nfe: stats.nfe };
    });
    const { ts, ys, nfe } = await run(params, y0);
    expect([(await ts.read()).data, (await ys.read()).shape]).toEqual([Float64Array.of(0, 0.5, 1), [3, 3, 2]]);
    expect((await nfe.read()).data[0]).toBeGreaterThan(7);
  });

  it('passes the options of its solves on', async () => {
    const nfe = async (block: NeuralOde<MlpParams, Tensor>): Promise<number> =>
      (await byBackprop.compile((p: Params, y: Tensor) => block.apply(p, y)).run(params, y0)).stats.nfe;
    const loose = neuralOde({ dynamics: net, ode: byBackprop, solve: { rtol: 1e-3, atol: 1e-3 } });
    expect(await nfe(loose)).toBeLessThan((await nfe(neuralOde({ dynamics: net, ode: byBackprop }))) / 3);
  });
});

describe('gradient of a loss', () => {
  const target = array(
    [
      [1, 1],
      [0, 0],
      [-1, 0.5],
    ],
    { dtype },
  );
  interface Inputs {
    readonly params: Params;
    readonly y0: Tensor;
  }

  // [method, tolerance]: with fixed steps the loss is smooth and only the differences' own error is left, about 1e-12. Adaptive
  // solves are off by about 1e-11 in each value, 1e-8 in a difference of step 1e-3.
  it.each([
    ['backprop through Euler steps', byEuler, 1e-10],
    ['backprop through adaptive steps', byBackprop, 3e-8],
    ['the adjoint', byAdjoint, 3e-8],
  ] as const)('by %s is that of central differences', async (_, ode, tolerance) => {
    const block = neuralOde({ dynamics: net, ode, output: 'trajectory', ts: [0, 0.4, 1] });
    const loss = (x: Inputs): Tensor =>
      mse(block.apply(x.params, x.y0).slice([1, 0, 0], [2, 3, 2]), stackTwice(target));
    const gradient = await ode.compile((x: Inputs) => valueAndGrad(loss)(x).grad)({ params, y0 });
    const value = ode.compile(loss);
    const leaves = [...params.flatMap(({ weight, bias }) => [weight, bias!]), y0];
    const analytic = [...gradient.params.flatMap(({ weight, bias }) => [weight, bias!]), gradient.y0];
    const h = 1e-3;
    for (const [k, leaf] of leaves.entries()) {
      const numeric: number[] = [];
      for (let i = 0; i < leaf.data.length; i++) {
        const kept = leaf.data[i]!;
        const at = async (offset: number): Promise<number> => {
          leaf.data[i] = kept + offset;
          const result = (await (await value({ params, y0 })).read()).data[0]!;
          leaf.data[i] = kept;
          return result;
        };
        numeric.push((8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h));
      }
      expectClose((await analytic[k]!.read()).data, numeric, tolerance);
      expect(Math.max(...numeric.map(Math.abs))).toBeGreaterThan(1e-3);
    }
  });
});

const stackTwice = (a: HostArray): HostArray =>
  array([...a.data, ...a.data], { shape: [2, ...a.shape], dtype: a.dtype });

describe('training', () => {
  it.each([
    ['backprop', createOde({ backend, solver: dopri5(), rtol: 1e-4, atol: 1e-6 })],
    ['adjoint', createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-4, atol: 1e-6 })],
  ])('a few steps by %s lower the loss', async (_, ode) => {
    const block = neuralOde({ dynamics: autonomous(mlp({ sizes: [2, 16, 2] })), ode });
    const optimizer = adam({ learningRate: 0.02 });
    const [x, y] = [
      array([
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ]),
      array([
        [0, 1],
        [-1, 0],
        [0, -1],
        [1, 0],
      ]),
    ];
    type State = TrainState<Tensor, Params>;
    const step = ode.compile((state: State, input: Tensor, target: Tensor) => {
      const { value, grad } = valueAndGrad((p: Params) => mse(block.apply(p, input), target))(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    });
    let { state, loss } = await step(trainState(optimizer, block.init(random(3))), x, y);
    const losses = [(await loss.read()).data[0]!];
    for (let i = 0; i < 40; i++) {
      ({ state, loss } = await step(state, x, y));
      losses.push((await loss.read()).data[0]!);
    }
    expect(losses[10]).toBeLessThan(0.6 * losses[0]!);
    expect(losses.at(-1)).toBeLessThan(0.02 * losses[0]!);
  });
});

describe('parameters', () => {
  it('are those of the dynamics, from a seed', () => {
    const block = neuralOde({ dynamics: net, ode: byBackprop });
    expect(block.name).toBe('neuralOde');
    expect(block.init(random(4))).toEqual(net.init(random(4)));
    expect(block.init(random(4))).not.toEqual(block.init(random(5)));
  });
});

describe('what does not fit', () => {
  it('is refused with the reason', async () => {
    const make = (options: object): unknown =>
      neuralOde({ dynamics: net, ode: byBackprop, ...options } as Parameters<typeof neuralOde<MlpParams, Tensor>>[0]);
    expect(() => make({ t0: 1 })).toThrow(OptionError);
    expect(() => make({ t0: 1 })).toThrow('neuralOde: t0 1 and t1 1; expected two different finite times.');
    expect(() => make({ t1: Infinity })).toThrow('neuralOde: t0 0 and t1 Infinity');
    expect(() => make({ output: 'trajectory' })).toThrow(
      "neuralOde: output 'trajectory' with t0 or t1, or without ts; expected ts",
    );
    expect(() => make({ output: 'trajectory', ts: [0, 1], t1: 2 })).toThrow(OptionError);
    expect(() => make({ ts: [0, 1] })).toThrow(
      "neuralOde: output 'terminal' with ts; expected 'terminal' with t0 and t1, or 'trajectory' with ts.",
    );
    expect(() => make({ output: 'last' })).toThrow("neuralOde: output 'last'");
    const other = neuralOde({
      ode: byBackprop,
      dynamics: {
        init: () => [],
        apply: (_p: readonly never[], _t: Tensor, y: { a: Tensor }) => ({ b: y.a }) as unknown as { a: Tensor },
      },
    });
    const run = byBackprop.compile((a: Tensor) => other.apply([], { a }).a);
    await expect(run(array([1], { dtype }))).rejects.toThrow(TreeError);
  });
});
