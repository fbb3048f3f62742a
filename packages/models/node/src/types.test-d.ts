/** Types: parameters and states are followed through the block. */
import type { HostArray, Model, Ode, Tensor, TensorsOf } from '@node-ode/core';
import { mlp, timeMlp, type MlpParams } from '@node-ode/nn';
import { expectTypeOf } from 'vitest';
import { autonomous, neuralOde, type NeuralOde } from './index.ts';

declare const ode: Ode;
declare const x: Tensor;

expectTypeOf(neuralOde({ dynamics: timeMlp({ sizes: [2, 2] }), ode })).toEqualTypeOf<NeuralOde<MlpParams, Tensor>>();
expectTypeOf(neuralOde({ dynamics: autonomous(mlp({ sizes: [2, 2] })), ode, t0: 0, t1: 2 })).toExtend<
  Model<MlpParams, Tensor, Tensor>
>();

interface State {
  readonly x: Tensor;
  readonly v: readonly [Tensor, Tensor];
}
interface Params {
  readonly k: HostArray;
}
declare const init: () => Params;
const spring = neuralOde({
  ode,
  output: 'trajectory',
  ts: [0, 1],
  dynamics: {
    init,
    apply: ({ k }: TensorsOf<Params>, _t: Tensor, y: State): State => ({ x: y.v[0], v: [y.x.mul(k), y.v[1]] }),
  },
});
expectTypeOf(spring).toEqualTypeOf<NeuralOde<Params, State>>();
expectTypeOf(spring.apply({ k: x }, { x, v: [x, x] })).toEqualTypeOf<State>();
expectTypeOf(spring.solve({ k: x }, { x, v: [x, x] }, [0, 1]).ys).toEqualTypeOf<State>();
// @ts-expect-error: the state has another structure
spring.apply({ k: x }, { x });
// @ts-expect-error: a trajectory needs its times
neuralOde({ dynamics: timeMlp({ sizes: [2, 2] }), ode, output: 'trajectory' });
