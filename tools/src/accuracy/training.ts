/** Gradients of networks: what they hold in memory, and what a million parameters cost. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  constantStep,
  createOde,
  matmul,
  pid,
  random,
  valueAndGrad,
  type FloatDType,
  type GradientMethod,
  type HostArray,
  type Ode,
  type RunStats,
  type Solver,
  type Tensor,
} from '@node-ode/core';

interface Layers<T> {
  readonly w1: T;
  readonly b1: T;
  readonly w2: T;
  readonly b2: T;
}

/** A layer of tanh between two of `width` and `hidden` neurons, weights normal with variance 1/fan-in. */
function layers(width: number, hidden: number, dtype: FloatDType): Layers<HostArray> {
  const rng = random(11);
  const normal = (shape: readonly [number, number], scale: number): HostArray => {
    const data = Float64Array.from({ length: shape[0] * shape[1] }, () => scale * rng.normal());
    return array(data, { shape, dtype });
  };
  return {
    w1: normal([width, hidden], 1 / Math.sqrt(width)),
    b1: normal([1, hidden], 0.1),
    w2: normal([hidden, width], 1 / Math.sqrt(hidden)),
    b2: normal([1, width], 0.1),
  };
}

/** The sum of squares of y(1), y' = W₂·tanh(W₁·y + b₁) + b₂. */
function loss(ode: Ode, { w1, b1, w2, b2 }: Layers<Tensor>, y0: HostArray): Tensor {
  const f = (_t: Tensor, y: Tensor): Tensor => matmul(matmul(y, w1).add(b1).tanh(), w2).add(b2);
  return ode.odeint(f, y0, [0, 1]).ys.at(1).square().sum();
}

/** Runs one step of gradient descent, and tells what it cost. */
async function trainingStep(ode: Ode, params: Layers<HostArray>, y0: HostArray): Promise<RunStats> {
  const step = ode.compile((p: Layers<Tensor>) => {
    const { value, grad } = valueAndGrad((q: Layers<Tensor>) => loss(ode, q, y0))(p);
    const update = (name: keyof Layers<Tensor>): Tensor => p[name].sub(grad[name].mul(0.1));
    return { value, params: { w1: update('w1'), b1: update('b1'), w2: update('w2'), b2: update('b2') } };
  });
  const { result, stats } = await step.run(params);
  const updated = await result.params.w1.read();
  if (!updated.data.some((x, i) => x !== params.w1.data[i])) throw new Error('the step changed nothing');
  step.dispose();
  return stats;
}

/** A training step of a network 2-16-2 on a batch of 20, by a number of steps of one size. */
export function smallTrainingStep(solver: Solver, gradient: GradientMethod, steps: number): Promise<RunStats> {
  const rng = random(5);
  const y0 = array(
    Float64Array.from({ length: 40 }, () => rng.normal()),
    { shape: [20, 2], dtype: 'f32' },
  );
  const controller = constantStep({ h: 1 / steps });
  const ode = createOde({ backend: reference(), solver, controller, gradient, maxSteps: steps + 1 });
  return trainingStep(ode, layers(2, 16, 'f32'), y0);
}

/** Tolerances of the large network's solves. */
export const largeTolerances = { rtol: 1e-3, atol: 1e-6 };

/** A training step of a network 500-1000-500, 1,001,500 parameters, on one sample. */
export function largeTrainingStep(solver: Solver, gradient: GradientMethod): Promise<RunStats> {
  const rng = random(5);
  const y0 = array(
    Float64Array.from({ length: 500 }, () => rng.normal()),
    { shape: [1, 500], dtype: 'f32' },
  );
  const controller = pid(largeTolerances);
  const ode = createOde({ backend: reference(), solver, controller, gradient });
  return trainingStep(ode, layers(500, 1000, 'f32'), y0);
}
