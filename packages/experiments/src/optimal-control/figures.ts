/** One dashboard for each problem: control, path, costates and the Hamiltonian, beside the closed form. */
import { grid, lineChart, phasePortrait, type Axis, type Figure } from '@node-ode/viz';
import type { ControlledPath } from './pontryagin.ts';
import type { ControlProblem } from './problems.ts';

const size = { width: 480, height: 300 } as const;
const time: Axis = { label: 'time t', unit: 's' };

/** What was learned as a line over the closed form, dashed and black. */
export function controlFigure(problem: ControlProblem, path: ControlledPath): Figure {
  const { optimum } = problem;
  const t = Array.from({ length: 401 }, (_, i) => (optimum.duration * i) / 400);
  const exact = (y: (t: number) => number, name = '') => ({ name, x: t, y: t.map(y), dashed: true, colour: 6 });
  const room = 0.25 * Math.max(1, Math.abs(optimum.hamiltonian));
  const domain = [
    Math.min(optimum.hamiltonian - room, ...path.hamiltonian),
    Math.max(optimum.hamiltonian + room, ...path.hamiltonian),
  ] as const;
  return grid(
    [
      lineChart({
        ...size,
        title: 'Control',
        x: time,
        y: { label: 'u', unit: 'm/s²' },
        series: [{ name: 'network', x: path.t, y: path.u, colour: 0 }, exact(optimum.u, 'closed form')],
      }),
      phasePortrait({
        ...size,
        title: 'Path',
        x: { label: 'position x', unit: 'm' },
        y: { label: 'velocity v', unit: 'm/s' },
        trajectories: [
          { name: 'network', x: path.x, y: path.v, colour: 0 },
          { name: 'closed form', x: t.map(optimum.x), y: t.map(optimum.v), dashed: true, colour: 6 },
        ],
        points: [{ name: 'target', x: [0], y: [0], colour: 1 }],
      }),
      lineChart({
        ...size,
        title: 'Costates, by the adjoint',
        x: time,
        y: { label: 'p' },
        series: [
          { name: 'pₓ', x: path.t, y: path.px, colour: 1 },
          { name: 'pᵥ', x: path.t, y: path.pv, colour: 2 },
          exact(optimum.px, 'closed form'),
          exact(optimum.pv),
        ],
      }),
      lineChart({
        ...size,
        title: 'Hamiltonian along the path',
        x: time,
        y: { label: 'H', domain },
        series: [
          { name: 'network', x: path.t, y: path.hamiltonian, colour: 0 },
          exact(() => optimum.hamiltonian, 'closed form'),
        ],
      }),
    ],
    { columns: 2 },
  );
}
