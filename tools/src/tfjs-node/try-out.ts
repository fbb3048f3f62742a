/** Loads an installation in a process of its own, as a user's program would: whatever is wrong with it harms no other. */
import { FormatError } from '@node-ode/core';
import type { TfjsNode } from '@node-ode/e2e/tfjs-node';
import { run } from './run.ts';

/** What an installation says of itself. */
export interface Versions {
  readonly package: string;
  readonly tensorflow: string;
  readonly isUsingGpu: boolean;
}

const program = `
const tf = require(process.argv[1]);
const backend = tf.backend();
const product = tf.matMul(tf.fill([2, 3], 2), tf.ones([3, 2])).dataSync();
if (product.join() !== '6,6,6,6') throw new Error('a product of ones and twos is ' + product.join());
console.log(JSON.stringify({
  package: tf.version['tfjs-node'],
  tensorflow: backend.binding.TF_Version,
  isUsingGpu: backend.isUsingGpuDevice,
}));
`;

/** @throws ExecutionError with what was printed if it cannot be loaded or does not compute. */
export async function tryOut({ package: name, folder }: TfjsNode, signal?: AbortSignal): Promise<Versions> {
  const env = { TF_CPP_MIN_LOG_LEVEL: '2' };
  const printed = await run(process.execPath, ['-e', program, name], { cwd: folder, env, signal });
  const line = printed.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new FormatError('tfjs-node', `a program with ${name} printed '${printed.trim()}'`);
  return JSON.parse(line) as Versions;
}
