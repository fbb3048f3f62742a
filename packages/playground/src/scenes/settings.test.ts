import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { odeOf, solvers } from './compose.ts';
import { gradientNames, solverNames, type GradientName, type SolverName } from './settings.ts';
import { specs } from './specs.ts';

const names = Object.keys(solverNames) as SolverName[];

describe('what the page offers', () => {
  it.each(names)('%s takes a tolerance or a step as it says', (name) => {
    expect(solvers[name]().hasErrorEstimate).toBe(solverNames[name].isAdaptive);
  });

  it('goes together: every solver with every gradient method', () => {
    const backend = reference();
    for (const solver of names) {
      for (const gradient of Object.keys(gradientNames) as GradientName[]) {
        const ode = odeOf(backend, { ...specs.spirals.defaults, solver, gradient });
        expect(ode.gradient.name.length).toBeGreaterThan(0);
      }
    }
  });
});
