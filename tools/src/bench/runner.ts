/** The benchmark runner: from a command line to tables and an exit code. */
import { join } from 'node:path';
import { NodeOdeError } from '@node-ode/core';
import { requireWritable, writeFileAtomically } from '@node-ode/train/node';
import { benchCases } from './cases/index.ts';
import type { BenchCase } from './cases/case.ts';
import { contestantsOf, type Contestant } from './contestants.ts';
import { writeDocs } from './docs.ts';
import { describeBenchMachine } from './machine.ts';
import { measureMemory } from './measure-memory.ts';
import { measureTimes } from './measure-times.ts';
import { parseCommand, usage, type BenchOptions } from './options.ts';
import { reportOf } from './report.ts';
import type { Results, Row } from './results.ts';
import type { Setting } from './session.ts';
import { verdictsOn } from './targets.ts';
import { startWorker, type Worker } from './worker-process.ts';

/** Where the runner writes and what can stop it. */
export interface Surroundings {
  readonly log: (text: string) => void;
  readonly error: (text: string) => void;
  readonly signal?: AbortSignal;
  /** How workers start; as processes by default. */
  readonly start?: (contestant: Contestant) => Worker;
  readonly cases?: readonly BenchCase[];
}

/** Exit codes: figures; something of ours failed or nothing was measured; wrong usage; Ctrl-C. */
export const exitCode = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Seconds. `prepare` covers PyTorch's compiler on a slow machine, `round` twenty training steps of a slow engine. */
const timing = {
  full: { roundSeconds: 1, warmupSeconds: 1 },
  quick: { roundSeconds: 0.2, warmupSeconds: 0.3 },
} as const;
const timeouts = { prepare: 300, round: 120 } as const;

/** Runs the cases that were asked for. */
export async function runBench(options: BenchOptions, surroundings: Surroundings): Promise<Results> {
  const { signal, log, cases: known = benchCases } = surroundings;
  const machine = describeBenchMachine();
  const cases = known.filter(({ id }) => options.cases.includes(id));
  const setting: Setting = {
    start: surroundings.start ?? (({ command }) => startWorker(command, signal)),
    rounds: options.rounds,
    ...timing[options.quick ? 'quick' : 'full'],
    timeouts,
    unavailable: new Map(),
    references: new Map(),
    versions: new Map(),
    log,
  };
  const contestants = contestantsOf(options);
  const rows: Row[] = [];
  const isInterrupted = (): boolean => signal?.aborted === true;
  for (const { id, title, experiments } of cases) {
    for (const experiment of experiments(options.quick)) {
      if (isInterrupted()) break;
      log(`Case ${id}, ${title}: ${experiment.name}`);
      rows.push(
        ...(experiment.kind === 'timed'
          ? await measureTimes(id, experiment, contestants, setting)
          : await measureMemory(id, experiment, contestants, setting)),
      );
    }
  }
  return {
    machine,
    options,
    versions: Object.fromEntries(setting.versions),
    unavailable: Object.fromEntries(setting.unavailable),
    rows,
    targets: verdictsOn(cases, options.quick, rows),
    isInterrupted: isInterrupted(),
  };
}

const isOurs = ({ peer }: Row): boolean => peer === undefined;
const hasFigures = ({ status }: Row): boolean => status === 'measured' || status === 'memory';
const isBad = ({ status }: Row): boolean => status === 'wrong' || status === 'failed';

/** The exit code of a run: what peers can't do is no failure. */
export function codeOf({ rows, isInterrupted }: Results): number {
  if (isInterrupted) return exitCode.interrupted;
  return rows.some(hasFigures) && !rows.some((row) => isOurs(row) && isBad(row)) ? exitCode.success : exitCode.failure;
}

/** What errors name. */
const operation = 'npm run bench';

/**
 * What `npm run bench` does.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { log, error, cases = benchCases } = surroundings;
  try {
    const options = parseCommand(args);
    if (options.help) {
      log(usage);
      return exitCode.success;
    }
    await requireWritable(operation, options.out);
    const results = await runBench(options, surroundings);
    const report = await reportOf(results, cases);
    await writeFileAtomically(operation, join(options.out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
    await writeFileAtomically(operation, join(options.out, 'results.md'), report);
    log(`\n${report}\n${join(options.out, 'results.json')}, ${join(options.out, 'results.md')}`);
    if (options.docs) log(await writeDocs(report));
    return codeOf(results);
  } catch (caught) {
    if (!(caught instanceof NodeOdeError) || !['OPTION', 'FILE'].includes(caught.code)) throw caught;
    error(caught.message);
    return exitCode.usage;
  }
}
