/** `node-ode sample`: points drawn from a model of a density, as a stream. */
import type { Command } from 'commander';
import { random } from '@node-ode/core';
import { unscaled } from '../data/arrays.ts';
import { UsageError } from '../errors.ts';
import { withModel, runnerOf } from '../evaluate/loaded.ts';
import { addSolveFlags, solveChanges, type FlagOptions } from '../evaluate/options.ts';
import type { Io } from '../io.ts';
import { densityModel } from '../learn/models.ts';
import { countOf } from '../output/count.ts';
import { formatNamed } from '../rows/read.ts';
import { openSink } from '../rows/write.ts';
import { paramsFor, readModel } from '../trained/model-file.ts';

const examples = `
Examples:
  node-ode sample output/moons-cnf --count 1000 > points.csv
  node-ode sample output/moons-cnf --count 5 --seed 1 --json
  node-ode sample output/moons-cnf --rtol 1e-6 --atol 1e-6 | head`;

/** Adds `sample`. */
export function registerSample(program: Command, io: Io): void {
  const command = program
    .command('sample')
    .description('points drawn from a trained density')
    .argument('<model>', 'the file or the folder that train wrote')
    .option('--count <NUMBER>', 'how many points', '100')
    .option('--seed <NUMBER>', 'of the points: the same seed draws the same', '0')
    .option('--out <FILE>', 'where points go; stdout by default')
    .option('--format <NAME>', "csv or jsonl; by default the file's, or csv")
    .addHelpText('after', examples);
  addSolveFlags(command).action(async (model: string, options: FlagOptions) => {
    await runSample(model, options, io);
  });
}

/** Points of one run. */
const batch = 1000;

async function runSample(given: string, options: FlagOptions, io: Io): Promise<void> {
  const stored = await readModel(given, io.cwd);
  const { info } = stored;
  if (info.task !== 'density') {
    throw new UsageError('sample', `the model is for ${info.task}`, { expected: 'a model of a density, such as cnf' });
  }
  const count = countOf('--count', options['count'], 1);
  const source = random(countOf('--seed', options['seed'], 0));
  const out = typeof options['out'] === 'string' ? options['out'] : undefined;
  const format = formatNamed(options['format']) ?? (options.json === true ? 'jsonl' : undefined);
  await withModel(stored, solveChanges(options, io.cwd), io, async (loaded) => {
    const model = densityModel(info, loaded);
    const runner = runnerOf(loaded.ode, paramsFor(model, stored), (params, [base]) => [model.sample(params, base!)]);
    const sink = await openSink({ out, format }, io);
    const width = info.features.length;
    try {
      io.stepDone?.();
      for (let done = 0; done < count && !io.signal.aborted; done += batch) {
        const samples = Math.min(batch, count - done);
        const { outputs } = await runner.run([model.base(source, samples)]);
        io.stepDone?.();
        const values = unscaled(Array.from(outputs[0]?.data ?? [], Number), info.scale);
        const row = (i: number) => Object.fromEntries(info.features.map((name, k) => [name, values[i * width + k]]));
        await sink.write(Array.from({ length: samples }, (_, i) => row(i)));
      }
      await sink.close();
    } finally {
      runner.dispose();
    }
  });
}
