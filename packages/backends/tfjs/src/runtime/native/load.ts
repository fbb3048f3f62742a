/** Loads tfjs-node with the environment that its library is to find: it reads it once. */
import { ExecutionError } from '@node-ode/core';
import type { TfModule } from '../tf-module.ts';
import { loadFailure, noNode } from './load-errors.ts';
import { isMainThread, nodeProcess, requireFrom, type NodeProcess, type Require } from './node-host.ts';

/** How tfjs-node is loaded. */
export interface TfjsNodeOptions {
  /** Whether it is the CUDA build, `@tensorflow/tfjs-node-gpu`; false by default. */
  readonly gpu?: boolean;
  /**
   * Whether TensorFlow takes the GPU's memory as it needs it (`TF_FORCE_GPU_ALLOW_GROWTH`), rather than nearly all of it at once; true by
   * default, or what the environment says.
   */
  readonly memoryGrowth?: boolean;
  /**
   * Whether matrix products may be rounded to TF32 on GPUs that have it (`NVIDIA_TF32_OVERRIDE`): faster, with errors of 1e-3. False by
   * default, or what the environment says.
   */
  readonly tf32?: boolean;
  /** The least that TensorFlow writes to stderr (`TF_CPP_MIN_LOG_LEVEL`); `error` by default, or what the environment says. */
  readonly logLevel?: 'info' | 'warning' | 'error' | 'fatal';
  /** The file, or the folder with a `/` at its end, from which the package is resolved; this package by default. */
  readonly from?: string | URL;
}

const levels = ['info', 'warning', 'error', 'fatal'] as const;

/** The environment that options stand for; what was not asked for gives way to what is set. */
export function environmentOf(
  { gpu = false, memoryGrowth, tf32, logLevel }: TfjsNodeOptions,
  env: NodeProcess['env'],
): Readonly<Record<string, string>> {
  const settings = {
    TF_CPP_MIN_LOG_LEVEL: [logLevel, levels.indexOf(logLevel ?? 'error')],
    ...(gpu
      ? {
          TF_FORCE_GPU_ALLOW_GROWTH: [memoryGrowth, memoryGrowth ?? true],
          NVIDIA_TF32_OVERRIDE: [tf32, (tf32 ?? false) ? 1 : 0],
        }
      : {}),
  };
  const entries = Object.entries(settings).map(([name, [asked, value]]) => [name, asked, String(value)] as const);
  const wanted = entries.filter(([name, asked, value]) =>
    asked === undefined ? env[name] === undefined : env[name] !== value,
  );
  return Object.fromEntries(wanted.map(([name, , value]) => [name, value]));
}

/**
 * Loads `@tensorflow/tfjs-node`, or its CUDA build: TensorFlow's library, with tfjs around it.
 *
 * @throws UnsupportedError if it is not installed, or this is no Node; ExecutionError if its addon is missing or of another ABI, if
 * TensorFlow's library is not found, or if it was loaded before with another environment.
 *
 * @example
 * import { loadTfjsNode, tfjs } from '@node-ode/backend-tfjs';
 *
 * const backend = await tfjs({ tf: await loadTfjsNode() });
 */
export async function loadTfjsNode(options: TfjsNodeOptions = {}): Promise<TfModule> {
  const process = await nodeProcess();
  if (process === undefined) throw noNode();
  const name = options.gpu === true ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const require = await requireFrom(options.from ?? import.meta.url);
  const settings = environmentOf(options, process.env);
  const isLoaded = Object.hasOwn(require.cache, resolve(require, name));
  if (isLoaded) demandSet(settings, `${name} was loaded before, with another environment`);
  else if (options.gpu === true && !(await isMainThread())) {
    demandSet(settings, "the library reads the process's environment, which a worker thread does not reach");
  }
  Object.assign(process.env, settings);
  try {
    return require(name) as TfModule;
  } catch (error) {
    throw loadFailure(name, error);
  }
}

/** The file of a package. @throws UnsupportedError if it is not installed. */
function resolve(require: Require, name: string): string {
  try {
    return require.resolve(name);
  } catch (error) {
    throw loadFailure(name, error);
  }
}

/** @throws ExecutionError if the environment lacks a setting and it is too late, or not possible, to add it. */
function demandSet(missing: Readonly<Record<string, string>>, problem: string): void {
  const settings = Object.entries(missing).map(([name, value]) => `${name}=${value}`);
  if (settings.length === 0) return;
  throw new ExecutionError('loadTfjsNode', problem, {
    expected: settings.join(', '),
    advice: 'Set that before the process starts, or load it here before anything else does.',
  });
}
