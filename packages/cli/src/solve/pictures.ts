/** A solution as pictures: over time, and in the plane of two states. What draws them is loaded when it is needed. */
import type { Figure } from '@node-ode/viz';
import { UsageError } from '../errors.ts';
import type { Columns } from './table.ts';
import { derivativeAt } from './solve-system.ts';
import type { System } from './system.ts';

const column = ({ names, values }: Columns, name: string): readonly number[] => values[names.indexOf(name)] ?? [];

/** Most lines that a chart of trajectories tells apart. */
const mostLines = 12;

/** States over time; `axes` are the columns to show, all by default. */
export async function trajectoryChart(
  system: System,
  columns: Columns,
  axes: readonly string[] | undefined,
): Promise<Figure> {
  const { lineChart } = await import('@node-ode/viz');
  const shown = axes ?? columns.names.filter((name) => name !== 't');
  return lineChart({
    title: titleOf(system),
    x: { label: 'time t' },
    y: { label: shown.length === 1 ? (shown[0] ?? '') : 'state' },
    series: shown
      .slice(0, mostLines)
      .map((name) => ({ name: shown.length === 1 ? '' : name, x: column(columns, 't'), y: column(columns, name) })),
  });
}

/**
 * Two columns against each other, with where the solution begins. The arrows of the vector field are drawn where it is one of
 * the plane: two states, and nothing that changes with time.
 *
 * @throws UsageError if there are not two axes.
 */
export async function phaseChart(
  system: System,
  columns: Columns,
  axes: readonly string[] | undefined,
): Promise<Figure> {
  const { phasePortrait } = await import('@node-ode/viz');
  const [x, y, ...others] = axes ?? columns.names.slice(1, 3);
  if (x === undefined || y === undefined || others.length > 0) {
    throw new UsageError('solve', `--phase with ${x === undefined ? 'no axis' : 'one axis, or more than two'}`, {
      expected: 'two: --axes x,y, or a system of at least two states',
    });
  }
  const [xs, ys] = [column(columns, x), column(columns, y)];
  const [i, j] = [system.states.indexOf(x), system.states.indexOf(y)];
  const isPlane = system.isAutonomous && system.states.length === 2 && i >= 0 && j >= 0 && i !== j;
  const field = (u: number, v: number): readonly [number, number] => {
    const point = i === 0 ? [u, v] : [v, u];
    const slopes = derivativeAt(system, system.span[0], point);
    return [slopes[i] ?? NaN, slopes[j] ?? NaN];
  };
  return phasePortrait({
    title: titleOf(system),
    x: { label: x },
    y: { label: y },
    trajectories: [{ name: 'trajectory', x: xs, y: ys, width: 1.2 }],
    points: [{ name: `t = ${system.span[0]}`, x: xs.slice(0, 1), y: ys.slice(0, 1), colour: 1 }],
    ...(isPlane ? { field } : {}),
  });
}

/** The file's name without its ending. */
const titleOf = ({ source }: System): string => source.name.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
