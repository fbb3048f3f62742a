/** What `node-ode bench` does. */
import type { Backend, Solver } from '@node-ode/core';
import { UsageError } from '../errors.ts';
import type { CommonOptions, Io } from '../io.ts';
import { bestDType, inShort } from '../ode/engine.ts';
import { requirePicturePath, writePicture } from '../output/files.ts';
import { outputOf } from '../output/output.ts';
import { shortNumber, textTable } from '../output/table.ts';
import { makePlugin } from '../plugins/make.ts';
import { findSource } from '../solve/find-source.ts';
import { readSystem } from '../solve/system.ts';
import { measure, referenceState, type Contestant, type Measurement } from './measure.ts';

/** The flags of `bench`. */
export interface BenchFlags extends CommonOptions {
  readonly solvers: readonly string[];
  readonly backends: readonly string[];
  readonly rtols: readonly number[];
  readonly stepSize?: number;
  readonly dtype?: 'f32' | 'f64';
  readonly rounds: number;
  readonly span?: readonly [number, number];
  readonly plot?: string;
}

/** Measures, and tells a table. */
export async function bench(name: string, flags: BenchFlags, io: Io): Promise<void> {
  requirePicturePath('--plot', flags.plot);
  const { span } = flags;
  const system = readSystem(await findSource(name, io), span === undefined ? {} : { span });
  const solvers: Solver[] = [];
  for (const solver of flags.solvers)
    solvers.push((await makePlugin('solver', solver, io, { path: '--solvers' })).value);
  const engines = new Map<string, Backend>();
  try {
    for (const engine of new Set([...flags.backends, 'wasm'])) {
      engines.set(engine, (await makePlugin('backend', engine, io, { path: '--backends' })).value);
    }
    const wasm = engines.get('wasm') as Backend;
    const contestants = flags.backends.flatMap((engine) =>
      solvers.flatMap((solver) => contestantsOf(solver, engine, engines.get(engine) as Backend, flags)),
    );
    const [accurate] = solvers.filter(({ hasErrorEstimate }) => hasErrorEstimate).sort((a, b) => b.order - a.order);
    const reference = await referenceState(system, accurate ?? (await makePlugin('solver', 'dopri5', io)).value, wasm);
    const found = await measure(system, contestants, { rounds: flags.rounds, reference, signal: io.signal });
    if (flags.plot !== undefined) await writePicture(io, flags.plot, await workPrecision(system.source.name, found));
    await outputOf(io, flags).result(
      {
        system: system.source.name,
        span: system.span,
        rounds: flags.rounds,
        measurements: found.map((one) => ({ ...one, rtol: one.rtol ?? null })),
      },
      tableOf(found),
    );
  } finally {
    for (const engine of engines.values()) await engine.dispose();
  }
}

function contestantsOf(
  solver: Solver,
  engine: string,
  backend: Backend,
  { rtols, stepSize, dtype = bestDType(backend) }: BenchFlags,
): readonly Contestant[] {
  const common = { solver, engine, backend, dtype };
  if (solver.hasErrorEstimate) return rtols.map((rtol) => ({ ...common, rtol, stepSize: undefined }));
  if (stepSize !== undefined) return [{ ...common, rtol: undefined, stepSize }];
  throw new UsageError('--solvers', `${solver.name} has no error estimate to choose its steps by`, {
    expected: '--step-size for it',
  });
}

const tableOf = (found: readonly Measurement[]): string =>
  textTable(
    ['solver', 'engine', 'dtype', 'rtol', 'steps', 'rejected', 'NFE', 'error', 'ms', 'µs/step', 'ratio'],
    found.map(({ solver, engine, dtype, rtol, steps, rejected, nfe, error, milliseconds, ratio }) => [
      solver,
      engine,
      dtype,
      rtol === undefined ? '–' : inShort(rtol),
      String(steps),
      String(rejected),
      String(nfe),
      error.toExponential(1),
      shortNumber(milliseconds),
      shortNumber((1000 * milliseconds) / steps),
      ratio.toFixed(2),
    ]),
  );

/** Error against time, a line for each solver and engine. */
async function workPrecision(name: string, found: readonly Measurement[]) {
  const { lineChart } = await import('@node-ode/viz');
  const lines = new Map<string, Measurement[]>();
  for (const one of found) {
    const key = `${one.solver}, ${one.engine}`;
    lines.set(key, [...(lines.get(key) ?? []), one]);
  }
  return lineChart({
    title: `${name.replace(/\.[^.]*$/, '')}: accuracy against cost`,
    x: { label: 'time of a solve', unit: 'ms', scale: 'log' },
    y: { label: 'error at the end', scale: 'log' },
    series: Array.from(lines, ([key, points]) => ({
      name: key,
      x: points.map(({ milliseconds }) => milliseconds),
      y: points.map(({ error }) => error),
      points: true,
      line: true,
    })),
  });
}
