/** `node-ode backends`: which engines there are, tried for real. */
import type { Command } from 'commander';
import { doesNotWork, engineNames, listEngine, type ListedEngine } from '../engines/list.ts';
import { probe, type EngineReport } from '../engines/probe.ts';
import { PluginError } from '../errors.ts';
import type { CommonOptions, Io } from '../io.ts';
import { outputOf } from '../output/output.ts';
import { shortNumber, textTable } from '../output/table.ts';

const help = `
Each engine that is installed is made and solves an oscillator, in a process of its own;
the others are listed with the command that installs them.

Examples:
  node-ode backends
  node-ode backends onnx-webgpu          # one of them: exits with 5 if it does not work
  node-ode backends ./my-engine.js
  node-ode backends --json
  VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json node-ode backends onnx-webgpu`;

/** Adds `backends`. */
export function registerBackends(program: Command, io: Io): void {
  program
    .command('backends')
    .description('tries the engines that are installed, and says how to get the others')
    .argument('[name]', 'only this one: a short name, a package or a path')
    .addHelpText('after', help)
    .action((name: string | undefined, flags: CommonOptions) =>
      name === undefined ? tryAll(flags, io) : tryOne(name, flags, io),
    );
}

async function tryOne(name: string, flags: CommonOptions, io: Io): Promise<void> {
  const report = await probe(name, name, io);
  if (report.works) return outputOf(io, flags).result([{ ...report }], table([report]));
  throw new PluginError('backends', `${name}${doesNotWork}${(report.problem ?? '').replace(/\.$/, '')}`);
}

async function tryAll(flags: CommonOptions, io: Io): Promise<void> {
  const output = outputOf(io, flags);
  const found: ListedEngine[] = [];
  for (const { name, isInstalled } of await engineNames(io)) found.push(await listEngine(name, isInstalled, io));
  const working = found.filter(({ works }) => works);
  const broken = found.filter(({ works }) => !works);
  const others = broken.map(({ name, what, problem, install }) =>
    [
      `${name}${what === undefined ? '' : ` (${what})`}`,
      `  ${problem ?? ''}`,
      ...(install === undefined ? [] : [`  ${install}`]),
    ].join('\n'),
  );
  const text = [table(working), ...(others.length === 0 ? [] : ['', 'These do not work here:', ...others])].join('\n');
  await output.result(
    found.map((one) => ({ ...one })),
    text,
  );
}

/** The engines that work. */
const table = (reports: readonly EngineReport[]): string =>
  textTable(
    ['engine', 'dtypes', 'device', 'runtime', 'a small solve', 'error'],
    reports.map(({ name, dtypes = [], device, runtime, milliseconds = NaN, error = NaN }) => [
      name,
      dtypes.join(' '),
      device ?? 'cpu',
      runtime ?? '–',
      `${shortNumber(milliseconds)} ms`,
      error.toExponential(1),
    ]),
  );
