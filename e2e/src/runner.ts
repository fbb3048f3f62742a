/** The end-to-end runner: from a command line to an exit code. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileError, makeFolder, NodeOdeError, OptionError } from '@node-ode/core';
import { isUnavailable, type About, type Unavailable } from './backends.ts';
import type { Case } from './cases/case.ts';
import { casesMatching } from './cases/index.ts';
import { writeDocs } from './docs.ts';
import { inProcess, type Host, type OpenBackend } from './host.ts';
import { describeEngineMachine, type EngineMachine } from './machine.ts';
import { parseCommand, usage, type RunnerOptions } from './options.ts';
import { formatOutcome, formatReport, isSuccess, type Report } from './report.ts';
import type { Outcome } from './run-case.ts';

/** Where the runner writes. */
export interface Output {
  readonly log: (text: string) => void;
  readonly error: (text: string) => void;
}

/** Exit codes: everything agreed; something did not; wrong usage, or no browser. */
export const exitCode = { success: 0, failure: 1, usage: 2 } as const;

/** Runs the cases on backends that the host knows by name, and closes the host; tells of each outcome as it is there. */
export async function runCases(
  { backends: names, required }: Pick<RunnerOptions, 'backends' | 'required'>,
  cases: readonly Case[],
  host: Host,
  onOutcome: (outcome: Outcome) => void = () => undefined,
): Promise<Report> {
  const unavailable: Unavailable[] = [];
  const outcomes: Outcome[] = [];
  const engines: Record<string, About> = {};
  let errors: readonly string[];
  try {
    for (const name of names) {
      const opened = await host.open(name);
      if (isUnavailable(opened)) {
        unavailable.push(opened);
        continue;
      }
      engines[name] = opened.about;
      outcomes.push(...(await runOn(opened, cases, onOutcome)));
    }
  } finally {
    errors = await host.close();
  }
  const missing = required.filter((name) => unavailable.some((u) => u.name === name));
  return { engines, outcomes, unavailable, missing, errors };
}

async function runOn(
  backend: OpenBackend,
  cases: readonly Case[],
  onOutcome: (outcome: Outcome) => void,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    for (const c of cases) {
      const outcome = await backend.run(c);
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  } finally {
    await backend.dispose();
  }
  return outcomes;
}

async function hostFor({ browser }: RunnerOptions): Promise<Host> {
  if (browser === undefined) return inProcess();
  const { browserHost } = await import('./browser/page-host.ts');
  return browserHost(browser);
}

/**
 * The runner as a function: what `npm run e2e` does.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[], { log, error }: Output = console): Promise<number> {
  try {
    const options = parseCommand(args);
    if (options.help) {
      log(usage);
      return exitCode.success;
    }
    const { report, machine } =
      options.from === undefined ? await runHere(options, error) : await readJson(options.from);
    log(formatReport(report));
    if (options.json !== undefined) await writeJson(options.json, { report, machine });
    if (options.docs) log(`Wrote ${await writeDocs(report, machine)}.`);
    return isSuccess(report) ? exitCode.success : exitCode.failure;
  } catch (caught) {
    if (!(caught instanceof NodeOdeError) || !['OPTION', 'FILE'].includes(caught.code)) throw caught;
    error(caught.message);
    return exitCode.usage;
  }
}

/** A report, and what it was made on. */
interface Run {
  readonly report: Report;
  readonly machine: EngineMachine;
}

async function runHere(options: RunnerOptions, say: (line: string) => void): Promise<Run> {
  const machine = describeEngineMachine(options.browser !== undefined); // as it is when the run starts
  const onOutcome = (outcome: Outcome): void => {
    if (outcome.result !== 'excluded') say(formatOutcome(outcome));
  };
  return { report: await runCases(options, casesMatching(options.only), await hostFor(options), onOutcome), machine };
}

async function writeJson(file: string, { report, machine }: Run): Promise<void> {
  await makeFolder('e2e', dirname(resolve(file)), { mkdir, dirname });
  const text = `${JSON.stringify({ success: isSuccess(report), machine, ...report }, null, 2)}\n`;
  await writeFile(file, text).catch((cause: unknown) => {
    throw fileError('e2e', `${file} can't be written`, cause);
  });
}

/** @throws OptionError if the file is no report. */
async function readJson(file: string): Promise<Run> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new OptionError('e2e', `--from '${file}' can not be read`, { expected: 'a report written by --json', cause });
  }
  if (!isRun(content)) throw new OptionError('e2e', `--from '${file}'`, { expected: 'a report written by --json' });
  const { machine, engines = {}, outcomes, unavailable, missing, errors } = content;
  return { report: { engines, outcomes, unavailable, missing, errors }, machine };
}

const isRun = (content: unknown): content is Report & { readonly machine: EngineMachine } =>
  typeof content === 'object' &&
  content !== null &&
  ['outcomes', 'unavailable', 'missing', 'errors'].every((key) =>
    Array.isArray((content as Readonly<Record<string, unknown>>)[key]),
  ) &&
  'machine' in content;
