/** What a run was made on. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type as system } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Machine and versions of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Commit, with a + where the code differs from it; undefined outside a repository. */
  readonly commit: string | undefined;
  /** Processes that wanted to run over the last minute of the run: this one, and what disturbed it. */
  readonly load: number;
  /** ISO 8601. */
  readonly date: string;
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

function commit(): string | undefined {
  try {
    const isClean = git('status', '--porcelain', '--untracked-files=no', '--', ':/packages', ':/tools') === '';
    return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : '+'}`;
  } catch {
    return undefined;
  }
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${system()} ${release()}`,
  node: process.versions.node,
  commit: commit(),
  load: Math.round(10 * (loadavg()[0] ?? 0)) / 10,
  date: new Date().toISOString(),
});
