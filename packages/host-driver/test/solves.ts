/** Solves of a small network, and their gradients, on a fake device. */
import {
  array,
  createOde,
  hostArray,
  matmul,
  pid,
  random,
  valueAndGrad,
  type Graph,
  type GradientMethod,
  type HostArray,
  type Tensor,
  type TensorType,
} from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { fakeBackend, fakeDevice, type FakeDevice } from './fake-device.ts';

const draw = (scale: number, ...shape: number[]): HostArray => {
  const rng = random(7);
  const size = shape.reduce((a, b) => a * b, 1);
  return array(
    Float64Array.from({ length: size }, () => scale * rng.normal()),
    { shape, dtype: 'f32' },
  );
};

export interface Params {
  readonly w: Tensor;
  readonly b: Tensor;
  readonly v: Tensor;
}

export const params = { w: draw(2, 2, 8), b: draw(1, 8), v: draw(0.8, 8, 2) };
export const y0 = draw(1, 5, 2);

/** A solve of y' = tanh(y·w + b)·v, or the gradient of its mean square. */
export function programs(device: FakeDevice, gradient: GradientMethod, firstStep?: number) {
  const backend = fakeBackend(device);
  const ode = createOde({
    backend,
    solver: dopri5(),
    gradient,
    controller: pid({ rtol: 1e-4, atol: 1e-6, ...(firstStep === undefined ? {} : { firstStep }) }),
  });
  const solve = (p: Params, start: Tensor, ts: Tensor): Tensor =>
    ode.odeint((_, y: Tensor) => matmul(matmul(y, p.w).add(p.b).tanh(), p.v), start, ts).ys;
  return {
    solve: ode.compile(solve),
    train: ode.compile((p: Params, start: Tensor, ts: Tensor) =>
      valueAndGrad((given: Params) => solve(given, start, ts).square().mean())(p),
    ),
  };
}

/** A graph with arrays for its inputs. */
export interface Case {
  readonly graph: Graph;
  readonly inputs: readonly HostArray[];
}

const times = array([0, 1, 2]);

/** The graph of a training step over two unit intervals. */
export const trainingStep = (gradient: GradientMethod): Case =>
  // Traced for a device of its own, which loads it too.
  caseOf(programs(fakeDevice(), gradient).train.graph(params, y0, times));

/** The graph of a solve over two unit intervals. */
export const solveAlone = (): Case => caseOf(programs(fakeDevice(), backprop()).solve.graph(params, y0, times));

function caseOf(graph: Graph): Case {
  const rng = random(3);
  const inputs = graph.inputs.map(({ type }) => {
    const { shape, dtype } = type as TensorType;
    const size = shape.reduce((a, b) => a * b, 1);
    const isTimes = shape.length === 1 && size === 3;
    return hostArray(
      Float32Array.from({ length: size }, (_, i) => (isTimes ? i : rng.normal())),
      shape,
      dtype,
    );
  });
  return { graph, inputs };
}
