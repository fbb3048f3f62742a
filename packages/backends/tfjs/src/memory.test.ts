/** Nothing is left in tfjs's backends that run anywhere. */
import { describe } from 'vitest';
import { backendNames, tf } from '../test/engines.ts';
import { checkMemory } from '../test/memory-checks.ts';

describe.each(backendNames)('on %s', (name) => {
  checkMemory(name, () => Promise.resolve(tf));
});
