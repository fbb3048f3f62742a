/** What a run was made on: written into its report. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describeMachine, type Machine } from '@node-ode/scripts';

/** A graphics card, as its driver tells. */
export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly memory: string;
}

/** A machine, and what engines find on it. */
export interface EngineMachine extends Machine {
  readonly gpus: readonly Gpu[];
  /** Version of `onnxruntime-node`; undefined if it is not installed. */
  readonly onnxRuntime: string | undefined;
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

/** The machine as it is now. */
export const describeEngineMachine = (isPage = false): EngineMachine => ({
  ...describeMachine(),
  gpus: nvidiaGpus(),
  onnxRuntime: versionOf('onnxruntime-node'),
  isPage,
  vulkanDrivers: process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'],
});
