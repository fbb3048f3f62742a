/** Systems that are observed at irregular times, with noise: a stretch to learn from, and what came after it. */
import type { HostArray } from '@node-ode/core';
import { lorenz, lotkaVolterra, lynxHare, type Generated, type TrajectorySample } from '@node-ode/datasets';

/** A state, by component. */
export type State = readonly number[];

/** States at times. */
export interface Path {
  readonly t: readonly number[];
  readonly y: readonly State[];
}

/** A system to learn. */
export interface Problem {
  readonly name: string;
  readonly title: string;
  readonly components: readonly string[];
  readonly unit?: string;
  readonly timeUnit?: string;
  /** Observations to learn from. */
  readonly train: Path;
  /** What a forecast is held to: true states where they are known, observations where they are not. */
  readonly heldOut: Path;
  /** The true solution at many times, where it is known. */
  readonly truth?: Path;
  /** Whether the model sees logarithms: populations that cycle by factors. */
  readonly logarithms: boolean;
  /** Components in the plane of the phase portrait. */
  readonly plane: readonly [number, number];
  /** Observations in a segment, beside its first. */
  readonly segment: number;
  readonly width: number;
}

/** How much of a generated system is observed. */
export interface Observation {
  readonly points: number;
  /** End of the stretch to learn from, and of the one after it. */
  readonly learnTo: number;
  readonly end: number;
  readonly noise: number;
  readonly seed: number;
}

/** One trajectory of a generator: its observations in the first stretch, its true states in the second. */
type Generator = (options: {
  readonly train: number;
  readonly test: number;
  readonly points: number;
  readonly end: number;
  readonly seed: number;
  readonly irregular?: boolean;
  readonly noise?: number;
  readonly y0?: readonly number[];
  readonly dtype: 'f64';
}) => Generated<TrajectorySample>;

function observe(
  generator: Generator,
  { points, learnTo, end, noise, seed }: Observation,
  warmUp: number,
): Pick<Problem, 'train' | 'heldOut' | 'truth'> {
  const common = { train: 1, test: 1, seed, dtype: 'f64' } as const;
  const start = rows(generator({ ...common, points: 2, end: warmUp }).all('train').truth);
  const y0 = start.at(-1) ?? [];
  const sample = generator({ ...common, points, end, noise, irregular: true, y0 }).all('train');
  const [t, observed, states] = [Array.from(sample.t.data), rows(sample.y), rows(sample.truth)];
  const cut = t.findIndex((time) => time > learnTo);
  const dense = generator({ ...common, points: 1201, end, y0 }).all('train');
  return {
    train: { t: t.slice(0, cut), y: observed.slice(0, cut) },
    heldOut: { t: t.slice(cut), y: states.slice(cut) },
    truth: { t: Array.from(dense.t.data), y: rows(dense.truth) },
  };
}

/** Rows of the only trajectory, shape [1, times, components]. */
function rows({ data, shape }: HostArray): readonly State[] {
  const width = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
}

/** The Lorenz system on its attractor. Errors grow by e within about 1.1 units of time (the largest Lyapunov exponent is 0.906). */
export const lorenzProblem = (seed: number): Problem => ({
  name: 'lorenz',
  title: 'Lorenz system',
  components: ['x', 'y', 'z'],
  ...observe(lorenz, { points: 720, learnTo: 15, end: 18, noise: 0.3, seed }, 10),
  logarithms: false,
  plane: [0, 2],
  segment: 6,
  width: 64,
});

/** Predator and prey of Lotka and Volterra. */
export const lotkaVolterraProblem = (seed: number): Problem => ({
  name: 'lotka-volterra',
  title: 'Lotka–Volterra equations',
  components: ['prey', 'predators'],
  ...observe(lotkaVolterra, { points: 150, learnTo: 10, end: 15, noise: 0.1, seed }, 1),
  logarithms: false,
  plane: [0, 1],
  segment: 8,
  width: 32,
});

/** The record of the Hudson's Bay Company: yearly, and as noisy as it is. */
export function lynxHareProblem(): Problem {
  const data = lynxHare({ dtype: 'f64' });
  const path = (split: string): Path => {
    const { t, y } = data.all(split);
    return { t: Array.from(t.data), y: rows(y) };
  };
  return {
    name: 'lynx-hare',
    title: 'Lynx and hare, 1900–1920',
    components: ['hare', 'lynx'],
    unit: 'thousand pelts',
    timeUnit: 'year',
    train: path('train'),
    heldOut: path('test'),
    logarithms: true,
    plane: [0, 1],
    segment: 4,
    width: 32,
  };
}
