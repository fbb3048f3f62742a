/** `node-ode evaluate`: how good a model is on data, and what that costs at other tolerances or with another solver. */
import type { Command } from 'commander';
import { givenProblem, givenSplit } from '../data/given.ts';
import type { Problem } from '../data/problem.ts';
import { UsageError } from '../errors.ts';
import { evaluateModel, trainedOn, type Evaluation } from '../evaluate/evaluate.ts';
import { addSolveFlags, listOf, solveChanges, type FlagOptions } from '../evaluate/options.ts';
import type { Io } from '../io.ts';
import { outputOf } from '../output/output.ts';
import { shortNumber, textTable } from '../output/table.ts';
import { formatNamed } from '../rows/read.ts';
import { readModel, type StoredModel } from '../trained/model-file.ts';

const examples = `
Examples:
  node-ode evaluate output/breast-cancer
  node-ode evaluate output/lynx-hare --rtol 1e-2,1e-4,1e-6 --json   a row for each tolerance
  node-ode evaluate output/moons-cnf --solver tsit5 --rtol 1e-5 --atol 1e-7
  node-ode evaluate output/houses --split train
  node-ode evaluate output/houses --data new-houses.csv             all of it`;

/** Adds `evaluate`. */
export function registerEvaluate(program: Command, io: Io): void {
  const command = program
    .command('evaluate')
    .description('error, function evaluations and time of a trained model')
    .argument('<model>', 'the file or the folder that train wrote')
    .option('--split <NAME>', 'train, test or another split of the data; test by default')
    .option('--data <FILE>', 'CSV or JSON lines with the columns of the data it was trained on; - for stdin')
    .option('--format <NAME>', 'of --data: csv or jsonl; by default what the file is called')
    .option('--delimiter <CHARACTER>', 'between fields of CSV; that of training by default')
    .addHelpText('after', examples);
  addSolveFlags(command).action(async (model: string, options: FlagOptions) => {
    await runEvaluate(model, options, io);
  });
}

async function runEvaluate(given: string, options: FlagOptions, io: Io): Promise<void> {
  const output = outputOf(io, options);
  const stored = await readModel(given, io.cwd);
  const tolerances = tolerancesOf(options);
  const { problem, split } = await problemOf(stored, options, io);
  const rows: (Evaluation & Tolerances)[] = [];
  for (const tolerance of tolerances) {
    const solve = solveChanges({ ...options, ...tolerance }, io.cwd);
    const found = await evaluateModel(stored, { solve, split, problem }, io);
    rows.push({ ...found, ...tolerance });
    if (io.signal.aborted) break;
  }
  const json = rows.map(({ engine, scores, samples, nfe, seconds, rtol, atol }) => ({
    split,
    samples,
    ...(rtol === undefined ? {} : { rtol: Number(rtol) }),
    ...(atol === undefined ? {} : { atol: Number(atol) }),
    scores,
    nfe,
    seconds,
    engine,
  }));
  await output.result(json.length === 1 ? json[0]! : json, describe(rows));
}

/** What is evaluated on. */
async function problemOf(
  stored: StoredModel,
  { data, split, format, delimiter }: FlagOptions,
  io: Io,
): Promise<{ readonly problem: Problem; readonly split: string }> {
  if (typeof data !== 'string') {
    return { problem: await trainedOn(stored, io), split: typeof split === 'string' ? split : 'test' };
  }
  if (split !== undefined) {
    throw new UsageError('evaluate', '--data with --split', { expected: 'one of them: all of --data is evaluated' });
  }
  const source = {
    path: data,
    format: formatNamed(format),
    delimiter: typeof delimiter === 'string' ? delimiter : (stored.config.data.delimiter ?? ','),
  };
  const problem = await givenProblem(stored.info, source, stored.config.dtype ?? 'f32', io);
  return { problem, split: givenSplit };
}

/** What `--rtol` and `--atol` say for one evaluation. */
interface Tolerances {
  readonly rtol?: string;
  readonly atol?: string;
}

function tolerancesOf(options: FlagOptions): readonly Tolerances[] {
  const [rtols, atols] = [listOf(options['rtol']), listOf(options['atol'])];
  const count = Math.max(1, rtols.length, atols.length);
  if (rtols.length > 1 && atols.length > 1 && rtols.length !== atols.length) {
    throw new UsageError('evaluate', `${rtols.length} values of --rtol and ${atols.length} of --atol`, {
      expected: 'as many of both, or one',
    });
  }
  const at = (values: readonly string[], i: number): string | undefined => values[values.length === 1 ? 0 : i];
  return Array.from({ length: count }, (_, i) => {
    const [rtol, atol] = [at(rtols, i), at(atols, i)];
    return { ...(rtol === undefined ? {} : { rtol }), ...(atol === undefined ? {} : { atol }) };
  });
}

function describe(rows: readonly (Evaluation & Tolerances)[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const names = Object.keys(first.scores);
  const hasTolerances = rows.length > 1;
  const table = textTable(
    [...(hasTolerances ? ['rtol', 'atol'] : []), ...names, 'NFE', 'seconds'],
    rows.map(({ scores, nfe, seconds, rtol = '–', atol = '–' }) => [
      ...(hasTolerances ? [rtol, atol] : []),
      ...names.map((name) => shortNumber(scores[name] ?? NaN)),
      shortNumber(nfe),
      shortNumber(seconds),
    ]),
  );
  return `${first.samples} samples of ${first.split}; ${first.engine}.\n${table}`;
}
