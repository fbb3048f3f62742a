/** `node-ode train`: from a configuration, a preset or flags to a model. */
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { progressBar } from '@node-ode/train/node';
import type { Config } from '../config/config.ts';
import { addFlags, configFlags, withFlags } from '../config/flags.ts';
import { isFolder, namesConfig, presetNames, readConfig, type RawConfig } from '../config/read.ts';
import { validConfig } from '../config/validate.ts';
import { InterruptedError, UsageError } from '../errors.ts';
import type { CommonOptions, Io } from '../io.ts';
import { forgetRun, train, type TrainEvents, type TrainStart } from '../learn/train.ts';
import { configOfRun, noRunIn } from '../learn/run-folder.ts';
import { didYouMean } from '../names.ts';
import { outputOf, type Output } from '../output/output.ts';
import { shortNumber } from '../output/table.ts';
import { evaluateModel } from '../evaluate/evaluate.ts';
import { describeScores } from '../evaluate/scores.ts';
import { readModel } from '../trained/model-file.ts';

/** Options of `train`; flags of entries beside them. */
interface TrainOptions extends CommonOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly out?: string;
  readonly [flag: string]: unknown;
}

const examples = `
Examples:
  node-ode train moons-cnf                        a preset
  node-ode train my-run.yaml --epochs 50 --out output/second
  node-ode train --resume output/my-run           goes on where it was interrupted, or killed
  node-ode train breast-cancer --solver tsit5 --rtol 1e-4 --set model.width=32
  node-ode train --task regression --data-file houses.csv --data-target price --model node

A configuration:
  task: classification
  data: { file: flowers.csv, target: species }
  model: { name: node, width: 16 }
  solver: dopri5
  epochs: 50`;

/** Adds `train`. */
export function registerTrain(program: Command, io: Io): void {
  const command = program
    .command('train')
    .description('trains a model, with checkpoints; writes it as one file')
    .argument(
      '[config]',
      'a YAML or JSON file, or the name of a preset; flags alone will do; with --resume also the folder of a run',
    )
    .option('--resume', 'goes on from the newest checkpoint in the folder of the run, if there is one')
    .option('--overwrite', "forgets the folder's earlier run")
    .addHelpText('after', examples);
  addFlags(command, configFlags).action(async (given: string | undefined, options: TrainOptions) => {
    await runTrain(given, options, io);
  });
}

async function runTrain(given: string | undefined, options: TrainOptions, io: Io): Promise<void> {
  const output = outputOf(io, options);
  const { config, name } = await configOf(given, options, io);
  const out = resolve(io.cwd, config.out ?? join('output', name));
  if (options.overwrite === true && options.resume !== true) await forgetRun(out);
  const shown = relative(io.cwd, out) || '.';
  const bar = progressBar({ stream: io.stderr, lineEvery: 3 });
  const events: TrainEvents = { onStart: (start) => introduce(output, start, shown), onProgress: bar.update };
  const result = await train(config, out, { resume: options.resume === true }, events, io).finally(bar.stop);
  const { steps, seconds, loss, interrupted } = result;
  if (interrupted) {
    throw new InterruptedError('train', `interrupted after step ${steps}; the checkpoint is in ${shown}`, {
      advice: `Go on with: node-ode train --resume ${shown}`,
    });
  }
  const scores = result.hasTest ? (await evaluateModel(await readModel(out, io.cwd), {}, io)).scores : undefined;
  await output.result(
    { model: result.model ?? null, steps, seconds, loss, ...(scores === undefined ? {} : { test: scores }) },
    [
      `${steps} steps in ${shortNumber(seconds)} s; loss of the last epoch ${loss === null ? '–' : shortNumber(loss)}.`,
      ...(scores === undefined ? [] : [`Held out: ${describeScores(scores)}.`]),
      `The model is ${join(shown, 'model.safetensors')}.`,
    ].join('\n'),
  );
}

/** The configuration with its flags, and the name of its folder. */
async function configOf(
  given: string | undefined,
  options: TrainOptions,
  io: Io,
): Promise<{ readonly config: Config; readonly name: string }> {
  const raw = await rawConfig(given, options, io);
  const value = withFlags(raw.value, configFlags, options, io.cwd);
  return { config: validConfig(value, raw.source), name: raw.name };
}

async function rawConfig(given: string | undefined, options: TrainOptions, io: Io): Promise<RawConfig> {
  if (given === undefined) return { value: {}, source: 'the flags', name: 'model' };
  const isRun = options.resume === true && (await isFolder(resolve(io.cwd, given)));
  if (!isRun && options.resume === true && !(await namesConfig(given, io.cwd))) {
    throw noRunIn(given, 'which does not exist', didYouMean(given, await presetNames()));
  }
  if (!isRun) return readConfig(given, io.cwd);
  if (options.out !== undefined) {
    throw new UsageError('train', `--resume ${given} with --out`, {
      expected: 'the folder of the run alone: it goes on there',
    });
  }
  return { value: await configOfRun(given, io), source: given, name: given };
}

function introduce(output: Output, start: TrainStart, out: string): void {
  const { task, samples, parameters, engine, leftOut, from } = start;
  output.note(`${task}: ${samples} samples, ${parameters} parameters. ${engine}.`);
  if (leftOut.length > 0) output.note(`Left out, as it holds text: ${leftOut.join(', ')}.`);
  output.note(from > 0 ? `Going on after step ${from}, in ${out}.` : `The model and its checkpoints go to ${out}.`);
}
