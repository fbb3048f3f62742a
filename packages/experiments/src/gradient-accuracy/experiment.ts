/** How far gradients are off, by tolerance and by evaluations: backprop, the adjoint, the interpolating adjoint. */
import { backprop } from '@node-ode/gradient-backprop';
import { lineChart, type Figure } from '@node-ode/viz';
import { defineExperiment, integer, real, type Cell } from '../lab/index.ts';
import { gradientOf, methods, relativeError } from './measure.ts';
import { problems } from './problems.ts';

/** One problem, method and tolerance: geometric mean of the error and mean of the evaluations over seeds. */
interface Point {
  readonly problem: string;
  readonly method: string;
  readonly tol: number;
  /** Relative, in the Euclidean norm; null where a solve failed. */
  readonly error: number | null;
  readonly nfe: number | null;
  readonly nfeBackward: number | null;
}

export const experiment = defineExperiment({
  name: 'gradient-accuracy',
  title: 'Gradients by backprop and by adjoints: error against tolerance and evaluations',
  source: 'Chen et al. 2018, section 2, figure 3; Gholami et al. 2019 (arXiv:1902.10298), section 3',
  seeds: { full: 5, quick: 2 },
  options: {
    digits: integer('tolerances are 10⁻² to 10 to the minus this', { full: 10, quick: 8 }, { min: 3, max: 11 }),
    truth: real('tolerance of backprop for the gradient that all are held to', 1e-13),
  },
  run: async ({ digits, truth }, lab) => {
    const tolerances = Array.from({ length: digits - 1 }, (_, k) => 10 ** -(k + 2));
    const points: Point[] = [];
    for (const { name } of problems(0)) {
      for (const [method, make] of Object.entries(methods)) {
        for (const tol of tolerances) {
          points.push(
            await lab.once(`${name}/${method.replaceAll(' ', '-')}/${tol}`, async () => {
              const runs = [];
              for (const seed of lab.seeds) {
                const problem = problems(seed).find((one) => one.name === name);
                if (problem === undefined) continue;
                const exact = await gradientOf(lab.backend, problem, backprop, truth);
                const found = await gradientOf(lab.backend, problem, make, tol);
                lab.signal.throwIfAborted();
                if (found === undefined || exact === undefined) continue;
                runs.push({ ...found, error: relativeError(found.gradient, exact.gradient) });
              }
              return summary({ problem: name, method, tol }, runs, lab.seeds.length);
            }),
          );
        }
      }
    }
    return {
      tables: problems(0).map(({ name, title }) => ({
        title,
        columns: ['tolerance', ...Object.keys(methods).flatMap((method) => [`${method}: error`, 'NFE'])],
        rows: tolerances.map((tol): readonly Cell[] => [
          tol.toExponential(0),
          ...Object.keys(methods).flatMap((method): Cell[] => {
            const point = points.find((p) => p.problem === name && p.method === method && p.tol === tol);
            return [
              point?.error?.toExponential(1) ?? null,
              point?.nfe == null ? null : `${Math.round(point.nfe)} + ${Math.round(point.nfeBackward ?? NaN)}`,
            ];
          }),
        ]),
      })),
      figures: problems(0).flatMap(({ name, title }) => [
        {
          name: `${name}-tolerance`,
          figure: errorFigure(points, name, title, 'tolerance'),
          caption: `Relative error of the gradient against the tolerance: ${title}.`,
        },
        {
          name: `${name}-nfe`,
          figure: errorFigure(points, name, title, 'nfe'),
          caption: `Relative error of the gradient against evaluations, forward and backward: ${title}.`,
        },
      ]),
      notes: [
        'Double precision, dopri5; rtol = atol = the tolerance, forward and backward. Errors are of the gradient for all parameters and the initial states, ‖g − ĝ‖ / ‖ĝ‖, the geometric mean over seeds; NFE is forward + backward.',
        `ĝ is backprop's at ${truth}. A dash is a tolerance at which a solve of some seed failed.`,
        'Where the flow contracts, an error of the state grows as e^(8t) when it is solved backwards: at loose tolerances the adjoint, which does so, goes wrong, and the interpolating adjoint, which reads the state from the forward solve, does not. At tight ones all three agree: a tolerance bounds what grows, too.',
      ],
      data: { points },
    };
  },
});

function summary(
  of: Pick<Point, 'problem' | 'method' | 'tol'>,
  runs: readonly { readonly error: number; readonly nfe: number; readonly nfeBackward: number }[],
  seeds: number,
): Point {
  if (runs.length < seeds) return { ...of, error: null, nfe: null, nfeBackward: null };
  const mean = (value: (run: (typeof runs)[number]) => number): number =>
    runs.reduce((sum, run) => sum + value(run), 0) / runs.length;
  return {
    ...of,
    error: Math.exp(mean(({ error }) => Math.log(error))),
    nfe: mean(({ nfe }) => nfe),
    nfeBackward: mean(({ nfeBackward }) => nfeBackward),
  };
}

function errorFigure(points: readonly Point[], problem: string, title: string, by: 'tolerance' | 'nfe'): Figure {
  const at = (point: Point): number =>
    by === 'tolerance' ? point.tol : (point.nfe ?? NaN) + (point.nfeBackward ?? NaN);
  return lineChart({
    title,
    width: 620,
    height: 420,
    x: { label: by === 'tolerance' ? 'tolerance' : 'evaluations, forward and backward', scale: 'log' },
    y: { label: 'relative error of the gradient', scale: 'log' },
    series: Object.keys(methods).map((method) => {
      const own = points.filter((point) => point.problem === problem && point.method === method);
      return { name: method, x: own.map(at), y: own.map(({ error }) => error ?? NaN), points: true, line: true };
    }),
  });
}
