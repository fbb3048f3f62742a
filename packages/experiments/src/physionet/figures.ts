/** One stay: what was seen, what was hidden, and what the models say of it. */
import type { HostArray } from '@node-ode/core';
import { grid, lineChart, type Figure } from '@node-ode/viz';
import type { Records } from './data.ts';

/** What is drawn of a parameter of one stay: hours and values. */
export interface Drawn {
  readonly parameter: string;
  readonly seen: Points;
  readonly hidden: Points;
  /** By the models' names. */
  readonly models: Readonly<Record<string, Points>>;
}

/** Hours, and values in deviations. */
export interface Points {
  readonly hours: readonly number[];
  readonly values: readonly number[];
}

const shown = ['HR', 'MAP', 'Temp', 'GCS'];

/** The numbers of the pictures, of the stay with the most observations of what is shown. */
export function drawnOf(
  { t, y }: Records,
  { seen, hidden }: { readonly seen: HostArray; readonly hidden: HostArray },
  parameters: readonly string[],
  predictions: Readonly<Record<string, HostArray>>,
): readonly Drawn[] {
  const [records = 0, hours = 0] = y.shape;
  const columns = shown.map((name) => parameters.indexOf(name)).filter((column) => column >= 0);
  const at = (record: number, hour: number, column: number): number =>
    (record * hours + hour) * parameters.length + column;
  const all = Array.from({ length: hours }, (_, hour) => hour);
  const least = (record: number): number =>
    Math.min(...columns.map((column) => all.filter((hour) => seen.data[at(record, hour, column)] === 1).length));
  const record = Array.from({ length: records }, (_, i) => i).reduce(
    (best, i) => (least(i) > least(best) ? i : best),
    0,
  );
  const points = (values: HostArray, column: number, mask?: HostArray): Points => {
    const chosen = all.filter((hour) => mask === undefined || mask.data[at(record, hour, column)] === 1);
    return {
      hours: chosen.map((hour) => 24 * (t.data[hour] ?? NaN)),
      values: chosen.map((hour) => values.data[at(record, hour, column)] ?? NaN),
    };
  };
  return columns.map((column) => ({
    parameter: parameters[column] ?? '',
    seen: points(y, column, seen),
    hidden: points(y, column, hidden),
    models: Object.fromEntries(Object.entries(predictions).map(([name, x]) => [name, points(x, column)])),
  }));
}

/** A chart for each parameter. */
export const stayFigure = (all: readonly Drawn[]): Figure =>
  grid(
    all.map(({ parameter, seen, hidden, models }) =>
      lineChart({
        title: parameter,
        width: 560,
        height: 340,
        x: { label: 'hours since admission', domain: [0, 48] },
        y: { label: 'deviations from the mean' },
        series: [
          ...Object.entries(models).map(([name, { hours, values }], i) => ({ name, x: hours, y: values, colour: i })),
          { name: 'seen', x: seen.hours, y: seen.values, colour: 6, points: true, line: false },
          { name: 'hidden', x: hidden.hours, y: hidden.values, colour: 3, points: true, line: false },
        ],
      }),
    ),
    { columns: 2, title: 'One stay of those to test on' },
  );
