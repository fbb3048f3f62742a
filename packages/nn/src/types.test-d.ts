/** Types: trees of parameters, states and targets are followed through layers, losses and optimisers. */
import { compile, random, type DeviceArray, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { expectTypeOf } from 'vitest';
import {
  adam,
  alongTrajectory,
  applyGradients,
  atLastTime,
  batchNorm,
  clipByGlobalNorm,
  concatSquash,
  conv2d,
  crossEntropy,
  dropout,
  embedding,
  groupNorm,
  gruCell,
  layerNorm,
  linear,
  lstmCell,
  mlp,
  mse,
  smoothL1,
  timeConv2d,
  timeMlp,
  trainState,
  unroll,
  type BatchNormState,
  type Cell,
  type CellParams,
  type ClassLoss,
  type ConcatSquashParams,
  type Conv2dParams,
  type EmbeddingParams,
  type Layer,
  type NormParams,
  type LinearParams,
  type LstmState,
  type MlpParams,
  type Optimizer,
  type OptimizerState,
  type TimeLayer,
  type TrainState,
  type Unrolled,
} from './index.ts';

interface Params {
  readonly encoder: LinearParams;
  readonly heads: readonly [HostArray, { readonly scale: HostArray }];
}
type Traced = TensorsOf<Params>;
declare const params: Params;
declare const traced: Traced;
declare const x: Tensor;

// Layers
expectTypeOf(linear(2, 3)).toEqualTypeOf<Layer<LinearParams>>();
expectTypeOf(mlp({ sizes: [1, 1] }).init(random(0))).toEqualTypeOf<MlpParams>();
expectTypeOf<TensorsOf<LinearParams>>().toEqualTypeOf<{ readonly weight: Tensor; readonly bias?: Tensor }>();
expectTypeOf<TensorsOf<MlpParams>>().toEqualTypeOf<readonly { readonly weight: Tensor; readonly bias?: Tensor }[]>();
expectTypeOf(timeMlp({ sizes: [1, 1] }).apply).returns.toEqualTypeOf<Tensor>();
// @ts-expect-error: parameters are traced, not host arrays
linear(2, 3).apply(linear(2, 3).init(random(0)), x);
// @ts-expect-error: no such activation
mlp({ sizes: [1, 1], activation: 'gelu2' });
expectTypeOf(layerNorm(2)).toEqualTypeOf<Layer<NormParams>>();
expectTypeOf(embedding(9, 2)).toEqualTypeOf<Layer<EmbeddingParams>>();
expectTypeOf(concatSquash(2, 3)).toEqualTypeOf<TimeLayer<ConcatSquashParams>>();
expectTypeOf(conv2d(3, 8, 3, { groups: 1, padding: 'same' })).toEqualTypeOf<Layer<Conv2dParams>>();
expectTypeOf(timeConv2d(3, 8, [3, 1])).toEqualTypeOf<TimeLayer<Conv2dParams>>();
expectTypeOf(groupNorm(2, 8)).toEqualTypeOf<Layer<NormParams>>();
expectTypeOf(batchNorm(8).train({}, { mean: x, variance: x }, x).state).toEqualTypeOf<TensorsOf<BatchNormState>>();
// @ts-expect-error: two spatial axes
conv2d(3, 8, [3, 3, 3]);
// @ts-expect-error: no such padding
conv2d(3, 8, 3, { padding: 'full' });
// @ts-expect-error: groups would not know time
timeConv2d(4, 8, 3, { groups: 2 });
// @ts-expect-error: no running statistics
batchNorm(8).evaluate({}, x);
expectTypeOf(dropout).toBeCallableWith(x, x, 0.1);

// Recurrent cells
declare const cellParams: TensorsOf<CellParams>;
expectTypeOf(gruCell(2, 3)).toEqualTypeOf<Cell<CellParams, Tensor>>();
expectTypeOf(unroll(gruCell(2, 3), cellParams, x)).toEqualTypeOf<Unrolled<Tensor>>();
expectTypeOf(unroll(lstmCell(2, 3), cellParams, x).state).toEqualTypeOf<LstmState>();
expectTypeOf(unroll(lstmCell(2, 3), cellParams, x, { mask: x, initial: { hidden: x, cell: x } }).outputs).toBeObject();
// @ts-expect-error: the state of an LSTM has two parts
unroll(lstmCell(2, 3), cellParams, x, { initial: x });
// @ts-expect-error: parameters of a layer
unroll(gruCell(2, 3), traced.encoder, x);
// @ts-expect-error: no such option
unroll(gruCell(2, 3), cellParams, x, { backwards: true });

// Losses
interface State {
  readonly prey: Tensor;
  readonly pred: readonly [Tensor];
}
declare const ys: State;
expectTypeOf(mse(ys, { prey: 1, pred: [x] })).toEqualTypeOf<Tensor>();
expectTypeOf(mse(ys, ys, { reduction: 'none' })).toEqualTypeOf<State>();
expectTypeOf(mse(x, 0, { reduction: 'sum' })).toEqualTypeOf<Tensor>();
expectTypeOf(smoothL1(ys, ys, { beta: 0.5, reduction: 'none' })).toEqualTypeOf<State>();
expectTypeOf(atLastTime(crossEntropy)).toEqualTypeOf<ClassLoss>();
expectTypeOf(alongTrajectory(mse, { weights: [1] })).toEqualTypeOf<typeof mse>();
expectTypeOf(atLastTime(mse)(ys, ys)).toEqualTypeOf<Tensor>();
// @ts-expect-error: a leaf is missing in the target
mse(ys, { prey: x });
// @ts-expect-error: no such option
mse(x, x, { beta: 1 });
// @ts-expect-error: no such reduction
mse(x, x, { reduction: 'avg' });

// Optimisers
const optimizer = adam({ learningRate: 1e-3 });
expectTypeOf(optimizer).toEqualTypeOf<Optimizer>();
expectTypeOf(optimizer.init(params)).toEqualTypeOf<OptimizerState<HostArray, Params>>();
declare const state: TrainState<Tensor, Traced>;
expectTypeOf(optimizer.update(traced, state.optimizer, traced).params).toEqualTypeOf<Traced>();
expectTypeOf(applyGradients(optimizer, state, traced)).toEqualTypeOf<TrainState<Tensor, Traced>>();
expectTypeOf(trainState(optimizer, params)).toEqualTypeOf<TrainState<HostArray, Params>>();
expectTypeOf<TensorsOf<TrainState<HostArray, Params>>>().toExtend<TrainState<Tensor, Traced>>();
expectTypeOf(clipByGlobalNorm(traced, 1)).toEqualTypeOf<Traced>();
// @ts-expect-error: gradients of another tree
applyGradients(optimizer, state, { encoder: traced.encoder });

// A compiled step takes the host's state, and its own result again
const step = compile(reference(), (s: TrainState<Tensor, Traced>) => applyGradients(optimizer, s, s.params));
expectTypeOf(step).toBeCallableWith(trainState(optimizer, params));
type Device = Awaited<ReturnType<typeof step>>;
declare const device: Device;
expectTypeOf(step).toBeCallableWith(device);
expectTypeOf<Device['params']['heads']>().toEqualTypeOf<readonly [DeviceArray, { readonly scale: DeviceArray }]>();
