/** `node-ode predict`: rows in, rows with their predictions out, as a stream. */
import { Option, type Command } from 'commander';
import { FormatError } from '@node-ode/core';
import { UsageError } from '../errors.ts';
import { withModel } from '../evaluate/loaded.ts';
import { addSolveFlags, solveChanges, type FlagOptions } from '../evaluate/options.ts';
import { predictorOf } from '../evaluate/predict.ts';
import type { Io } from '../io.ts';
import { formatNamed, grouped, openRows, typedFields } from '../rows/read.ts';
import { openSink } from '../rows/write.ts';
import { readModel } from '../trained/model-file.ts';

const examples = `
The rows come out as they came in, with more columns: the prediction, and for classes their probabilities; for a density
logProb. With --json, or --format jsonl, they are JSON lines, in which numbers of CSV are numbers.

Examples:
  node-ode predict output/breast-cancer new.csv > predicted.csv
  cat new.csv | node-ode predict output/breast-cancer --json | head
  node-ode predict output/houses new.csv --rtol 1e-2 --out predicted.jsonl`;

/** Adds `predict`. */
export function registerPredict(program: Command, io: Io): void {
  const command = program
    .command('predict')
    .description('predictions for rows of CSV or JSON lines')
    .argument('<model>', 'the file or the folder that train wrote')
    .argument('[rows]', 'CSV with a header, or JSON lines (.jsonl); stdin by default', '-')
    .option('--out <FILE>', 'where rows go; stdout by default')
    .addOption(new Option('--format <NAME>', 'of both ends: csv or jsonl; by default what the files are called'))
    .option('--delimiter <CHARACTER>', 'between fields of CSV that is read', ',')
    .addHelpText('after', examples);
  addSolveFlags(command).action(async (model: string, rows: string, options: FlagOptions) => {
    await runPredict(model, rows, options, io);
  });
}

/** Rows of one run: few enough to be in memory, many enough that the call is nothing. */
const batch = 1000;

async function runPredict(given: string, path: string, options: FlagOptions, io: Io): Promise<void> {
  const stored = await readModel(given, io.cwd);
  const { info } = stored;
  if (info.task === 'forecast') {
    throw new UsageError('predict', 'the model forecasts series', {
      expected: 'a model of rows',
      advice: 'See node-ode forecast --help.',
    });
  }
  const format = formatNamed(options['format']);
  const delimiter = typeof options['delimiter'] === 'string' ? options['delimiter'] : ',';
  const input = await openRows(path, format, delimiter, io);
  const out = typeof options['out'] === 'string' ? options['out'] : undefined;
  const outFormat = format ?? (options.json === true ? 'jsonl' : undefined);
  await withModel(stored, solveChanges(options, io.cwd), io, async (loaded) => {
    const predictor = predictorOf(info, loaded);
    const sink = await openSink({ out, format: outFormat }, io);
    try {
      const becomesJson = input.format === 'csv' && sink.format === 'jsonl';
      let count = 0;
      io.stepDone?.();
      for await (const rows of grouped(input.rows, batch)) {
        const predicted = await predictor.predict(rows, input.source);
        io.stepDone?.();
        await sink.write(becomesJson ? predicted.map(typedFields) : predicted);
        count += rows.length;
        if (io.signal.aborted) break;
      }
      await sink.close();
      if (count === 0 && !io.signal.aborted) {
        throw new FormatError('rows', `${input.source} has no rows`, { expected: 'at least one' });
      }
    } finally {
      predictor.dispose();
    }
  });
}
