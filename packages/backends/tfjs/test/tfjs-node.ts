/** tfjs-node for tests; without it they are skipped with the reason. Node caches it: each file of tests loads it once. */
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';
import { beforeEach } from 'vitest';
import { loadTfjsNode } from '../src/runtime/native/load.ts';
import type { TfModule } from '../src/runtime/tf-module.ts';

const found = findTfjsNode('tfjs-node');

/** Skips every test of the file where there is no tfjs-node. */
export function skipWithoutTfjsNode(): void {
  if (!('reason' in found)) return;
  const { reason } = found;
  beforeEach(({ skip }) => {
    skip(reason);
  });
}

export function tfjsNode(): Promise<TfModule> {
  if ('reason' in found) throw new Error(found.reason);
  return loadTfjsNode({ from: `${found.folder}/` });
}
