/** Every engine that is installed, tried, and those that are not. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Io } from '../io.ts';
import { installedPlugins } from '../plugins/installed.ts';
import { isRecord } from '../plugins/package-info.ts';
import { knownEngines } from './known.ts';
import { probe, type EngineReport } from './probe.ts';

/** An engine, and how to get it where it does not work. */
export interface ListedEngine extends EngineReport {
  readonly isInstalled: boolean;
  readonly what?: string;
  readonly install?: string;
}

/** The names to try: those of ours in their order, then all others that packages declare. */
export async function engineNames(
  io: Io,
): Promise<readonly { readonly name: string; readonly isInstalled: boolean }[]> {
  const declared = (await installedPlugins(io)).filter(({ kind }) => kind === 'backend');
  const packages = new Set(declared.map(({ from }) => from.name));
  const ours = new Set(knownEngines.map((known) => known.package));
  return [
    ...knownEngines.map((known) => ({ name: known.name, isInstalled: packages.has(known.package) })),
    ...declared
      .filter(({ from }) => !ours.has(from.name))
      .map(({ exported, from }) => ({ name: `${from.name}#${exported}`, isInstalled: true })),
  ];
}

/** Tries an engine in a process of its own, and tells of it. */
export async function listEngine(name: string, isInstalled: boolean, io: Io): Promise<ListedEngine> {
  const known = knownEngines.find((one) => one.name === name);
  const report: EngineReport = isInstalled
    ? await probeApart(name, io)
    : { name, works: false, problem: 'not installed' };
  return {
    ...report,
    isInstalled,
    ...(known === undefined ? {} : { what: known.what }),
    ...(known === undefined || isInstalled ? {} : { install: known.install }),
  };
}

/** Longest that an engine may take to be made and to solve something small. */
const patience = 60_000;

/**
 * Tries an engine in another process: native libraries may end theirs, write to its streams, or wait for a device for ever.
 */
function probeApart(name: string, io: Io): Promise<EngineReport> {
  const bin = fileURLToPath(new URL('../bin.js', import.meta.url));
  const isSource = import.meta.url.endsWith('.ts');
  if (isSource) return probe(name, name, io);
  return new Promise((resolve) => {
    const options = { cwd: io.cwd, timeout: patience, killSignal: 'SIGKILL', signal: io.signal } as const;
    execFile(process.execPath, [bin, 'backends', name, '--json'], options, (error, stdout) => {
      resolve(readReport(name, stdout) ?? { name, works: false, problem: deathOf(error) });
    });
  });
}

/** Between an engine's name and what is wrong with it, in what `backends NAME` says. */
export const doesNotWork = ' does not work here: ';

/** The report in what the other process wrote, in which native libraries may have written as well. */
export function readReport(name: string, stdout: string): EngineReport | undefined {
  for (const line of stdout.split('\n').reverse()) {
    const [report] = [parsed(line)].flat();
    if (!isRecord(report)) continue;
    if (report['name'] === name && typeof report['works'] === 'boolean')
      return { ...report, name, works: report['works'] };
    const error = report['error'];
    if (!isRecord(error) || typeof error['message'] !== 'string') continue;
    const [, problem = error['message']] = error['message'].split(doesNotWork);
    return { name, works: false, problem };
  }
  return undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const deathOf = (error: Error | null): string => {
  const signal = error !== null && 'signal' in error ? String(error.signal) : 'no reason';
  return signal === 'SIGKILL'
    ? `it did not answer within ${patience / 1000} s, or was killed`
    : `its process ended with ${signal}: a defect of the engine or of what it runs on`;
};
