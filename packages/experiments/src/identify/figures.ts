/** A forecast over what came, and the phase portrait of the learned system. */
import { grid, lineChart, phasePortrait, type Figure, type Series } from '@node-ode/viz';
import type { Path, Problem, State } from './problem.ts';

/** What the figure of a problem shows. */
export interface Portrait {
  /** From the last segment's beginning to the end of the horizon. */
  readonly forecast: Path;
  /** The learned system for longer, for the phase portrait. */
  readonly orbit: Path;
  /** The learned field at states of the plane; not for systems of three components. */
  readonly field?: { readonly states: readonly State[]; readonly rates: readonly State[] };
}

const column = (path: readonly State[], k: number): number[] => path.map((state) => state[k] ?? NaN);

/** Both pictures side by side. */
export const portraitFigure = (problem: Problem, portrait: Portrait): Figure =>
  grid([timeFigure(problem, portrait), phaseFigure(problem, portrait)], { columns: 2 });

/** At most two components over time: the stretch held out is shaded. */
function timeFigure(problem: Problem, { forecast }: Portrait): Figure {
  const { title, components, train, heldOut, truth, unit } = problem;
  const cut = train.t.at(-1) ?? NaN;
  const shown = components.slice(0, components.length > 2 ? 1 : 2);
  const first = train.t[0] ?? NaN;
  // Of a long series, twice the horizon before it.
  const from = truth === undefined ? first : Math.max(first, cut - 2 * ((heldOut.t.at(-1) ?? NaN) - cut));
  const since = (path: Path): Path => {
    const kept = path.t.map((t, i) => [t, i] as const).filter(([t]) => t >= from);
    return { t: kept.map(([t]) => t), y: kept.map(([, i]) => path.y[i] ?? []) };
  };
  const series = shown.flatMap((name, k): Series[] => [
    ...(truth === undefined
      ? []
      : [{ name: `${name}, true`, x: since(truth).t, y: column(since(truth).y, k), colour: 5 + k }]),
    { name: `${name}, observed`, x: since(train).t, y: column(since(train).y, k), colour: k, points: true },
    ...(truth === undefined
      ? [{ name: `${name}, held out`, x: heldOut.t, y: column(heldOut.y, k), colour: 2 + k, points: true }]
      : []),
    { name: `${name}, forecast`, x: forecast.t, y: column(forecast.y, k), colour: k, dashed: true },
  ]);
  return lineChart({
    title,
    width: 620,
    height: 420,
    x: { label: 'time', ...(problem.timeUnit === undefined ? {} : { unit: problem.timeUnit }) },
    y: { label: shown.join(', '), ...(unit === undefined ? {} : { unit }) },
    bands: [{ from: cut, to: Infinity, label: 'held out' }],
    series,
  });
}

function phaseFigure({ components, plane, truth, train, heldOut, unit }: Problem, { orbit, field }: Portrait): Figure {
  const [i, j] = plane;
  const axis = (k: number) => ({ label: components[k] ?? '', ...(unit === undefined ? {} : { unit }) });
  const path = (name: string, states: readonly State[], colour: number): Series => ({
    name,
    x: column(states, i),
    y: column(states, j),
    colour,
  });
  const isLarge = components.length > 2;
  return phasePortrait({
    title: 'Phase portrait of the learned system',
    width: 520,
    height: 420,
    x: axis(i),
    y: axis(j),
    trajectories: [
      ...(truth === undefined ? [] : [path('true', truth.y, 5)]),
      { ...path('learned, on its own', orbit.y, 1), dashed: !isLarge },
    ],
    points: isLarge
      ? []
      : [path('observed', train.y, 0), ...(truth === undefined ? [path('held out', heldOut.y, 2)] : [])],
    ...(field === undefined
      ? {}
      : {
          field: {
            x: column(field.states, i),
            y: column(field.states, j),
            u: column(field.rates, i),
            v: column(field.rates, j),
          },
        }),
  });
}
