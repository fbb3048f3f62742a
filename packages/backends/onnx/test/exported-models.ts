/** Exported files with what they compute, by an engine that knows nothing of ONNX: for tests here, in Python and in a browser. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  asTensor,
  compile,
  constantStep,
  createOde,
  flattenTree,
  isDeviceArray,
  isHostArray,
  mapTree,
  pid,
  random,
  valueAndGrad,
  type DType,
  type GradientMethod,
  type HostArray,
  type Ode,
  type OdeOptions,
  type Tensor,
  type TensorsOf,
  asTensors,
} from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { adam, applyGradients, mlp, mse, trainState, type MlpParams, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { exportOnnx } from '../src/export/export-onnx.ts';

/**
 * dopri5 on the reference engine: the training engine of these tests. The first step is given: after the tiny one that is
 * chosen otherwise, the error estimate is mere rounding in f32, so that every engine goes on with a step of its own.
 */
export const trainingOde = (options: Partial<OdeOptions> = {}): Ode =>
  createOde({ backend: reference(), solver: dopri5(), controller: pid({ firstStep: 0.5 }), ...options });

/** The network of the cubic spiral, dy/dt = net(y³). */
const net = mlp({ sizes: [2, 16, 2] });

const dynamics =
  (params: TensorsOf<MlpParams>) =>
  (_t: Tensor, y: Tensor): Tensor =>
    net.apply(params, y.mul(y).mul(y));

/** The same numbers in another dtype. */
export const withDType = (params: MlpParams, dtype: DType): MlpParams =>
  mapTree('withDType', isHostArray, (x) => array(x.data, { shape: x.shape, dtype }), params) as MlpParams;

/** Fresh parameters. */
export const untrainedParams = (dtype: DType = 'f32'): MlpParams => withDType(net.init(random(7)), dtype);

/** Parameters trained for a few steps on pieces of the spiral dy/dt = A·y³. */
export async function trainedParams(): Promise<MlpParams> {
  const ode = trainingOde({ controller: constantStep({ h: 0.1 }) });
  const ts = [0, 0.1, 0.2, 0.3];
  const y0 = startsOf(12);
  const matrix = asTensor(
    array([
      [-0.1, 2],
      [-2, -0.1],
    ]),
  );
  const truth = await ode.solve((_t, y: Tensor) => y.mul(y).mul(y).matmul(matrix), y0, ts);
  const optimizer = adam({ learningRate: 0.02 });
  const step = ode.compile((state: TrainState<Tensor, TensorsOf<MlpParams>>, y: Tensor, targets: Tensor) => {
    const loss = (params: TensorsOf<MlpParams>): Tensor => mse(ode.odeint(dynamics(params), y, ts).ys, targets);
    return applyGradients(optimizer, state, valueAndGrad(loss)(state.params).grad);
  });
  let state: TrainState<HostArray, MlpParams> = trainState(optimizer, untrainedParams());
  for (let i = 0; i < 40; i++) state = await readTree(await step(state, y0, truth.ys));
  step.dispose();
  return state.params;
}

/** States between −1.5 and 1.5. */
export function startsOf(batch: number, dtype: DType = 'f32', seed = 3): HostArray {
  const rng = random(seed);
  return array(
    Array.from({ length: 2 * batch }, () => 3 * rng.uniform() - 1.5),
    { shape: [batch, 2], dtype },
  );
}

/** Reads a tree of device arrays. */
export async function readTree<T>(tree: unknown): Promise<T> {
  const { leaves, structure } = flattenTree('readTree', tree, isDeviceArray);
  return structure.rebuild(await Promise.all(leaves.map((leaf) => leaf.read()))) as T;
}

/** When a solve ends, and where it is wanted before. */
export const spiralTimes: readonly number[] = [0, 0.5, 2];

/** The Neural ODE of these parameters: y at `spiralTimes`, [time, batch, 2]. */
export const neuralOde =
  (params: MlpParams, ode: Ode = trainingOde(), times = spiralTimes) =>
  (y0: Tensor, rtol: Tensor | number, atol: Tensor | number): Tensor =>
    ode.odeint(dynamics(asTensors(params)), y0, times, { rtol, atol }).ys;

/** The loss of parameters, and its gradient, through a solve of steps of one size. */
export const lossAndGradient =
  (gradient: GradientMethod, options: Partial<OdeOptions> = { controller: constantStep({ h: 0.1 }) }) =>
  (params: TensorsOf<MlpParams>, y0: Tensor, targets: Tensor) => {
    const ode = trainingOde({ gradient, ...options });
    const loss = (p: TensorsOf<MlpParams>): Tensor => mse(ode.odeint(dynamics(p), y0, [0, 0.25]).ys.at(1), targets);
    const { value, grad } = valueAndGrad(loss)(params);
    return { loss: value, params: grad };
  };

/** A file with what it takes and what it must give. */
export interface ExportedModel {
  readonly name: string;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly runs: readonly {
    readonly inputs: Readonly<Record<string, HostArray>>;
    /** Some of the outputs. */
    readonly outputs: Readonly<Record<string, HostArray>>;
    /** Largest distance from them, relative to numbers above 1. */
    readonly tolerance: number;
  }[];
}

/** The exported Neural ODE, `y0[batch, 2]`, `rtol`, `atol` → `output[3, batch, 2]`, `nfe`, `status`, at three batches. */
export async function exportedNeuralOde(): Promise<ExportedModel> {
  const solve = neuralOde(await trainedParams());
  const file = exportOnnx(solve, [{ shape: ['batch', 2] }, { shape: [] }, { shape: [] }], {
    names: ['y0', 'rtol', 'atol'],
    name: 'neural_ode',
    nfe: true,
    metadata: { task: 'cubic spiral' },
  });
  const engine = compile(reference(), solve);
  const run = async (batch: number, tolerance: number): Promise<ExportedModel['runs'][number]> => {
    const [y0, rtol] = [startsOf(batch), array(tolerance)];
    const { result, stats } = await engine.run(y0, rtol, rtol);
    const outputs = { output: await result.read(), nfe: array(stats.nfe, { dtype: 'i32' }) };
    return { inputs: { y0, rtol, atol: rtol }, outputs, tolerance: 1e-5 };
  };
  return {
    name: 'neural-ode',
    file,
    runs: await Promise.all([run(1, 1e-5), run(3, 1e-4), run(17, 1e-6)]),
  };
}

/** A training step: parameters, y0[batch, 2] and targets → loss and gradients, through ten steps of dopri5. */
export async function exportedTrainingStep(): Promise<ExportedModel> {
  const step = lossAndGradient(backprop());
  const params = untrainedParams();
  const file = exportOnnx(step, [params, { shape: ['batch', 2] }, { shape: ['batch', 2] }], {
    names: ['params', 'y0', 'targets'],
    name: 'training_step',
  });
  const [y0, targets] = [startsOf(5), startsOf(5, 'f32', 4)];
  const result = await readTree<{ readonly loss: HostArray; readonly params: MlpParams }>(
    await compile(reference(), step)(params, y0, targets),
  );
  const named = (tree: MlpParams, suffix: string): Record<string, HostArray> =>
    Object.fromEntries(
      tree.flatMap((layer, i) => Object.entries(layer).map(([key, x]) => [`params.${i}.${key}${suffix}`, x])),
    );
  return {
    name: 'training-step',
    file,
    runs: [
      {
        inputs: { ...named(params, ''), y0, targets },
        outputs: { loss: result.loss, ...named(result.params, '_out') },
        tolerance: 1e-5,
      },
    ],
  };
}

/** Every exported file. */
export const exportedModels = async (): Promise<readonly ExportedModel[]> => [
  await exportedNeuralOde(),
  await exportedTrainingStep(),
];
