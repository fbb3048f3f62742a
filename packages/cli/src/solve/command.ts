/** What `node-ode solve` does. */
import { PartialResult } from '../errors.ts';
import type { Io } from '../io.ts';
import { odeConfig } from '../ode/flags.ts';
import { openEngine, solvedDefaults } from '../ode/engine.ts';
import { requirePicturePath, writePicture, writeWhole } from '../output/files.ts';
import { outputOf, write, type Json } from '../output/output.ts';
import { grouped } from '../rows/read.ts';
import { findSource } from './find-source.ts';
import type { SolveFlags } from './flags.ts';
import { outputTimes, withFineGrid } from './output-times.ts';
import { phaseChart, trajectoryChart } from './pictures.ts';
import { restricted, solveSystem, type Trajectory } from './solve-system.ts';
import { lineName } from './source.ts';
import { readSystem, type System } from './system.ts';
import { columnsOf, requireNames, rowsOf, type Columns } from './table.ts';

/** A solution, and how it was found. */
interface Solution {
  readonly system: System;
  /** At the times of the table. */
  readonly trajectory: Trajectory;
  /** At those of the pictures as well. */
  readonly fine: Trajectory;
  readonly dtype: 'f32' | 'f64';
  /** Solver, engine and tolerances. */
  readonly description: string;
  readonly seconds: number;
}

/**
 * Reads a system, solves it, and writes its table and pictures: of a solve that fails those up to there.
 *
 * @throws SolveError behind that.
 */
export async function solve(file: string, flags: SolveFlags, io: Io): Promise<void> {
  for (const flag of ['plot', 'phase'] as const) requirePicturePath(`--${flag}`, flags[flag]);
  const solution = await solutionOf(await systemOf(file, flags, io), flags, io);
  const { system, trajectory, dtype } = solution;
  const pictures = await writePictures(solution, flags, io);
  const columns = columnsOf(system, trajectory, flags.also ?? []);
  const rows = rowsOf(columns, flags.format, dtype);
  const table = flags.out === undefined ? undefined : await writeWhole(io, flags.out, [...rows, ''].join('\n'));
  const output = outputOf(io, flags);
  output.note(summary(solution));
  for (const path of [table, ...pictures]) if (path !== undefined) output.note(`wrote ${path}`);
  const { failure } = trajectory;
  if (flags.json === true) {
    const result = resultOf(solution, columns, table, pictures);
    if (failure !== undefined) throw new PartialResult(result, failure);
    return output.result(result, '');
  }
  if (table === undefined) await writeLines(rows, io);
  if (failure !== undefined) throw failure;
}

/** Lines of one write. */
const group = 1000;

async function writeLines(rows: Iterable<string>, io: Io): Promise<void> {
  for await (const lines of grouped(rows, group)) await write(io.stdout, `${lines.join('\n')}\n`);
}

async function systemOf(file: string, { param, y0, span, also = [], axes = [] }: SolveFlags, io: Io): Promise<System> {
  const system = readSystem(await findSource(file, io), {
    ...(param === undefined ? {} : { parameters: param }),
    ...(y0 === undefined ? {} : { initial: y0 }),
    ...(span === undefined ? {} : { span }),
  });
  requireNames('--also', system, also);
  requireNames('--axes', system, axes);
  return system;
}

async function solutionOf(system: System, flags: SolveFlags, io: Io): Promise<Solution> {
  const ts = outputTimes(system.span, flags);
  const engine = await openEngine(odeConfig(flags, io.cwd), solvedDefaults, io);
  const { ode, dtype, description } = engine;
  const begin = performance.now();
  const isPictured = flags.plot !== undefined || flags.phase !== undefined;
  const fine = await solveSystem(ode, system, isPictured ? withFineGrid(ts) : ts, {
    dtype,
    ...(flags.jumps === undefined ? {} : { jumpTimes: flags.jumps }),
  }).finally(() => engine.dispose());
  const seconds = (performance.now() - begin) / 1000;
  const trajectory = isPictured ? restricted(fine, ts) : fine;
  return { system, trajectory, fine, dtype, description, seconds };
}

async function writePictures(
  { system, fine }: Solution,
  { plot, phase, also = [], axes }: SolveFlags,
  io: Io,
): Promise<readonly string[]> {
  const isOther = (name: string): boolean => name !== 't' && !system.states.includes(name);
  const columns = columnsOf(system, fine, [...new Set([...also, ...(axes ?? [])])].filter(isOther));
  return [
    ...(plot === undefined ? [] : [await writePicture(io, plot, await trajectoryChart(system, columns, axes))]),
    ...(phase === undefined ? [] : [await writePicture(io, phase, await phaseChart(system, columns, axes))]),
  ];
}

/** The document of `--json`. */
function resultOf(
  { system, trajectory: { stats, stopped }, description, seconds }: Solution,
  { names, values }: Columns,
  table: string | undefined,
  pictures: readonly string[],
): Readonly<Record<string, Json>> {
  const { nfe, accepted, rejected } = stats;
  return {
    system: system.source.name,
    how: description,
    ...(table === undefined ? { columns: Object.fromEntries(names.map((name, i) => [name, values[i]])) } : { table }),
    stats: { nfe, accepted, rejected, seconds },
    stopped: stopped === undefined ? null : { t: stopped.t, by: stopText(system, stopped) },
    pictures,
  };
}

const stopText = ({ source }: System, { stop }: NonNullable<Trajectory['stopped']>): string =>
  (source.text.slice(stop.at).split(/[\n;#]/)[0] ?? '').trim();

function summary({ description, system, trajectory: { ts, stats, stopped, failure }, seconds }: Solution): string {
  const steps = `${stats.accepted} steps${stats.rejected === 0 ? '' : ` and ${stats.rejected} rejected`}`;
  const stop =
    stopped === undefined ? '' : ` (${stopText(system, stopped)}, ${lineName(system.source, stopped.stop.at)})`;
  const end = failure === undefined ? stop : `, then it failed,`;
  const span = `t = ${system.span[0]} to ${ts.at(-1) ?? NaN}${end}`;
  return `${description}: ${span} in ${steps}, ${stats.nfe} evaluations, ${seconds.toPrecision(2)} s`;
}
