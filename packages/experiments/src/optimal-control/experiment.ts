/** Pontryagin's view: a network as a control, trained by the adjoint, and what the principle says of the path it finds. */
import { array, createOde, random, type HostArray } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';
import { defineExperiment, integer, real, spread, type Cell, type Lab } from '../lab/index.ts';
import { firstState, neuralControl, trainingStep, type ControlParams, type ControlState } from './control.ts';
import { controlFigure } from './figures.ts';
import { followPath, type ControlledPath } from './pontryagin.ts';
import { leastEnergy, leastTime, start, type ControlProblem } from './problems.ts';

const problems = [
  { problem: leastEnergy, mu: 20, multiplierRate: 2 },
  { problem: leastTime, mu: 5, multiplierRate: 0.2 },
];

interface Settings {
  readonly steps: number;
  readonly width: number;
  readonly tolerance: number;
  readonly learningRate: number;
}

export const experiment = defineExperiment({
  name: 'optimal-control',
  title: 'Optimal control of a double integrator by the adjoint, against the closed form',
  source: 'Pontryagin et al. 1962; closed forms of Bryson & Ho 1975',
  seeds: { full: 5, quick: 1 },
  options: {
    steps: integer('training steps of each control', { full: 10_000, quick: 4000 }),
    width: integer('units of both hidden layers', 16),
    tolerance: real('of the solver, relative and absolute', 1e-6),
    learningRate: real('of Adam at the start', 1e-2),
  },
  run: async (settings, lab) => {
    const found = [];
    for (const parts of problems) {
      const paths: ControlledPath[] = [];
      for (const seed of lab.seeds) paths.push(await pathOf(lab, parts, settings, seed));
      found.push({ problem: parts.problem, paths });
    }
    return {
      tables: found.map(({ problem, paths }) => ({
        title: `A double integrator from rest at 1 m to rest at 0: ${problem.title}`,
        columns: ['', 'network', 'closed form'],
        rows: rowsOf(problem, paths),
      })),
      figures: found.flatMap(({ problem, paths: [first] }) =>
        first === undefined
          ? []
          : [
              {
                name: problem.name,
                figure: controlFigure(problem, first),
                caption: `${problem.title}: control, path, costates and Hamiltonian of the first seed.`,
              },
            ],
      ),
      notes: [
        'u = MLP(t/T), two hidden layers, through tanh where |u| ≤ 1, trained by Adam on gradients of the adjoint method in double precision; the target by an augmented Lagrangian whose multipliers rise with the miss. In least time T is a parameter too, and begins at 4 s.',
        'Costates are gradients of the cost to go from places on the path, with the multipliers as their values at the end. H = ℓ(u) + pₓ·v + pᵥ·u is constant along an optimal path, and zero where the duration is free. ∂H/∂u = u + pᵥ is zero where u is not bounded.',
        'The optimum in least time jumps, and a network is smooth: where it turns, |u| < 1, and the time is longer than the least.',
        'How fast multipliers rise was chosen: in least time, at 0.5 in the place of 0.2, they had not settled after 2000 steps (a miss of 0.015).',
      ],
      data: { paths: found.map(({ problem, paths }) => ({ problem: problem.name, paths })) },
    };
  },
});

async function pathOf(
  lab: Lab,
  { problem, mu, multiplierRate }: (typeof problems)[number],
  { steps, width, tolerance, learningRate }: Settings,
  seed: number,
): Promise<ControlledPath> {
  const options = { backend: lab.backend, solver: dopri5(), gradient: adjoint(), dtype: 'f64' } as const;
  const ode = createOde({ ...options, rtol: tolerance, atol: tolerance });
  const control = neuralControl(problem, width);
  const training = { steps, learningRate, mu, multiplierRate };
  const step = trainingStep(ode, problem, control, training);
  const from = { x: array(start.x, { dtype: 'f64' }), v: array(start.v, { dtype: 'f64' }) };
  const { state } = await lab.train<ControlState<HostArray, ControlParams>, typeof from>(`${problem.name}/${seed}`, {
    step,
    state: firstState(control.init(random(seed)), training),
    batches: () => [from],
    steps,
  });
  step.dispose();
  const [x = NaN, v = NaN] = [state.lambda.x.data[0], state.lambda.v.data[0]];
  return followPath(ode, problem, control, state.train.params, { x, v }, start, 121);
}

const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

/** Where u is zero between its negative and its positive part; NaN if it has not both. */
function switchTime({ t, u }: ControlledPath): number {
  const k = u.findIndex((value, i) => value > 0 && (u[i - 1] ?? NaN) <= 0);
  const [t0 = NaN, t1 = NaN, u0 = NaN, u1 = NaN] = [t[k - 1], t[k], u[k - 1], u[k]];
  return t0 + ((t1 - t0) * u0) / (u0 - u1);
}

/** Over all seeds: our numbers beside those of the closed form. */
function rowsOf(problem: ControlProblem, paths: readonly ControlledPath[]): Cell[][] {
  const { optimum, free, name } = problem;
  const over = (value: (path: ControlledPath) => number): Cell => spread(paths.map(value));
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const difference = ({ t, u }: ControlledPath): number =>
    rms(u.map((value, k) => value - optimum.u(Math.min(t[k] ?? NaN, optimum.duration))));
  return [
    [name === 'energy' ? 'energy, m²/s³' : 'time, s', over(({ cost }) => cost), optimum.cost],
    [
      'distance from the target at the end, (x, v)',
      over(({ x, v }) => Math.hypot(x.at(-1) ?? NaN, v.at(-1) ?? NaN)),
      0,
    ],
    ['u off the closed form, RMS over time, m/s²', over(difference), 0],
    ...(free
      ? [['u changes sign at, s', over(switchTime), 1]]
      : [['∂H/∂u = u + pᵥ, RMS over time', over(({ u, pv }) => rms(u.map((value, k) => value + (pv[k] ?? NaN)))), 0]]),
    ['H, mean along the path', over(({ hamiltonian }) => mean(hamiltonian)), optimum.hamiltonian],
    [
      'H, largest departure from its mean',
      over(({ hamiltonian }) => Math.max(...hamiltonian.map((h) => Math.abs(h - mean(hamiltonian))))),
      0,
    ],
  ];
}
