/** A case for each model that the library has, by package. */
import type { Case } from './case.ts';
// model-node
import { nodeModelCases } from './models-node.ts';
// model-anode

// model-cnf

// model-latent-ode

export const modelCases: readonly Case[] = [
  // model-node
  ...nodeModelCases,
  // model-anode

  // model-cnf

  // model-latent-ode
];
