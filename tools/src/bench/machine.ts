/** What a run was measured on. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type as system } from 'node:os';
import { fileURLToPath } from 'node:url';
import { allowedCpus, canPin } from './contestants.ts';

export interface Machine {
  readonly cpu: string;
  /** Processors that the run may use. */
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Whether each worker is kept to as many processors as it has threads. */
  readonly isPinned: boolean;
  /** Processes that wanted to run over the minute before: 0 on a quiet machine. */
  readonly loadBefore: number;
  readonly date: string;
  /** Commit, with a + where the code differs from it; undefined outside a repository. */
  readonly commit: string | undefined;
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

function commit(): string | undefined {
  try {
    const isClean = git('status', '--porcelain', '--', ':/packages', ':/tools') === '';
    return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : '+'}`;
  } catch {
    return undefined;
  }
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: allowedCpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${system()} ${release()}`,
  node: process.versions.node,
  isPinned: canPin(),
  loadBefore: loadavg()[0] ?? 0,
  date: new Date().toISOString(),
  commit: commit(),
});
