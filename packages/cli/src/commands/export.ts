/** `node-ode export`: a trained model as one file of ONNX. */
import { InvalidArgumentError, type Command } from 'commander';
import type { ExportFlags } from '../export/command.ts';
import type { Io } from '../io.ts';

const help = `
The file has the whole model: scaling, network and adaptive solver. Any ONNX Runtime runs it
(Python, C++, a browser), with any batch and, where steps are adaptive, any tolerances: rtol and
atol are inputs. The output nfe counts evaluations, status tells of solves that failed.

  classification, regression  predict   x [batch, features] → probabilities, or numbers
  density                     log-prob  x [batch, dimension] → log_prob
                              sample    base [batch, dimension] → samples
  forecast                    forecast  t_observed, y_observed, t → y [batch, times, values]
                              flow      y0 [batch, values], t → y, a time t later

Examples:
  node-ode export output/breast-cancer
  node-ode export output/moons-cnf --what sample --out moons.onnx --metadata author=me
  node-ode export output/spirals --what flow --json`;

/** `key=value`, several of them. */
function metadataFlag(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === '') throw new InvalidArgumentError('Expected key=value.');
  return { ...before, [key]: value };
}

/** Adds `export`. */
export function registerExport(program: Command, io: Io): void {
  program
    .command('export')
    .description('writes a trained model as one ONNX file with its solver inside, and checks it')
    .argument('<model>', 'the file or the folder that train wrote')
    .option('--out <file>', 'model.onnx beside the model by default')
    .option('--what <name>', 'which of the model’s functions: see below')
    .option('--metadata <key=value>', 'is written into the file; several times for several', metadataFlag)
    .addHelpText('after', help)
    .action(async (model: string, flags: ExportFlags) => {
      const { exportModel } = await import('../export/command.ts');
      await exportModel(model, flags, io);
    });
}
