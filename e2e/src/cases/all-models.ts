/** A case for each model that the library has, by package. */
import type { Case } from './case.ts';
// model-node
import { nodeModelCases } from './models-node.ts';
// model-anode
import { anodeModelCases } from './models-anode.ts';

// model-cnf
import { cnfModelCases } from './models-cnf.ts';

// model-latent-ode
import { latentOdeModelCases } from './models-latent-ode.ts';

export const modelCases: readonly Case[] = [
  // model-node
  ...nodeModelCases,
  // model-anode
  ...anodeModelCases,

  // model-cnf
  ...cnfModelCases,

  // model-latent-ode
  ...latentOdeModelCases,
];
