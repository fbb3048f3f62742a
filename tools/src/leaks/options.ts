/** The command line of `npm run leaks`. */
import { OptionError } from '@node-ode/core';
import { backendFactory, backends } from '@node-ode/e2e/backends';
import { integerOf, parseOptions } from '@node-ode/scripts';

/** An engine to watch. */
export interface Watching {
  readonly backend: string;
  readonly threads: number;
}

/** What is asked for. */
export interface LeaksCommand {
  readonly engines: readonly Watching[];
  readonly steps: number;
  readonly help: boolean;
}

const command = 'npm run leaks';

const options = {
  backend: { type: 'string' },
  steps: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const defaults = { backend: 'reference,wasm,wasm:2,onnx-cpu,tfjs-cpu,tfjs-wasm', steps: 1000 } as const;

export const usage = `Trains for a thousand steps, in which every tenth has solves that fail, and counts what is alive: device arrays, what the engine
counts itself, JavaScript's memory, the process. All of them must stay flat.

npm run leaks -- [options]

  --backend NAME[,…]   engines, each in a process of its own; NAME:N has N threads;
                       ${defaults.backend} by default
  --steps N            training steps, at least 100; ${defaults.steps} by default
  --help               prints this

Backends: ${Object.keys(backends).join(', ')}. Those on WebGPU: npm run swiftshader -- npm run leaks -- --backend onnx-webgpu

Exit code: 0 if all is flat, 1 if something leaks or an engine is not available, 2 for wrong usage.`;

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known, or a number out of range.
 */
export function parseCommand(args: readonly string[]): LeaksCommand {
  const {
    backend = defaults.backend,
    steps = String(defaults.steps),
    help = false,
  } = parseOptions(command, args, options);
  return { engines: backend.split(',').map(engineOf), steps: integerOf(command, 'steps', steps, { min: 100 }), help };
}

function engineOf(text: string): Watching {
  const [backend = '', threads = '1', ...rest] = text.trim().split(':');
  backendFactory(backend);
  if (rest.length > 0) throw new OptionError(command, `--backend '${text}'`, { expected: 'NAME or NAME:THREADS' });
  return { backend, threads: integerOf(command, 'backend', threads, { min: 1 }) };
}
