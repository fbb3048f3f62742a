/** What `node-ode solve` does. */
import type { Io } from '../io.ts';
import { odeConfig } from '../ode/flags.ts';
import { makeOde } from '../ode/make-ode.ts';
import { requirePicturePath, writePicture, writeWhole } from '../output/files.ts';
import { outputOf, write } from '../output/output.ts';
import type { SolveFlags } from './flags.ts';
import { outputTimes, withFineGrid } from './output-times.ts';
import { phaseChart, trajectoryChart } from './pictures.ts';
import { restricted, solveSystem, type Trajectory } from './solve-system.ts';
import { findSource } from './find-source.ts';
import { lineName } from './source.ts';
import { readSystem, type System } from './system.ts';
import { columnsOf, requireNames, rowsOf } from './table.ts';

/** Reads a system, solves it, and writes its table and pictures. */
export async function solve(file: string, flags: SolveFlags, io: Io): Promise<void> {
  const [also, axes] = [flags.also ?? [], flags.axes ?? []];
  for (const flag of ['plot', 'phase'] as const) requirePicturePath(`--${flag}`, flags[flag]);
  const { param, y0, span } = flags;
  const system = readSystem(await findSource(file, io), {
    ...(param === undefined ? {} : { parameters: param }),
    ...(y0 === undefined ? {} : { initial: y0 }),
    ...(span === undefined ? {} : { span }),
  });
  requireNames('--also', system, also);
  requireNames('--axes', system, axes);
  const ts = outputTimes(system.span, flags);
  const { ode, backend, dtype, description } = await makeOde(odeConfig(flags, io.cwd), io);
  const begin = performance.now();
  const isPictured = flags.plot !== undefined || flags.phase !== undefined;
  const fine = await solveSystem(ode, system, isPictured ? withFineGrid(ts) : ts, {
    dtype,
    ...(flags.jumps === undefined ? {} : { jumpTimes: flags.jumps }),
  }).finally(() => backend.dispose());
  const seconds = (performance.now() - begin) / 1000;
  const trajectory = isPictured ? restricted(fine, ts) : fine;
  const output = outputOf(io, flags);
  const own = [...new Set([...also, ...axes])].filter((name) => name !== 't' && !system.states.includes(name));
  const all = columnsOf(system, fine, own);
  const pictures = [
    ...(flags.plot === undefined
      ? []
      : [await writePicture(io, flags.plot, await trajectoryChart(system, all, flags.axes))]),
    ...(flags.phase === undefined
      ? []
      : [await writePicture(io, flags.phase, await phaseChart(system, all, flags.axes))]),
  ];
  const columns = columnsOf(system, trajectory, also);
  const rows = rowsOf(columns, flags.format, dtype);
  const table = flags.out === undefined ? undefined : await writeWhole(io, flags.out, [...rows, ''].join('\n'));
  output.note(`${summary(description, system, trajectory)}, ${seconds.toPrecision(2)} s`);
  for (const path of [table, ...pictures]) if (path !== undefined) output.note(`wrote ${path}`);
  const { nfe, accepted, rejected } = trajectory.stats;
  if (flags.json === true) {
    await output.result(
      {
        system: system.source.name,
        how: description,
        ...(table === undefined
          ? { columns: Object.fromEntries(columns.names.map((name, i) => [name, columns.values[i]])) }
          : { table }),
        stats: { nfe, accepted, rejected, seconds },
        stopped:
          trajectory.stopped === undefined
            ? null
            : { t: trajectory.stopped.t, by: stopText(system, trajectory.stopped) },
        pictures,
      },
      '',
    );
    return;
  }
  if (table === undefined) for (const row of rows) await write(io.stdout, `${row}\n`);
}

const stopText = ({ source }: System, { stop }: NonNullable<Trajectory['stopped']>): string =>
  (source.text.slice(stop.at).split(/[\n;#]/)[0] ?? '').trim();

function summary(description: string, system: System, { ts, stats, stopped }: Trajectory): string {
  const steps = `${stats.accepted} steps${stats.rejected === 0 ? '' : ` and ${stats.rejected} rejected`}`;
  const end =
    stopped === undefined ? '' : ` (${stopText(system, stopped)}, ${lineName(system.source, stopped.stop.at)})`;
  return `${description}: t = ${system.span[0]} to ${ts.at(-1) ?? NaN}${end} in ${steps}, ${stats.nfe} evaluations`;
}
