/** Systems whose trajectories are learnt: chaos, a predator and its prey, an oscillator, a pendulum. */
import { OptionError, requireKnownOptions, type OptionNames } from '@node-ode/core';
import type { Generated } from '../generated.ts';
import { trajectories, trajectoryNames, type TrajectoryOptions, type TrajectorySample } from './trajectories.ts';

const finite = (operation: string, parameters: Readonly<Record<string, number>>): void => {
  const wrong = Object.entries(parameters).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new OptionError(operation, `${wrong[0]} ${wrong[1]}`, { expected: 'a finite number' });
};

/** Parameters of the Lorenz system. */
export interface LorenzOptions extends TrajectoryOptions {
  /** 10 by default. */
  readonly sigma?: number;
  /** 28 by default. */
  readonly rho?: number;
  /** 8/3 by default. */
  readonly beta?: number;
}

/**
 * x' = σ(y − x), y' = x(ρ − z) − y, z' = xy − βz (Lorenz, "Deterministic nonperiodic flow", 1963), up to t = 2 by default. Starts
 * are uniform in [−15, 15]² × [10, 40]. Errors grow about as e^(0.9 t): at t = 20 seven digits are left of those of doubles.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { t, y } = lorenz({ points: 50, irregular: true, noise: 0.1, seed: 1 }).all('train'); // [100, 50] and [100, 50, 3]
 */
export function lorenz(options: LorenzOptions = {}): Generated<TrajectorySample> {
  const known: OptionNames<LorenzOptions> = { ...trajectoryNames, sigma: true, rho: true, beta: true };
  requireKnownOptions('lorenz', options, known);
  const { sigma = 10, rho = 28, beta = 8 / 3 } = options;
  finite('lorenz', { sigma, rho, beta });
  return trajectories(
    {
      name: 'lorenz',
      components: ['x', 'y', 'z'],
      end: 2,
      dynamics: (_t, [x = NaN, y = NaN, z = NaN]) => [sigma * (y - x), x * (rho - z) - y, x * y - beta * z],
      start: (random) => [30 * random.uniform() - 15, 30 * random.uniform() - 15, 10 + 30 * random.uniform()],
    },
    options,
  );
}

/** Parameters of the Lotka–Volterra equations. */
export interface LotkaVolterraOptions extends TrajectoryOptions {
  /** Growth of the prey; 1.5 by default. */
  readonly alpha?: number;
  /** Loss of prey to a predator; 1 by default. */
  readonly beta?: number;
  /** Death of predators; 3 by default. */
  readonly gamma?: number;
  /** Growth of predators by a prey; 1 by default. */
  readonly delta?: number;
}

/**
 * x' = αx − βxy, y' = δxy − γy: prey x and predators y (Lotka 1925, Volterra 1926), up to t = 10 by default. Starts are uniform
 * in [½, 2]².
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { y } = lotkaVolterra({ noise: 0.05, seed: 1 }).all('train'); // [100, 100, 2]
 */
export function lotkaVolterra(options: LotkaVolterraOptions = {}): Generated<TrajectorySample> {
  const rates = { alpha: true, beta: true, gamma: true, delta: true } as const;
  const known: OptionNames<LotkaVolterraOptions> = { ...trajectoryNames, ...rates };
  requireKnownOptions('lotkaVolterra', options, known);
  const { alpha = 1.5, beta = 1, gamma = 3, delta = 1 } = options;
  finite('lotkaVolterra', { alpha, beta, gamma, delta });
  return trajectories(
    {
      name: 'lotka-volterra',
      components: ['prey', 'predators'],
      end: 10,
      dynamics: (_t, [x = NaN, y = NaN]) => [alpha * x - beta * x * y, delta * x * y - gamma * y],
      start: (random) => [0.5 + 1.5 * random.uniform(), 0.5 + 1.5 * random.uniform()],
    },
    options,
  );
}

/** Parameters of Van der Pol's oscillator. */
export interface VanDerPolOptions extends TrajectoryOptions {
  /** Strength of the damping; 1 by default. From about 100 on the system is too stiff for this generator. */
  readonly mu?: number;
}

/**
 * x' = v, v' = μ(1 − x²)v − x (van der Pol, "On relaxation-oscillations", 1926), up to t = 10 by default. Starts are uniform in
 * [−2, 2]².
 *
 * @throws OptionError if an option is out of range; ExecutionError if μ is too large.
 * @example
 * const { y } = vanDerPol({ mu: 2 }).all('train'); // [100, 100, 2]
 */
export function vanDerPol(options: VanDerPolOptions = {}): Generated<TrajectorySample> {
  const known: OptionNames<VanDerPolOptions> = { ...trajectoryNames, mu: true };
  requireKnownOptions('vanDerPol', options, known);
  const { mu = 1 } = options;
  finite('vanDerPol', { mu });
  return trajectories(
    {
      name: 'van-der-pol',
      components: ['x', 'v'],
      end: 10,
      dynamics: (_t, [x = NaN, v = NaN]) => [v, mu * (1 - x * x) * v - x],
      start: (random) => [4 * random.uniform() - 2, 4 * random.uniform() - 2],
    },
    options,
  );
}

/** Parameters of the pendulum. */
export interface DampedPendulumOptions extends TrajectoryOptions {
  /** b, damping by the angle's velocity; 0.2 by default. */
  readonly damping?: number;
  /** g / ℓ, gravity by length; 9.81 by default. */
  readonly stiffness?: number;
}

/**
 * θ' = ω, ω' = −bω − (g/ℓ) sin θ: a pendulum with friction (Strogatz, "Nonlinear Dynamics and Chaos", section 6.7), up to t = 10 by
 * default. Starts are uniform: angles θ in [−2, 2], velocities ω in [−1, 1].
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { y } = dampedPendulum({ damping: 0.5 }).all('train'); // [100, 100, 2]
 */
export function dampedPendulum(options: DampedPendulumOptions = {}): Generated<TrajectorySample> {
  const known: OptionNames<DampedPendulumOptions> = { ...trajectoryNames, damping: true, stiffness: true };
  requireKnownOptions('dampedPendulum', options, known);
  const { damping = 0.2, stiffness = 9.81 } = options;
  finite('dampedPendulum', { damping, stiffness });
  return trajectories(
    {
      name: 'damped-pendulum',
      components: ['angle', 'velocity'],
      end: 10,
      dynamics: (_t, [angle = NaN, velocity = NaN]) => [velocity, -damping * velocity - stiffness * Math.sin(angle)],
      start: (random) => [4 * random.uniform() - 2, 2 * random.uniform() - 1],
    },
    options,
  );
}
