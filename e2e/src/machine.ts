/** What a run was made on: written into its report. */
import { execFileSync } from 'node:child_process';
import { cpus, release, type as system } from 'node:os';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A graphics card, as its driver tells. */
export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly memory: string;
}

export interface Machine {
  /** ISO 8601. */
  readonly date: string;
  readonly gpus: readonly Gpu[];
  readonly cpu: string;
  readonly system: string;
  readonly node: string;
  /** Version of `onnxruntime-node`; undefined if it is not installed. */
  readonly onnxRuntime: string | undefined;
  /** What was run: a commit's short name, with `+` behind it if more than documentation was changed since. */
  readonly commit: string | undefined;
  /** Whether it ran in a page of Chromium. */
  readonly isPage: boolean;
  /** The Vulkan drivers that the environment names, if it does: not the system's. */
  readonly vulkanDrivers: string | undefined;
}

/** The NVIDIA cards of this machine; none where their tool is not installed. */
function nvidiaGpus(): readonly Gpu[] {
  try {
    const rows = execFileSync('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    return rows
      .trim()
      .split('\n')
      .map((row) => row.split(',').map((cell) => cell.trim()))
      .map(([name = '', driver = '', memory = '']) => ({ name, driver, memory }));
  } catch {
    return [];
  }
}

function versionOf(name: string): string | undefined {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}

/** The commit that is checked out; a machine that has no repository is told it by the environment. */
function commit(): string | undefined {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', here, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':(top)', ':(top,exclude)docs');
    return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return process.env['NODE_ODE_COMMIT'];
  }
}

const here = fileURLToPath(new URL('.', import.meta.url));

export const describeMachine = (isPage = false): Machine => ({
  date: new Date().toISOString(),
  gpus: nvidiaGpus(),
  cpu: cpus()[0]?.model ?? 'unknown',
  system: `${system()} ${release()}`,
  node: process.versions.node,
  onnxRuntime: versionOf('onnxruntime-node'),
  commit: commit(),
  isPage,
  vulkanDrivers: process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'],
});
