/** Every experiment by the name that the command line takes, loaded when it is asked for. One line each, below its heading. */
import { OptionError } from '@node-ode/core';
import type { Experiment } from './lab/index.ts';

/** Loads an experiment. */
export type ExperimentLoader = () => Promise<{ readonly experiment: Experiment }>;

export const experiments: Readonly<Record<string, ExperimentLoader>> = {
  // Images, depth, tolerances, gradients
  'gradient-accuracy': () => import('./gradient-accuracy/experiment.ts'),
  'gradient-depth': () => import('./gradient-depth/experiment.ts'),
  'mnist-table': () => import('./mnist-table/experiment.ts'),
  tolerance: () => import('./tolerance/experiment.ts'),

  // Augmented Neural ODEs
  'anode-1d': () => import('./anode-1d/experiment.ts'),
  'anode-spheres': () => import('./anode-spheres/experiment.ts'),
  'anode-images': () => import('./anode-images/experiment.ts'),

  // Flows of densities
  'cnf-vs-nf': () => import('./cnf-vs-nf/experiment.ts'),
  'cnf-density': () => import('./cnf-density/experiment.ts'),

  // Latent ODEs
  physionet: () => import('./physionet/experiment.ts'),
  'latent-spirals': () => import('./latent-spirals/experiment.ts'),

  // Tables and measured systems
  tabular: () => import('./tabular/experiment.ts'),
  identify: () => import('./identify/experiment.ts'),

  // Control
  'optimal-control': () => import('./optimal-control/experiment.ts'),
};

/**
 * The experiment of that name.
 *
 * @throws OptionError that lists the names if there is none.
 */
export async function loadExperiment(name: string, known = experiments): Promise<Experiment> {
  const load = Object.hasOwn(known, name) ? known[name] : undefined;
  if (load !== undefined) return (await load()).experiment;
  throw new OptionError('npm run experiment', `“${name}”`, { expected: `one of ${Object.keys(known).join(', ')}` });
}

/** The list that `npm run experiment` prints. */
export async function listExperiments(known = experiments): Promise<string> {
  const names = Object.keys(known);
  const width = Math.max(...names.map(({ length }) => length));
  const lines: string[] = [];
  for (const name of names) {
    const { title, source } = await loadExperiment(name, known);
    lines.push(`  ${name.padEnd(width)}  ${title} (${source})\n`);
  }
  const usage = 'npm run experiment -- NAME [options]\nnpm run experiment -- NAME --help\n\n';
  const index = '\nnpm run experiment -- --index writes results/README.md anew from the results that are there.\n';
  return `${usage}${lines.join('')}${index}`;
}
