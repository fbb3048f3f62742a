/** The models of @node-ode/model-latent-ode. */
import { array, random, type HostArray } from '@node-ode/core';
import { gapRnn, latentOde, odeRnnEncoder, recurrentEncoder } from '@node-ode/model-latent-ode';
import { gruCell, linear, mlp, normal } from '@node-ode/nn';
import type { Case } from './case.ts';
import { modelCases } from './models.ts';

const [samples, latent] = [6, 3];
const times = [0, 0.3, 0.5, 1, 1.2];

/** Turns of the plane at `times`, each from a start of its own, a third of it not observed. */
function series(at: readonly number[] = times): { readonly y: HostArray; readonly mask: HostArray } {
  const rng = random(4);
  const y = Array.from({ length: samples }, (_, i) => at.map((t) => [Math.cos(i + 2 * t), Math.sin(i + 2 * t)]));
  const mask = y.map((rows) => rows.map((row) => row.map(() => (rng.uniform() < 0.67 ? 1 : 0))));
  return { y: array(y), mask: array(mask) };
}

const sizes = { dimensions: 2, hidden: 6, cell: gruCell };
const sigma = 0.5;
const parts = { latent, dynamics: mlp({ sizes: [latent, 8, latent] }), decoder: mlp({ sizes: [latent, 8, 2] }), sigma };
const noise = normal()(random(2), [samples, latent], 'f32');

const withGru = modelCases(
  'latent ODE',
  (ode) => {
    const model = latentOde({ ...parts, ode, encoder: recurrentEncoder(sizes) });
    return {
      params: model.init(random(1)),
      batch: { observed: { t: array(times), ...series() }, noise },
      loss: model.loss,
    };
  },
  { learningRate: 0.005 },
);

const withOdeRnn = modelCases(
  'latent ODE with an ODE-RNN and times of each series',
  (ode) => {
    const encoder = odeRnnEncoder({ ...sizes, dynamics: mlp({ sizes: [6, 6, 6] }), ode });
    const model = latentOde({ ...parts, ode, encoder });
    // A solve for each time of the encoder: few of them.
    const few = times.slice(0, 3);
    const t = array(Array.from({ length: samples }, (_, i) => few.map((time) => time * (1 + i / samples))));
    return { params: model.init(random(1)), batch: { observed: { t, ...series(few) }, noise }, loss: model.loss };
  },
  { learningRate: 0.005 },
);

const baseline = modelCases(
  'RNN with time gaps',
  () => {
    const model = gapRnn({ ...sizes, decoder: linear(6, 2), sigma });
    return { params: model.init(random(1)), batch: { observed: { t: array(times), ...series() } }, loss: model.loss };
  },
  { learningRate: 0.005 },
);

export const latentOdeModelCases: readonly Case[] = [...withGru, ...withOdeRnn, ...baseline];
