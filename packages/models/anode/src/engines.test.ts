// Twenty steps of training on each engine that runs in Node without more: the reference engine's parameters, to f32's rounding.
import { onnx } from '@node-ode/backend-onnx';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import {
  array,
  createOde,
  flattenTree,
  isHostArray,
  pid,
  random,
  valueAndGrad,
  type Backend,
  type HostArray,
  type Model,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { applyGradients, mse, sgd, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { anode } from './anode.ts';
import { convAnode } from './conv-anode.ts';
import { residualNet } from './residual-net.ts';

const steps = 20;

/** A model and the mean squared error that trains it, over its parameters as a list. */
interface Problem {
  readonly start: readonly HostArray[];
  readonly loss: (params: readonly Tensor[], x: Tensor, y: Tensor) => Tensor;
}

function problemOf<P>(model: Model<P, Tensor, Tensor>): Problem {
  const { leaves, structure } = flattenTree('test', model.init(random(1)), isHostArray);
  return {
    start: leaves,
    loss: (params, x, y) => mse(model.apply(structure.rebuild(params) as TensorsOf<P>, x), y),
  };
}

const normal = (seed: number, shape: readonly number[]): HostArray => {
  const rng = random(seed);
  return array(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    { shape },
  );
};

const image = [1, 5, 5] as const;
const problems: Readonly<Record<string, { make: (ode: Ode) => Problem; x: HostArray; y: HostArray }>> = {
  anode: {
    make: (ode) => problemOf(anode({ ode, features: 2, extra: 2, augment: 'learned', hidden: 8, outputs: 1 })),
    x: normal(1, [16, 2]),
    y: normal(2, [16, 1]),
  },
  convAnode: {
    make: (ode) => problemOf(convAnode({ ode, image, extra: 2, filters: 4, outputs: 3 })),
    x: normal(3, [8, ...image]),
    y: normal(4, [8, 3]),
  },
  residualNet: {
    make: () => problemOf(residualNet({ features: 2, blocks: 3, hidden: 8, outputs: 1 })),
    x: normal(1, [16, 2]),
    y: normal(2, [16, 1]),
  },
};

/** Losses, then the parameters that 20 steps of SGD end with. */
async function train(name: string, backend: Backend): Promise<readonly number[][]> {
  const { make, x, y } = problems[name]!;
  // The first step's size is given: in f32 the error of the tiny one that would be chosen is rounding.
  const controller = pid({ rtol: 1e-4, atol: 1e-5, firstStep: 0.25 });
  const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), controller });
  const problem = make(ode);
  // Momentum, and no division by a gradient's size, which would enlarge rounding where a gradient is small.
  const optimizer = sgd({ learningRate: 0.02, momentum: 0.9 });
  const step = ode.compile((state: TrainState<Tensor, readonly Tensor[]>, input: Tensor, target: Tensor) => {
    const { value, grad } = valueAndGrad((p: readonly Tensor[]) => problem.loss(p, input, target))(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  let { state, loss } = await step(trainState(optimizer, problem.start), x, y);
  const losses = [(await loss.read()).data[0]!];
  for (let i = 1; i < steps; i++) {
    ({ state, loss } = await step(state, x, y));
    losses.push((await loss.read()).data[0]!);
  }
  return [losses, ...(await Promise.all(state.params.map(async (leaf) => Array.from((await leaf.read()).data))))];
}

describe.each(Object.keys(problems))('twenty steps of %s', (name) => {
  const expected = train(name, reference());

  it.each([
    ['wasm', () => wasm()],
    ['onnx', () => onnx()],
  ] as const)('on %s hold the reference engine’s parameters', async (_, make) => {
    const backend = await make();
    const trained = await train(name, backend);
    const wanted = await expected;
    expect(trained.length).toBe(wanted.length);
    trained.forEach((leaf, k) => {
      const largest = Math.max(...wanted[k]!.map(Math.abs));
      const errors = leaf.map((value, i) => Math.abs(value - wanted[k]![i]!));
      expect(Math.max(...errors), `leaf ${k}`).toBeLessThanOrEqual(1e-4 * largest);
    });
    expect(wanted[0]!.at(-1)).toBeLessThan(0.8 * wanted[0]![0]!); // it was training
    await backend.dispose();
  });
});
