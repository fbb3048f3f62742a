import { onnx } from '@node-ode/backend-onnx';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import {
  array,
  asTensor,
  createOde,
  flattenTree,
  isDeviceArray,
  pid,
  random,
  valueAndGrad,
  type ArgumentOf,
  type Backend,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { adam, applyGradients, sgd, trainState, type Optimizer, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { beforeAll, describe, expect, it } from 'vitest';
import { points } from '../test/harness.ts';
import { cnf, concatSquashMlp, hutchinson, planarField, planarFlow, type FlowBatch } from './index.ts';

/** Two blobs: points at (±1.5, 0.5) with deviation 0.3. */
const blobs = (samples: number) => {
  const noise = points([samples, 2], 21, 'f32').data;
  return array(
    Array.from({ length: samples }, (_, i) => [
      (i % 2 === 0 ? 1.5 : -1.5) + 0.3 * Number(noise[2 * i]),
      0.5 + 0.3 * Number(noise[2 * i + 1]),
    ]),
  );
};
const energy = (x: Tensor): Tensor =>
  x
    .sub(array([1, -0.5]))
    .square()
    .sum({ axes: [1] })
    .mul(2);

interface Run {
  readonly params: readonly number[];
  readonly losses: readonly number[];
}

/** Trains a loss of parameters alone: everything else is fixed. */
type Train = (optimizer: Optimizer, steps: number) => Promise<Run>;

const training =
  <P>(ode: Ode, params: P, loss: (params: TensorsOf<P>) => Tensor): Train =>
  async (optimizer, steps) => {
    type State = TrainState<Tensor, TensorsOf<P>>;
    const step = ode.compile((state: State) => {
      const { value, grad } = valueAndGrad(loss)(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    });
    const losses: number[] = [];
    // What is an argument where tensors are traced can't be worked out while P is open.
    let state = trainState(optimizer, params) as ArgumentOf<State>;
    for (let i = 0; i < steps; i++) {
      const result = await step(state);
      state = result.state as ArgumentOf<State>;
      losses.push((await result.loss.read()).data[0] ?? NaN);
    }
    const { leaves } = flattenTree('train', state, isDeviceArray);
    const read = await Promise.all(leaves.map((leaf) => leaf.read()));
    return { params: read.flatMap(({ data }) => Array.from(data, Number)), losses };
  };

// A first step that is given: in f32 the error of the tiny one that would be chosen is rounding.
const controller = pid({ rtol: 1e-4, atol: 1e-5, firstStep: 0.25 });
const odeFor = (backend: Backend) => createOde({ backend, solver: dopri5(), gradient: adjoint(), controller });

/** Models with their losses, for a backend. */
const problems = {
  'the planar continuous flow, by likelihood': (backend: Backend): Train => {
    const flow = cnf({ dimension: 2, field: planarField({ dimension: 2, width: 8 }), ode: odeFor(backend) });
    const params = flow.init(random(1));
    const batch: FlowBatch = { x: asTensor(blobs(32)) };
    return training(odeFor(backend), params, (p) => flow.loss(p, batch));
  },
  'a network with Hutchinson’s estimate, regularised and augmented': (backend: Backend): Train => {
    const field = concatSquashMlp({ sizes: [3, 8, 3] });
    const regularization = { kinetic: 0.01, jacobian: 0.01 };
    const flow = cnf({
      dimension: 2,
      field,
      ode: odeFor(backend),
      divergence: hutchinson(),
      regularization,
      augment: 1,
    });
    const params = flow.init(random(1));
    const { trace, augment } = flow.noise(random(2), 32);
    const batch: FlowBatch = { x: asTensor(blobs(32)), trace: asTensor(trace ?? 0), augment: asTensor(augment ?? 0) };
    return training(odeFor(backend), params, (p) => flow.loss(p, batch));
  },
  'the discrete planar flow, by reverse KL': (backend: Backend): Train => {
    const flow = planarFlow({ dimension: 2, depth: 4 });
    const params = flow.init(random(1));
    const base = asTensor(flow.base(random(2), 32));
    return training(odeFor(backend), params, (p) => flow.reverseKl(p, base, energy));
  },
} as const;

describe.each(Object.keys(problems) as (keyof typeof problems)[])('%s', (name) => {
  const make = problems[name];
  const slow = (): Optimizer => sgd({ learningRate: 0.02, momentum: 0.9 });
  let expected: Run;
  beforeAll(async () => {
    expected = await make(reference())(slow(), 20);
  });

  it.each([
    ['wasm', async () => await wasm()],
    ['onnx', async () => await onnx({ provider: 'cpu', threads: 1 })],
  ] as const)('holds the parameters of the reference engine after 20 steps on %s', async (_, open) => {
    const backend = await open();
    const { params, losses } = await make(backend)(slow(), 20);
    const largest = Math.max(...expected.params.map(Math.abs));
    params.forEach((value, i) => expect(Math.abs(value - (expected.params[i] ?? NaN))).toBeLessThan(1e-4 * largest));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) - 0.1);
    await backend.dispose();
  });

  it('learns', async () => {
    const { losses } = await make(await wasm())(adam({ learningRate: 0.02 }), 100);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) - 0.4);
  });
});
