/** Whether what a user hands in is tfjs. */
import { OptionError, UnsupportedError } from '@node-ode/core';
import { supportedVersions, type TfModule } from './tf-module.ts';

const members = ['ready', 'getBackend', 'findBackend', 'getKernel', 'getKernelsForBackend', 'engine'] as const;

const howTo = "Pass { tf } after import * as tf from '@tensorflow/tfjs-core', or from '@tensorflow/tfjs-node'.";

/**
 * Checks the module.
 *
 * @throws OptionError if it is something else; UnsupportedError for a version that this engine does not work with.
 */
export function checkModule(tf: unknown): asserts tf is TfModule {
  if (!isModule(tf)) throw new OptionError('tfjs', problemOf(tf), { expected: "tfjs's module", advice: howTo });
  if (isSupported(tf.version_core)) return;
  throw new UnsupportedError('tfjs', `tf is tfjs ${String(tf.version_core)}`, {
    expected: supportedVersions,
    advice: 'Install it with: npm install @tensorflow/tfjs-core@4.22',
  });
}

const isModule = (tf: unknown): tf is TfModule => {
  if (!isObject(tf)) return false;
  return members.every((name) => typeof tf[name] === 'function');
};

const isObject = (x: unknown): x is Readonly<Record<string, unknown>> =>
  (typeof x === 'object' || typeof x === 'function') && x !== null;

function problemOf(tf: unknown): string {
  if (!isObject(tf)) return `tf is ${tf === undefined ? 'missing' : typeof tf === 'string' ? `'${tf}'` : String(tf)}`;
  if (typeof tf['then'] === 'function') return 'tf is a promise: await it';
  if (isModule(tf['default'])) return 'tf is a module around tfjs: pass its tf.default';
  const absent = members.filter((name) => typeof tf[name] !== 'function');
  return `tf is not tfjs: it has no ${absent.join(', ')}`;
}

function isSupported(version: unknown): boolean {
  const [major = NaN, minor = NaN] = String(version).split('.').map(Number);
  return major === 4 && minor >= 22;
}
