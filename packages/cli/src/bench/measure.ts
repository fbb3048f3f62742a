/** Solvers, engines and tolerances side by side: what a solve costs, and how far off it is. */
import { createOde, hostArray, type Backend, type HostArray, type Ode, type Solver, type Tensor } from '@node-ode/core';
import { dynamicsOf } from '../solve/solve-system.ts';
import type { System } from '../solve/system.ts';

/** What is measured. */
export interface Contestant {
  readonly solver: Solver;
  /** As the command line names it. */
  readonly engine: string;
  readonly backend: Backend;
  readonly dtype: 'f32' | 'f64';
  /** A relative tolerance, with an absolute one a thousandth of it; or a step. */
  readonly rtol: number | undefined;
  readonly stepSize: number | undefined;
}

/** What was measured. */
export interface Measurement {
  readonly solver: string;
  readonly engine: string;
  readonly dtype: 'f32' | 'f64';
  readonly rtol: number | undefined;
  readonly steps: number;
  readonly rejected: number;
  readonly nfe: number;
  /** Of the last state: the largest difference from the reference, relative where that is larger than 1. */
  readonly error: number;
  /** Of one solve: the median over the rounds. */
  readonly milliseconds: number;
  /** To the first contestant: the median of each round's ratio, so that what slows the machine slows both. */
  readonly ratio: number;
}

/** What a solve gives and takes. */
interface Solved {
  readonly state: readonly number[];
  readonly steps: number;
  readonly rejected: number;
  readonly nfe: number;
}

/** A contestant that is compiled. */
interface Ready {
  readonly solve: () => Promise<Solved>;
  readonly dispose: () => void;
}

const odeOf = ({ backend, solver, dtype, rtol, stepSize }: Contestant): Ode =>
  createOde({
    ...{ backend, solver, dtype, maxSteps: 1_000_000 },
    ...(stepSize === undefined ? { rtol: rtol ?? 1e-6, atol: (rtol ?? 1e-6) / 1000 } : { h: stepSize }),
  });

/** A number of the state's dtype. */
const scalar = (value: number, dtype: 'f32' | 'f64'): HostArray =>
  hostArray(dtype === 'f64' ? Float64Array.of(value) : Float32Array.of(value), [], dtype);

function ready(system: System, contestant: Contestant): Ready {
  const { dtype } = contestant;
  const ode = odeOf(contestant);
  const f = dynamicsOf(system, dtype);
  const program = ode.compile((y0: readonly Tensor[]) => ode.odeint(f, y0, [...system.span]).ys.map((y) => y.at(-1)));
  const y0 = system.initial.map((value) => scalar(value, dtype));
  return {
    solve: async () => {
      const { result, stats } = await program.run(y0);
      const state = await Promise.all(result.map(async (y) => (await y.read()).data[0] ?? NaN));
      result.forEach((y) => y.dispose());
      return { state, steps: stats.accepted + stats.rejected, rejected: stats.rejected, nfe: stats.nfe };
    },
    dispose: () => program.dispose(),
  };
}

/** The state at the end of the span, as exactly as doubles allow. */
export async function referenceState(system: System, solver: Solver, backend: Backend): Promise<readonly number[]> {
  const { solve, dispose } = ready(system, {
    solver,
    engine: '',
    backend,
    dtype: 'f64',
    rtol: 1e-13,
    stepSize: undefined,
  });
  try {
    return (await solve()).state;
  } finally {
    dispose();
  }
}

/** Milliseconds that a contestant has in a round: many solves where they are short. */
const share = 3;

/** Milliseconds of one of so many solves. */
async function timeOf(solve: () => Promise<unknown>, repeats: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < repeats; i++) await solve();
  return (performance.now() - begin) / repeats;
}

const repeatsOf = async (solve: () => Promise<unknown>): Promise<number> =>
  Math.min(100, Math.max(1, Math.ceil(share / (await timeOf(solve, 2)))));

/** Measures all of them in rounds, one after the other in each; the first round is not counted. */
export async function measure(
  system: System,
  contestants: readonly Contestant[],
  {
    rounds,
    reference,
    signal,
  }: { readonly rounds: number; readonly reference: readonly number[]; readonly signal: AbortSignal },
): Promise<readonly Measurement[]> {
  const all = contestants.map((contestant) => ready(system, contestant));
  const times = contestants.map((): number[] => []);
  try {
    const found: Solved[] = [];
    for (const one of all) found.push(await one.solve());
    const repeats: number[] = [];
    for (const { solve } of all) repeats.push(await repeatsOf(solve));
    for (let round = -1; round < rounds && !signal.aborted; round++) {
      for (const [i, { solve }] of all.entries()) {
        const time = await timeOf(solve, repeats[i] ?? 1);
        if (round >= 0) times[i]?.push(time);
      }
    }
    return contestants.map(({ solver, engine, dtype, rtol }, i) => {
      const { state, steps, rejected, nfe } = found[i] ?? { state: [], steps: 0, rejected: 0, nfe: 0 };
      const own = times[i] ?? [];
      return {
        ...{ solver: solver.name, engine, dtype, rtol, steps, rejected, nfe },
        error: errorOf(state, reference),
        milliseconds: median(own),
        ratio: median(own.map((time, round) => time / (times[0]?.[round] ?? NaN))),
      };
    });
  } finally {
    for (const { dispose } of all) dispose();
  }
}

/** The largest difference of two states, relative where that is larger than 1. */
export const errorOf = (state: readonly number[], reference: readonly number[]): number =>
  Math.max(...reference.map((value, i) => Math.abs((state[i] ?? NaN) - value) / Math.max(1, Math.abs(value))));

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
