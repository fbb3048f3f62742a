/** Every primitive of the conformance kit on its own: single nodes, without loops around them. */
import { backendChecks } from '@node-ode/testkit';
import { describe, it } from 'vitest';
import { backendNames, runtimeOf } from '../test/runtimes.ts';
import { segmentBackend } from '../test/segment-backend.ts';
import { tfDevice } from './runtime/device.ts';

/** Its decomposition loops. */
const loops = new Set(['primitive linearSolve']);

describe.each(backendNames)('on %s', (name) => {
  const checks = backendChecks(async () => segmentBackend(tfDevice(await runtimeOf(name))));
  for (const { name: title, run } of checks) {
    if (title.startsWith('primitive') && !loops.has(title) && !/conv|Pool/.test(title)) it(title, run);
  }
});
