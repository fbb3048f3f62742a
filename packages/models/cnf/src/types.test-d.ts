/** Types: parameters are followed through flows, and flows are models. */
import type { HostArray, Model, Ode, Tensor, TensorsOf } from '@node-ode/core';
import { timeMlp, type ConcatSquashParams, type MlpParams } from '@node-ode/nn';
import { expectTypeOf } from 'vitest';
import {
  cnf,
  concatSquashMlp,
  planarField,
  planarFlow,
  type Cnf,
  type FlowBatch,
  type FlowNoise,
  type PlanarFlowParams,
  type PlanarParams,
  type Sampler,
} from './index.ts';

declare const ode: Ode;
declare const x: Tensor;

expectTypeOf(cnf({ dimension: 2, field: timeMlp({ sizes: [2, 2] }), ode })).toEqualTypeOf<Cnf<MlpParams>>();
expectTypeOf(cnf({ dimension: 2, field: concatSquashMlp({ sizes: [2, 2] }), ode })).toEqualTypeOf<
  Cnf<readonly ConcatSquashParams[]>
>();
const flow = cnf({ dimension: 2, field: planarField({ dimension: 2, width: 2 }), ode });
expectTypeOf(flow).toExtend<Model<PlanarParams, FlowBatch, Tensor>>();
expectTypeOf(flow).toExtend<Sampler<PlanarParams>>();
expectTypeOf(flow.noise).returns.toEqualTypeOf<FlowNoise<HostArray>>();
expectTypeOf(planarFlow({ dimension: 2, depth: 2 })).toExtend<Sampler<PlanarFlowParams>>();

declare const params: TensorsOf<PlanarParams>;
expectTypeOf(flow.logProb(params, { x, trace: x })).toEqualTypeOf<Tensor>();
// @ts-expect-error: points are missing
flow.logProb(params, { trace: x });
// @ts-expect-error: parameters of another field
flow.logProb([], { x });
