/** The end-to-end runner: from a command line to an exit code. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { NodeOdeError, type Backend } from '@node-ode/core';
import {
  backendFactory,
  backends,
  isUnavailable,
  openBackend,
  type BackendFactory,
  type Unavailable,
} from './backends.ts';
import type { Case } from './cases/case.ts';
import { casesMatching } from './cases/index.ts';
import { parseOptions, usage, type RunnerOptions } from './options.ts';
import { formatReport, isSuccess, type Report } from './report.ts';
import { oracleOn, runCase, type Outcome } from './run-case.ts';

/** Where the runner writes. */
export interface Output {
  readonly log: (text: string) => void;
  readonly error: (text: string) => void;
}

/** Exit codes: everything agreed; something did not; wrong usage. */
export const exitCode = { success: 0, failure: 1, usage: 2 } as const;

/** Runs the cases on backends that are known by name. */
export async function runCases(
  { backends: names, required }: Pick<RunnerOptions, 'backends' | 'required'>,
  cases: readonly Case[],
  known: Readonly<Record<string, BackendFactory>> = backends,
  progress: (outcome: Outcome) => void = () => undefined,
): Promise<Report> {
  const unavailable: Unavailable[] = [];
  const outcomes: Outcome[] = [];
  const referenceEngine = await backendFactory('reference', backends)();
  const oracle = oracleOn(referenceEngine);
  for (const name of names) {
    const opened = await openBackend(name, backendFactory(name, known));
    if (isUnavailable(opened)) {
      unavailable.push(opened);
      continue;
    }
    await useBackend(opened, async (backend) => {
      for (const c of cases) {
        const outcome = await runCase(c, name, backend, oracle);
        progress(outcome);
        outcomes.push(outcome);
      }
    });
  }
  await referenceEngine.dispose();
  return { outcomes, unavailable, missing: required.filter((name) => unavailable.some((u) => u.name === name)) };
}

async function useBackend(backend: Backend, use: (backend: Backend) => Promise<void>): Promise<void> {
  try {
    await use(backend);
  } finally {
    await backend.dispose();
  }
}

/**
 * The runner as a function: what `npm run e2e` does.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[], { log, error }: Output = console): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.help) {
      log(usage);
      return exitCode.success;
    }
    const report = await runCases(options, casesMatching(options.only));
    log(formatReport(report));
    if (options.json !== undefined) await writeJson(options.json, report);
    return isSuccess(report) ? exitCode.success : exitCode.failure;
  } catch (caught) {
    if (!(caught instanceof NodeOdeError) || caught.code !== 'OPTION') throw caught;
    error(caught.message);
    return exitCode.usage;
  }
}

async function writeJson(file: string, report: Report): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, `${JSON.stringify({ success: isSuccess(report), ...report }, null, 2)}\n`);
}
