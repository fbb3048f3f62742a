import type { GradientMethod } from '@node-ode/core';
import { describe, it } from 'vitest';
import { gradientMethodChecks } from './checks.ts';

const backprop = (): GradientMethod => ({ name: 'backprop', solve: (problem, integrate) => integrate(problem) });

describe('backprop', () => {
  for (const { name, run } of gradientMethodChecks(backprop)) it(name, run, 60_000);
});
