/** What a run was made on: written into its report. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type as system } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A machine, and what ran on it. */
export interface Machine {
  readonly cpu: string;
  /** Processors that the process may use. */
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Processes that wanted to run over the last minute: 0 on a quiet machine. */
  readonly load: number;
  /** ISO 8601. */
  readonly date: string;
  /** Commit, with a + where code differs from it; undefined outside a repository. */
  readonly commit: string | undefined;
}

/**
 * The machine as it is now.
 *
 * @example
 * const { cpu, cores, load } = describeMachine();
 */
export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${system()} ${release()}`,
  node: process.versions.node,
  load: Math.round(10 * (loadavg()[0] ?? 0)) / 10,
  date: new Date().toISOString(),
  commit: commit(),
});

const here = fileURLToPath(new URL('.', import.meta.url));

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', here, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** What runs write themselves is no difference. */
const written = [':(top,exclude)docs', ':(top,exclude)results'];

/** The commit that is checked out; a machine that has no repository is told it by the environment. */
function commit(): string | undefined {
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':(top)', ...written);
    return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return process.env['NODE_ODE_COMMIT'];
  }
}
