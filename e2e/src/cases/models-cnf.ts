/** The models of @node-ode/model-cnf. */
import { array, random, type Tensor } from '@node-ode/core';
import { cnf, concatSquashMlp, hutchinson, hyperPlanarField, planarField, planarFlow } from '@node-ode/model-cnf';
import type { Case } from './case.ts';
import { modelCases } from './models.ts';

/** Points round (±1.5, 0.5). */
const blobs = (() => {
  const rng = random(21);
  const at = (i: number): number[] => [(i % 2 === 0 ? 1.5 : -1.5) + 0.3 * rng.normal(), 0.5 + 0.3 * rng.normal()];
  return array(Array.from({ length: 16 }, (_, i) => at(i)));
})();

/** A normal density round (1, −½), not normalised. */
const energy = (x: Tensor): Tensor =>
  x
    .sub(array([1, -0.5]))
    .square()
    .sum({ axes: [1] })
    .mul(2);

const planar = modelCases(
  'planar continuous flow, likelihood',
  (ode) => {
    const flow = cnf({ dimension: 2, field: planarField({ dimension: 2, width: 6 }), ode });
    return { params: flow.init(random(1)), batch: { x: blobs }, loss: flow.loss };
  },
  { learningRate: 0.02 },
);

const hypernetwork = modelCases(
  'flow by a hypernetwork, unnormalised density',
  (ode) => {
    const flow = cnf({ dimension: 2, field: hyperPlanarField({ dimension: 2, width: 6, hidden: 6 }), ode });
    return {
      params: flow.init(random(1)),
      batch: { base: flow.base(random(2), 16) },
      loss: (params, { base }) => flow.reverseKl(params, base, energy),
    };
  },
  { learningRate: 0.02 },
);

const estimated = modelCases(
  'flow with Hutchinson’s estimate, regularised and augmented',
  (ode) => {
    const field = concatSquashMlp({ sizes: [3, 8, 3] });
    const regularization = { kinetic: 0.01, jacobian: 0.01 };
    const flow = cnf({ dimension: 2, field, ode, divergence: hutchinson(), regularization, augment: 1 });
    return { params: flow.init(random(1)), batch: { x: blobs, ...flow.noise(random(2), 16) }, loss: flow.loss };
  },
  { learningRate: 0.02 },
);

/** Densities of data go through the inverse, which is a loop. */
const discrete = modelCases(
  'discrete planar flow, likelihood',
  () => {
    const flow = planarFlow({ dimension: 2, depth: 3 });
    return { params: flow.init(random(1)), batch: { x: blobs }, loss: flow.loss };
  },
  { learningRate: 0.02 },
);

export const cnfModelCases: readonly Case[] = [...planar, ...hypernetwork, ...estimated, ...discrete];
