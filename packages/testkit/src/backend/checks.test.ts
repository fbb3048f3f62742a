import { reference } from '@node-ode/backend-reference';
import { describe, it } from 'vitest';
import { backendChecks } from './checks.ts';

describe('the reference engine', () => {
  for (const { name, run } of backendChecks(() => reference({ poison: true }))) it(name, run);
});
