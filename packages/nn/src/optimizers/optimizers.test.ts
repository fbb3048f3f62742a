import {
  array,
  DTypeError,
  OptionError,
  random,
  ShapeError,
  toNested,
  TreeError,
  valueAndGrad,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { expectClose, f64, noise, runHost } from '../../test/harness.ts';
import { exponentialDecay } from '../schedules/schedules.ts';
import { adam, adamw, type AdamOptions } from './adam.ts';
import { optimizer, type Optimizer, type OptimizerState } from './optimizer.ts';
import { rmsprop, type RmspropOptions } from './rmsprop.ts';
import { sgd, type SgdOptions } from './sgd.ts';
import { applyGradients, trainState, type TrainState } from './train-state.ts';

/** One scalar parameter's update, as PyTorch's documentation writes the algorithm: state in a closure, plain numbers. */
type ByHand = (g: number, p: number, t: number) => number;

const sgdByHand = (o: {
  lr: (t: number) => number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}): ByHand => {
  let b = NaN;
  return (gradient, p, t) => {
    let g = gradient + o.weightDecay * p;
    if (o.momentum !== 0) {
      b = t === 1 ? g : o.momentum * b + g;
      g = o.nesterov ? g + o.momentum * b : b;
    }
    return p - o.lr(t) * g;
  };
};

const rmspropByHand = (o: Required<Omit<RmspropOptions, 'learningRate'>> & { lr: number }): ByHand => {
  let [v, b, average] = [0, 0, 0];
  return (gradient, p) => {
    const g = gradient + o.weightDecay * p;
    v = o.alpha * v + (1 - o.alpha) * g ** 2;
    let corrected = v;
    if (o.centered) {
      average = o.alpha * average + (1 - o.alpha) * g;
      corrected = v - average ** 2;
    }
    const step = g / (Math.sqrt(corrected) + o.eps);
    if (o.momentum === 0) return p - o.lr * step;
    b = o.momentum * b + step;
    return p - o.lr * b;
  };
};

const adamByHand = (o: Required<Omit<AdamOptions, 'learningRate'>> & { lr: number; decoupled: boolean }): ByHand => {
  let [m, v] = [0, 0];
  return (gradient, before, t) => {
    const g = o.decoupled ? gradient : gradient + o.weightDecay * before;
    const p = o.decoupled ? before - o.lr * o.weightDecay * before : before;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g ** 2;
    const [mHat, vHat] = [m / (1 - o.beta1 ** t), v / (1 - o.beta2 ** t)];
    return p - (o.lr * mHat) / (Math.sqrt(vHat) + o.eps);
  };
};

const rms = { alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 };
const moments = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };
const plain = { momentum: 0, nesterov: false, weightDecay: 0 };

const sgdCase = (o: Omit<SgdOptions, 'learningRate'>) =>
  ({
    make: () => sgd({ learningRate: 0.05, ...o }),
    byHand: () => sgdByHand({ ...plain, ...o, lr: () => 0.05 }),
  }) as const;
const rmsCase = (o: Omit<RmspropOptions, 'learningRate'>) =>
  ({
    make: () => rmsprop({ learningRate: 0.02, ...o }),
    byHand: () => rmspropByHand({ ...rms, ...o, lr: 0.02 }),
  }) as const;
const adamCase = (o: Omit<AdamOptions, 'learningRate'>) =>
  ({
    make: () => adam({ learningRate: 0.02, ...o }),
    byHand: () => adamByHand({ ...moments, ...o, lr: 0.02, decoupled: false }),
  }) as const;
const adamwCase = (o: Omit<AdamOptions, 'learningRate'>) => ({
  make: () => adamw({ learningRate: 0.02, ...o }),
  byHand: () => adamByHand({ ...moments, weightDecay: 0.01, ...o, lr: 0.02, decoupled: true }),
});

const cases: Readonly<Record<string, { make: () => Optimizer; byHand: () => ByHand }>> = {
  sgd: sgdCase({}),
  'sgd, weight decay': sgdCase({ weightDecay: 0.1 }),
  'sgd, momentum': sgdCase({ momentum: 0.9 }),
  'sgd, nesterov and weight decay': sgdCase({ momentum: 0.8, nesterov: true, weightDecay: 0.1 }),
  'sgd, scheduled': {
    make: () => sgd({ learningRate: exponentialDecay({ initial: 0.1, rate: 0.5 }) }),
    byHand: () => sgdByHand({ ...plain, lr: (t) => 0.1 * 0.5 ** (t - 1) }),
  },
  rmsprop: rmsCase({}),
  'rmsprop, all options': rmsCase({ alpha: 0.9, eps: 1e-3, momentum: 0.5, centered: true, weightDecay: 0.1 }),
  'rmsprop, momentum': rmsCase({ momentum: 0.9 }),
  'rmsprop, centered': rmsCase({ centered: true, eps: 1e-4 }),
  adam: adamCase({}),
  'adam, all options': adamCase({ beta1: 0.8, beta2: 0.95, eps: 1e-3, weightDecay: 0.1 }),
  'adam, betas 0': adamCase({ beta1: 0, beta2: 0 }),
  adamw: adamwCase({}),
  'adamw, weight decay': adamwCase({ weightDecay: 0.3, beta1: 0.5 }),
  'adamw, scheduled': {
    make: () => adamw({ learningRate: (step) => step.mul(0).add(0.02), weightDecay: 0.3 }),
    byHand: () => adamByHand({ ...moments, weightDecay: 0.3, lr: 0.02, decoupled: true }),
  },
};

const params = { a: f64([0.5, -2, 1e-3]), b: [f64([[3], [-0.1]])] as const };
type Host = typeof params;
type Traced = { readonly a: Tensor; readonly b: readonly [Tensor] };
type State = TrainState<Tensor, Traced>;

const flat = ({ a, b }: Host): number[] => [...a.data, ...b[0].data];
const unflat = ([x = 0, y = 0, z = 0, u = 0, v = 0]: readonly number[]): Host => ({
  a: f64([x, y, z]),
  b: [f64([[u], [v]])],
});

/** Gradients that do not depend on the parameters: large, small, changing sign, and zero for one of them at times. */
const gradients = Array.from({ length: 8 }, (_, t) => {
  const draw = Array.from(noise([5], 100 + t).data);
  return draw.map((g, i) => (i === 1 ? 0 : i === 2 ? 1e-4 * g : g * 3));
});

describe.each(Object.entries(cases))('%s', (_, { make, byHand }) => {
  it("is PyTorch's, step by step", async () => {
    const opt = make();
    let state = trainState(opt, params);
    const hands = flat(params).map(() => byHand());
    let expected = flat(params);
    for (const [t, g] of gradients.entries()) {
      const step = (s: State, grads: Traced): State => applyGradients(opt, s, grads);
      state = await runHost(step, state, unflat(g));
      expected = expected.map((p, i) => hands[i]!(g[i]!, p, t + 1));
      // centred RMSprop divides by √(v − ḡ²), which is rounding's alone after one step: the error there is that of the method
      expectClose(flat(state.params), expected, 1e-10);
    }
    expect(toNested(state.optimizer.step)).toBe(gradients.length);
    expect(state.optimizer.step.dtype).toBe('i32');
  });
});

describe('state', () => {
  it('starts as zeros like the parameters, with an i32 step', () => {
    const { step, slots } = adam({ learningRate: 1 }).init(params);
    expect([toNested(step), step.dtype, Object.keys(slots)]).toEqual([0, 'i32', ['mean', 'meanSquare']]);
    expect(slots.mean).toEqual(unflat([0, 0, 0, 0, 0]));
    expect(slots.mean?.a.data).not.toBe(slots.meanSquare?.a.data);
  });

  it('remembers no more than the options need', () => {
    const slots = (o: Optimizer): string[] => Object.keys(o.init(params).slots);
    expect(slots(sgd({ learningRate: 1 }))).toEqual([]);
    expect(slots(sgd({ learningRate: 1, momentum: 0.9 }))).toEqual(['momentum']);
    expect(slots(rmsprop({ learningRate: 1 }))).toEqual(['meanSquare']);
    expect(slots(rmsprop({ learningRate: 1, centered: true, momentum: 0.1 }))).toEqual([
      'meanSquare',
      'mean',
      'momentum',
    ]);
  });

  it('keeps each leaf in its own dtype', async () => {
    const mixed = { x: array([1, 2]), y: f64([3]) };
    const opt = adam({ learningRate: exponentialDecay({ initial: 0.1, rate: 0.9 }) });
    type M = { readonly x: Tensor; readonly y: Tensor };
    const next = await runHost(
      (s: TrainState<Tensor, M>, g: M) => applyGradients(opt, s, g),
      trainState(opt, mixed),
      mixed,
    );
    expect([next.params.x.dtype, next.params.y.dtype, next.optimizer.slots.mean?.x.dtype]).toEqual([
      'f32',
      'f64',
      'f32',
    ]);
    // Adam's first step is the learning rate, whatever the gradient's size
    expectClose([...next.params.x.data, ...next.params.y.data], [0.9, 1.9, 2.9], 1e-6);
  });
});

describe('in f32', () => {
  it("Adam's bias correction keeps its digits at the first steps", async () => {
    const opt = adam({ learningRate: 0.1, eps: 0 });
    let state = trainState(opt, { w: array([0]) });
    type W = { readonly w: Tensor };
    const positions: number[] = [];
    for (let t = 0; t < 3; t++) {
      const step = (s: TrainState<Tensor, W>): TrainState<Tensor, W> =>
        applyGradients(opt, s, { w: s.params.w.mul(0).add(0.25) });
      state = await runHost(step, state);
      positions.push(state.params.w.data[0]!);
    }
    // With a constant gradient m̂ = g and v̂ = g²: every step is exactly the learning rate. 1 − 0.999ᵗ taken in f32 would be off by 3e-5.
    expectClose(positions, [-0.1, -0.2, -0.3], 3e-7);
  });
});

describe('training', () => {
  it.each([
    ['sgd', sgd({ learningRate: 0.1 }), 1e-6],
    ['momentum', sgd({ learningRate: 0.05, momentum: 0.5 }), 1e-6],
    ['rmsprop', rmsprop({ learningRate: exponentialDecay({ initial: 0.1, rate: 0.97 }) }), 1e-4],
    // to the last learning rate, 0.3·0.97²⁰⁰ = 7e-4
    ['adam', adam({ learningRate: exponentialDecay({ initial: 0.3, rate: 0.97 }) }), 7e-4],
  ])('%s finds a minimum within one compiled function a step', async (_, opt, tolerance) => {
    const goal = noise([4], 9);
    const loss = (p: { w: Tensor }): Tensor => p.w.sub(goal).square().sum();
    let state = trainState(opt, { w: f64([0, 0, 0, 0]) });
    type S = TrainState<Tensor, { w: Tensor }>;
    const step = (s: S): S => applyGradients(opt, s, valueAndGrad(loss)(s.params).grad);
    for (let i = 0; i < 200; i++) state = await runHost(step, state);
    expectClose(Array.from(state.params.w.data), Array.from(goal.data), tolerance);
  });
});

describe('an optimiser of one’s own', () => {
  const signSgd = optimizer({
    name: 'signSgd',
    learningRate: 0.5,
    slots: [],
    update: ({ grad, param, rate }) => ({ param: param.sub(grad.sign().mul(rate)), slots: {} }),
  });

  it('is the update of one leaf', async () => {
    const step = (s: State, g: Traced): State => applyGradients(signSgd, s, g);
    const next = await runHost(step, trainState(signSgd, unflat([1, 1, 1, 1, 1])), unflat([-3, 0, 2, 7, -1]));
    expect(flat(next.params)).toEqual([1.5, 1, 0.5, 0.5, 1.5]);
  });
});

describe('what does not fit', () => {
  const opt = sgd({ learningRate: 0.1, momentum: 0.9 });
  const w = noise([2, 3]);
  type W = { readonly w: Tensor };
  const apply = (grads: object, state = opt.init({ w })): Promise<unknown> =>
    runHost((g: W, s: OptimizerState<Tensor, W>, p: W) => opt.update(g, s, p), grads as { w: HostArray }, state, { w });

  it('is refused with the reason', async () => {
    await expect(apply({ v: w })).rejects.toThrow(TreeError);
    const shape = apply({ w: noise([3]) });
    await expect(shape).rejects.toThrow(ShapeError);
    await expect(shape).rejects.toThrow(
      "sgd: the gradient of parameter 'w' is f64[3]; expected f64[2,3], as the parameter.",
    );
    await expect(
      apply({
        w: array([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      }),
    ).rejects.toThrow("the gradient of parameter 'w' is f32[2,3]");
    const slot = apply({ w }, sgd({ learningRate: 1 }).init({ w }));
    await expect(slot).rejects.toThrow(
      'sgd: a state with no slots; expected the slots momentum. Start from the state that sgd(…).init(params) gives.',
    );
    const other = apply({ w }, opt.init({ w: noise([2]) }));
    await expect(other).rejects.toThrow("sgd: the momentum of parameter 'w' is f64[2]");
  });

  it('parameters are floats and host arrays', () => {
    expect(() => opt.init({ w: array([1], { dtype: 'i32' }) })).toThrow(DTypeError);
    expect(() => opt.init({ w: array([1], { dtype: 'i32' }) })).toThrow(
      "sgd: the parameter 'w' is i32; expected f32 or f64. Keep what is not trained out of the tree of parameters.",
    );
    expect(() => opt.init({ w: 'x' })).toThrow(TreeError);
  });

  it('options are in range', () => {
    expect(() => sgd({ learningRate: -1 })).toThrow(
      'sgd: learningRate is -1; expected a finite number that is not negative.',
    );
    expect(() => sgd({ learningRate: 1, momentum: 1 })).toThrow('sgd: momentum is 1; expected a number in [0, 1).');
    expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(
      'sgd: nesterov without momentum; expected a momentum above 0. Try 0.9.',
    );
    expect(() => sgd({ learningRate: 1, weightDecay: -1 })).toThrow(OptionError);
    expect(() => rmsprop({ learningRate: 1, alpha: 1.1 })).toThrow('rmsprop: alpha is 1.1');
    expect(() => rmsprop({ learningRate: 1, eps: -1 })).toThrow('rmsprop: eps is -1');
    expect(() => adam({ learningRate: 1, beta2: 1 })).toThrow('adam: beta2 is 1');
    expect(() => adam({ learningRate: NaN })).toThrow('adam: learningRate is NaN');
    expect(() => adamw({ learningRate: 1, beta1: NaN })).toThrow('adamw: beta1 is NaN');
    expect(() => adamw({ learningRate: 1, weightDecay: -0.1 })).toThrow('adamw: weightDecay is -0.1');
  });
});

it('the same seed trains to the same bits', async () => {
  const opt = adam({ learningRate: 0.1 });
  const train = async (): Promise<number[]> => {
    const source = random(4);
    let state = trainState(opt, { w: array([source.normal(), source.normal()]) });
    type S = TrainState<Tensor, { w: Tensor }>;
    const step = (s: S, x: Tensor): S =>
      applyGradients(opt, s, valueAndGrad((p: { w: Tensor }) => p.w.mul(x).sin().sum())(s.params).grad);
    for (let i = 0; i < 5; i++) state = await runHost(step, state, array(source.normal()));
    return Array.from(state.params.w.data);
  };
  expect(await train()).toEqual(await train());
});
