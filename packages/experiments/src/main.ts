/** `npm run experiment`: a list of the experiments, or one of them. */
import { OptionError } from '@node-ode/core';
import { runExperiment } from './lab/run-experiment.ts';
import { runProgram } from './lab/program.ts';
import { writeIndex } from './lab/results-index.ts';
import { listExperiments, loadExperiment } from './registry.ts';

function indexResults(args: readonly string[]): Promise<string> {
  if (args.length === 0) return writeIndex('results');
  throw new OptionError('npm run experiment -- --index', args.join(' '), { expected: 'nothing behind it' });
}

await runProgram('npm run experiment', async (signal) => {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || name === '--help' || name === '-h') process.stdout.write(await listExperiments());
  else if (name === '--index') process.stdout.write(`${await indexResults(args)}\n`);
  else return runExperiment(await loadExperiment(name), args, { stream: process.stdout, signal });
  return { interrupted: false };
});
