import { reference } from '@node-ode/backend-reference';
import {
  array,
  createOde,
  OptionError,
  random,
  ShapeError,
  valueAndGrad,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { adam, applyGradients, mse, trainState, type LinearParams, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { testModel } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { anode, type AnodeOptions, type AnodeParams } from './anode.ts';

const dtype = 'f64';
const backend = reference();
const ode = createOde({ backend, solver: dopri5(), rtol: 1e-10, atol: 1e-10, dtype });
const byAdjoint = ode.with({ gradient: adjoint() });
const byEuler = createOde({ backend, solver: euler(), h: 0.25, dtype });
type P = TensorsOf<AnodeParams>;

const normal = (seed: number, shape: readonly number[], scale = 1): HostArray => {
  const rng = random(seed);
  const length = shape.reduce((a, b) => a * b, 1);
  return array(
    Array.from({ length }, () => scale * rng.normal()),
    { shape, dtype },
  );
};
const run = async (
  options: Omit<AnodeOptions, 'ode' | 'dtype'>,
  params: AnodeParams,
  x: HostArray,
): Promise<number[]> => {
  const model = anode({ ...options, ode, dtype });
  const y = await ode.compile((p: P, input: Tensor) => model.apply(p, input))(params, x);
  return Array.from((await y.read()).data);
};

// Differences of smooth functions; five Euler steps or a solve at 1e-10 are both differentiated to about 1e-8.
const vectors = { features: 2, hidden: 5, activation: 'tanh' } as const;
testModel(() => anode({ ...vectors, ode: byEuler, extra: 2, outputs: 1 }), {
  input: (rng) => array([0, 1, 2].map(() => [rng.normal(), rng.normal()])),
  outputShapes: [[3, 1]],
  tolerance: 1e-8,
  elements: 100,
});
testModel(() => anode({ ...vectors, ode: byAdjoint, extra: 1, augment: 'learned', t1: -0.5, time: false }), {
  input: (rng) => array([0, 1, 2].map(() => [rng.normal(), rng.normal()])),
  outputShapes: [[3, 2]],
  tolerance: 1e-7,
  elements: 100,
});

/** A field that turns the plane by π until t = 1: relu(v) − relu(−v) is v, twice, then the turn. */
const halfTurn: AnodeParams = {
  field: [
    { weight: array([[1, -1, 0, 0], [0, 0, 1, -1]], { dtype }) }, // prettier-ignore
    { weight: array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], { dtype }) }, // prettier-ignore
    { weight: array([[0, Math.PI], [0, -Math.PI], [-Math.PI, 0], [Math.PI, 0]], { dtype }) }, // prettier-ignore
  ],
};

describe('augmentation', () => {
  it('crosses a line: a half turn through one more dimension takes x to −x', async () => {
    const y = await run(
      { features: 1, extra: 1, hidden: 4, time: false },
      halfTurn,
      array([[-1], [1], [0.3]], { dtype }),
    );
    [1, -1, -0.3].forEach((expected, i) => expect(Math.abs(y[i]! - expected)).toBeLessThan(1e-8));
  });

  it('without it the order of points on a line stays, whatever the parameters', async () => {
    const x = array(
      Array.from({ length: 21 }, (_, i) => [(i - 10) / 5]),
      { dtype },
    );
    const line = { features: 1, extra: 0, hidden: 8 };
    const stretches: number[] = [];
    for (let seed = 0; seed < 5; seed++) {
      const [enter, mix, leave] = anode({ ...line, ode, dtype }).init(random(seed)).field;
      const y = await run(line, { field: [thrice(enter), thrice(mix), thrice(leave)] }, x);
      for (let i = 1; i < y.length; i++) expect(y[i]!, `seed ${seed}, point ${i}`).toBeGreaterThan(y[i - 1]!);
      stretches.push((y.at(-1)! - y[0]!) / 4);
    }
    // these were no small flows
    expect(Math.max(...stretches.map((s) => Math.abs(Math.log(s))))).toBeGreaterThan(0.5);
  });

  it('starts with x, then zeros, or an affine map of x', async () => {
    const x = normal(1, [4, 2]);
    const starts = async (augment: 'zeros' | 'learned'): Promise<readonly number[][]> => {
      const model = anode({ features: 2, extra: 3, augment, hidden: 4, ode, dtype });
      const h = await ode.compile((p: P, input: Tensor) => model.lift(p, input))(model.init(random(0)), x);
      const { data, shape } = await h.read();
      expect(shape).toEqual([4, 5]);
      return [0, 1, 2, 3].map((row) => Array.from(data.slice(5 * row, 5 * row + 5)));
    };
    const rows = [0, 1, 2, 3].map((row) => Array.from(x.data.slice(2 * row, 2 * row + 2)));
    expect(await starts('zeros')).toEqual(rows.map((row) => [...row, 0, 0, 0]));
    const learned = await starts('learned');
    expect(learned.map((row) => row.slice(0, 2))).toEqual(rows);
    expect(new Set(learned.flatMap((row) => row.slice(2))).size).toBe(12);
  });

  it('without it the model is a Neural ODE: the flow of the input, then the linear layer', async () => {
    const model = anode({ features: 2, extra: 0, hidden: 6, outputs: 1, ode: byEuler, dtype });
    const params = model.init(random(2));
    expect(Object.keys(params)).toEqual(['field', 'head']);
    const byHand = byEuler.compile((p: P, x: Tensor) => {
      const f = (t: Tensor, h: Tensor): Tensor => {
        const [first, second, third] = p.field;
        // time is the last row of the first weight
        const inputs = h
          .matmul(first.weight.slice([0, 0], [2, 6]))
          .add(first.weight.at(2).mul(t))
          .add(first.bias!);
        const hidden = inputs.relu().matmul(second.weight).add(second.bias!).relu();
        return hidden.matmul(third.weight).add(third.bias!);
      };
      return byEuler.odeint(f, x, [0, 1]).ys.at(-1).matmul(p.head!.weight).add(p.head!.bias!);
    });
    const x = normal(3, [5, 2]);
    const expected = Array.from((await (await byHand(params, x)).read()).data);
    const y = Array.from(
      (await (await byEuler.compile((p: P, input: Tensor) => model.apply(p, input))(params, x)).read()).data,
    );
    y.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-14));
  });
});

describe('the flow', () => {
  const model = anode({ features: 2, extra: 1, hidden: 6, outputs: 1, activation: 'tanh', ode, dtype });
  const params = model.init(random(4));
  const x = normal(5, [6, 2]);

  it('has features at any times, and says what they cost', async () => {
    const solved = await ode.compile((p: P, input: Tensor) => {
      const { ys, stats } = model.solve(p, input, [0, 0.5, 1]);
      return { ys, nfe: stats.nfe, read: model.head(p, ys), y: model.apply(p, input) };
    })(params, x);
    expect((await solved.ys.read()).shape).toEqual([3, 6, 3]);
    expect((await solved.nfe.read()).data[0]).toBeGreaterThan(7);
    // the output is the head of the last
    const [read, y] = [await solved.read.read(), await solved.y.read()];
    expect(read.shape).toEqual([3, 6, 1]);
    y.data.forEach((value, i) => expect(Math.abs(value - read.data[12 + i]!)).toBeLessThan(1e-12));
  });

  it('runs backwards: the lifted input is found again, zeros and all', async () => {
    const back = await ode.compile((p: P, input: Tensor) => {
      const end = model.solve(p, input, [0, model.t1]).ys.at(-1);
      return model.flow(p, end, [model.t1, 0]).ys.at(-1).sub(model.lift(p, input)).abs().max();
    })(params, x);
    expect((await back.read()).data[0]).toBeLessThan(1e-8);
  });

  it('takes the options of its solves', async () => {
    const loose = anode({ features: 2, extra: 1, hidden: 6, ode, dtype, solve: { rtol: 1e-3, atol: 1e-3 } });
    const tight = anode({ features: 2, extra: 1, hidden: 6, ode, dtype });
    const nfe = async (m: typeof loose): Promise<number> =>
      (await ode.compile((p: P, input: Tensor) => m.apply(p, input)).run(m.init(random(0)), x)).stats.nfe;
    expect(await nfe(loose)).toBeLessThan((await nfe(tight)) / 2);
  });
});

describe('training', () => {
  it('learns the crossing map by the flow alone', async () => {
    const fast = createOde({ backend, solver: dopri5(), rtol: 1e-3, atol: 1e-3 });
    const model = anode({ features: 1, extra: 1, hidden: 16, ode: fast });
    const optimizer = adam({ learningRate: 0.03 });
    const [x, y] = [array([[-1], [1]]), array([[1], [-1]])];
    type State = TrainState<Tensor, P>;
    const step = fast.compile((state: State, input: Tensor, target: Tensor) => {
      const { value, grad } = valueAndGrad((p: P) => mse(model.apply(p, input), target))(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    });
    let { state, loss } = await step(trainState(optimizer, model.init(random(0))), x, y);
    for (let i = 0; i < 80; i++) ({ state, loss } = await step(state, x, y));
    expect((await loss.read()).data[0]).toBeLessThan(0.01); // the best monotone fit has 1
  });
});

describe('what does not fit', () => {
  const make = (changes: object): unknown => anode({ features: 2, extra: 1, ode, ...changes });

  it('is refused with the reason', () => {
    expect(() => make({ extra: -1 })).toThrow('anode: extra is -1; expected an integer of at least 0');
    expect(() => make({ extra: 0.5 })).toThrow(OptionError);
    expect(() => make({ augment: 'ones' })).toThrow("anode: augment 'ones'; expected 'zeros' or 'learned'.");
    expect(() => make({ extra: 0, augment: 'learned' })).toThrow("anode: augment 'learned' with extra 0");
    expect(() => make({ features: 0 })).toThrow(OptionError);
    expect(() => make({ hidden: 0 })).toThrow(OptionError);
    expect(() => make({ outputs: 0 })).toThrow(OptionError);
    expect(() => make({ t1: 0 })).toThrow('anode: t1 0; expected a finite time other than 0');
    expect(() => make({ t1: Infinity })).toThrow(OptionError);
  });

  it('is refused when applied', async () => {
    const model = anode({ features: 2, extra: 1, outputs: 1, augment: 'learned', hidden: 4, ode, dtype });
    const apply = ode.compile((p: P, x: Tensor) => model.apply(p, x));
    const params = model.init(random(0));
    await expect(apply(params, normal(0, [4, 3]))).rejects.toThrow(ShapeError);
    await expect(apply(params, normal(0, [4, 3]))).rejects.toThrow(
      'anode: an input f64[4,3]; expected a last axis of 2',
    );
    const { field, head } = params;
    await expect(apply({ field, ...(head && { head }) }, normal(0, [4, 2]))).rejects.toThrow('parameters without lift');
    const { lift } = params;
    await expect(apply({ field, ...(lift && { lift }) }, normal(0, [4, 2]))).rejects.toThrow('parameters without head');
  });
});

/** A layer with three times the weights. */
const thrice = ({ weight, bias }: LinearParams): LinearParams => ({
  weight: array(
    weight.data.map((w) => 3 * w),
    { shape: weight.shape, dtype },
  ),
  ...(bias && { bias }),
});
