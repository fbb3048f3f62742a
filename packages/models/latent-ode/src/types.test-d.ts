/** Types: parameters are followed through encoder, dynamics and decoder. */
import type { HostArray, Model, Ode, Random, Tensor, TensorsOf } from '@node-ode/core';
import { gruCell, linear, lstmCell, mlp, type CellParams, type LinearParams, type MlpParams } from '@node-ode/nn';
import { expectTypeOf } from 'vitest';
import {
  gapRnn,
  latentOde,
  odeRnnEncoder,
  recurrentEncoder,
  type Elbo,
  type Encoder,
  type GapRnnParams,
  type LatentOdeBatch,
  type LatentOdeParams,
  type OdeRnnParams,
} from './index.ts';

declare const ode: Ode;
declare const random: Random;
declare const x: Tensor;

const dynamics = mlp({ sizes: [3, 3] });
const rest = { latent: 3, dynamics, decoder: linear(3, 2), sigma: 0.1, ode };
const sizes = { dimensions: 2, hidden: 4 };

const model = latentOde({ ...rest, encoder: recurrentEncoder({ ...sizes, cell: gruCell }) });
expectTypeOf(model.init(random)).toEqualTypeOf<LatentOdeParams<CellParams, MlpParams, LinearParams>>();
expectTypeOf(model).toExtend<Model<LatentOdeParams<CellParams, MlpParams, LinearParams>, LatentOdeBatch, Tensor>>();

declare const params: TensorsOf<LatentOdeParams<CellParams, MlpParams, LinearParams>>;
const batch = { observed: { t: x, y: x, mask: x }, noise: x };
expectTypeOf(model.elbo(params, batch)).toEqualTypeOf<Elbo>();
expectTypeOf(model.decode(params, x, [0, 1])).toEqualTypeOf<Tensor>();
// @ts-expect-error: noise is an input
model.loss(params, { observed: batch.observed });

const odeRnn = odeRnnEncoder({ ...sizes, cell: gruCell, dynamics, ode });
expectTypeOf(odeRnn).toEqualTypeOf<Encoder<OdeRnnParams<CellParams, MlpParams>>>();
// @ts-expect-error: the state of the cell has to be one tensor
odeRnnEncoder({ ...sizes, cell: lstmCell, dynamics, ode });

const baseline = gapRnn({ ...sizes, cell: lstmCell, decoder: linear(4, 2), sigma: [0.1, 0.2] });
expectTypeOf(baseline.init(random)).toEqualTypeOf<GapRnnParams<CellParams, LinearParams>>();
expectTypeOf(baseline.init(random).decoder.weight).toEqualTypeOf<HostArray>();
