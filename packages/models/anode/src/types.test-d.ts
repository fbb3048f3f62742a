/** Types: parameters are followed through the models. */
import type { Model, Ode, Tensor, TensorsOf } from '@node-ode/core';
import { expectTypeOf } from 'vitest';
import { anode, convAnode, residualNet, type AnodeParams, type AugmentedOde, type ConvAnodeParams } from './index.ts';

declare const ode: Ode;
declare const x: Tensor;
declare const params: TensorsOf<AnodeParams>;

const model = anode({ ode, features: 2, extra: 1 });
expectTypeOf(model).toEqualTypeOf<AugmentedOde<AnodeParams>>();
expectTypeOf(model).toExtend<Model<AnodeParams, Tensor, Tensor>>();
expectTypeOf(model.apply(params, x)).toEqualTypeOf<Tensor>();
expectTypeOf(model.solve(params, x, [0, 1]).stats.nfe).toEqualTypeOf<Tensor>();
expectTypeOf(convAnode({ ode, image: [1, 28, 28], extra: 5, filters: 64, outputs: 10 })).toEqualTypeOf<
  AugmentedOde<ConvAnodeParams>
>();
expectTypeOf(residualNet({ features: 2 }).states).returns.toEqualTypeOf<Tensor>();
// @ts-expect-error: how many dimensions are added has no default
anode({ ode, features: 2 });
// @ts-expect-error: an image has three extents
convAnode({ ode, image: [28, 28], extra: 5, filters: 64, outputs: 10 });
// @ts-expect-error: the parameters of another model
model.apply({ head: x }, x);
