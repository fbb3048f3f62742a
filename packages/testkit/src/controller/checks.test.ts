import { constantStep, pid } from '@node-ode/core';
import { describe, it } from 'vitest';
import { stepControllerChecks } from './checks.ts';

describe.each([
  ['I', {}],
  ['PI', { pCoefficient: 0.4, iCoefficient: 0.3 }],
  ['PID', { pCoefficient: 0.3, iCoefficient: 0.3, dCoefficient: 0.05 }],
])('pid as a controller of kind %s', (_, coefficients) => {
  for (const { name, run } of stepControllerChecks((options) => pid({ ...options, ...coefficients }), { factors: [0.2, 10] })) it(name, run);
});

describe('constantStep', () => {
  for (const { name, run } of stepControllerChecks(() => constantStep({ h: 0.1 }))) it(name, run);
});
