/** The command line of `npm run leaks`. */
import { parseArgs } from 'node:util';
import { OptionError } from '@node-ode/core';
import { backendFactory, backends } from '@node-ode/e2e/backends';

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

const advice = 'See --help.';

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known, or a number out of range.
 */
export function parseOptions(args: readonly string[]): LeaksCommand {
  const { backend = defaults.backend, steps = String(defaults.steps), help = false } = parse(args);
  return { engines: backend.split(',').map(engineOf), steps: integer('steps', steps, 100), help };
}

function engineOf(text: string): Watching {
  const [backend = '', threads = '1', ...rest] = text.trim().split(':');
  backendFactory(backend);
  if (rest.length > 0)
    throw new OptionError('npm run leaks', `--backend '${text}'`, { expected: 'NAME or NAME:THREADS' });
  return { backend, threads: integer('backend', threads, 1) };
}

function integer(option: string, text: string, least: number): number {
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(n) && n >= least) return n;
  throw new OptionError('npm run leaks', `--${option} '${text}'`, {
    expected: `an integer, at least ${least}`,
    advice,
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string' },
        steps: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const problem = (cause as Error).message.split(/\.\s|\.?$/m)[0] ?? '';
    throw new OptionError('npm run leaks', problem, { cause, advice });
  }
}
