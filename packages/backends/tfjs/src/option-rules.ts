/** What options are checked against, and how a wrong one is told. */
import { OptionError } from '@node-ode/core';
import type { TfModule } from './runtime/tf-module.ts';
import { checkModule } from './runtime/check-module.ts';

/** Options of the tfjs engine. */
export interface TfjsOptions {
  /**
   * tfjs: `import * as tf from '@tensorflow/tfjs-core'`, or the module of `@tensorflow/tfjs`, `@tensorflow/tfjs-node` or
   * `@tensorflow/tfjs-node-gpu`.
   */
  readonly tf: TfModule;
  /** tfjs's name of the backend: `cpu`, `wasm`, `webgpu`, `tensorflow`. By default tfjs's current one. */
  readonly backend?: string;
  /**
   * Whether the GPU of tfjs-node-gpu may round the factors of products to TF32, with errors of 1e-3; false by default: an error where it
   * does. `loadTfjsNode` loads the package so that it does not.
   */
  readonly tf32?: boolean;
}

const known: ReadonlySet<string> = new Set<keyof TfjsOptions>(['tf', 'backend', 'tf32']);

/**
 * Checks the options; JavaScript may give anything.
 *
 * @throws OptionError naming an option that is not known, or what is wrong with one.
 */
export function checkOptions(options: unknown): asserts options is TfjsOptions {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('tfjs', `the options are ${show(options)}`, {
      expected: 'an object with tfjs in it',
      advice: "Call tfjs({ tf }) after import * as tf from '@tensorflow/tfjs-core'.",
    });
  }
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new OptionError('tfjs', `there is no option '${unknown}'`, { expected: [...known].join(', ') });
  }
  checkModule('tf' in options ? options.tf : undefined);
  const tf32 = 'tf32' in options ? options.tf32 : undefined;
  if (tf32 !== undefined && typeof tf32 !== 'boolean') {
    throw new OptionError('tfjs', `tf32 = ${show(tf32)}`, { expected: 'true or false' });
  }
  const backend = 'backend' in options ? options.backend : undefined;
  if (backend === undefined || (typeof backend === 'string' && backend !== '')) return;
  throw new OptionError('tfjs', `backend = ${show(backend)}`, {
    expected: "tfjs's name of a backend, as 'cpu' or 'wasm'",
  });
}

/** A value in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
