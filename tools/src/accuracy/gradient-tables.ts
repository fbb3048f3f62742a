/** The tables about gradients: how exact, at what cost, with how much memory. */
import { reference } from '@node-ode/backend-reference';
import { createOde, type GradientMethod, type Ode, type Solver } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { tsit5 } from '@node-ode/solver-tsit5';
import { linearProblem, linearValues, networkProblem, type GradientProblem } from './gradient-problems.ts';
import { differencesOf, distances, gradientOf, hessianOf, relativeDistance, type Gradient } from './gradients.ts';
import { inTurn } from './in-turn.ts';
import { exactGradient, exactHessian } from './linear-exact.ts';
import { section, short, table } from './markdown.ts';
import { largeTolerances, largeTrainingStep } from './training.ts';

const methods: readonly (readonly [string, GradientMethod])[] = [
  ['backprop', backprop()],
  ['adjoint', adjoint()],
  ['adjoint, seminorm', adjoint({ seminorm: true })],
];

const odeAt = (gradient: GradientMethod, rtol: number, atol: number, solver: Solver = dopri5()): Ode =>
  createOde({ backend: reference(), solver, gradient, rtol, atol, dtype: 'f64', maxSteps: 1_000_000 });

const largest = (distance: Readonly<Record<string, number>>, of: (name: string) => boolean): number =>
  Math.max(...Object.entries(distance).flatMap(([name, value]) => (of(name) ? [value] : [])));

export async function gradientSection(): Promise<string> {
  const problems = [
    { problem: linearProblem(), exact: exactGradient(linearValues) },
    { problem: networkProblem(), exact: undefined },
  ];
  const rows = await inTurn(problems, async ({ problem, exact }) => {
    const tight = (method: GradientMethod): Ode => odeAt(method, 1e-11, 1e-12);
    const differences = await differencesOf(tight(backprop()), problem);
    const through = (await gradientOf(tight(backprop()), problem)).gradient;
    return inTurn(methods, async ([name, method]) => {
      const { gradient } = await gradientOf(tight(method), problem);
      const off = distances(gradient, differences);
      const isParameter = (of: string): boolean => of !== 'y0' && of !== 'ts';
      return [
        `${problem.name}, ${name}`,
        largest(off, (of) => of === 'y0'),
        largest(off, isParameter),
        largest(off, (of) => of === 'ts'),
        name === 'backprop' ? '–' : largest(distances(gradient, through), () => true),
        exact === undefined ? '–' : largest(distances(gradient, exact), () => true),
        gradient['unused']?.every((x) => x === 0) === true ? 'zero' : 'not zero',
      ];
    });
  });
  const hessian = exactHessian(linearValues);
  const second = await inTurn(methods, async ([name, method]) => {
    const found = await hessianOf(odeAt(method, 1e-11, 1e-12), linearProblem(), ['y0', 'matrix', 'ts']);
    const errors = hessian.flatMap((row, i) => row.map((exact, k) => Math.abs((found[i]?.[k] ?? NaN) - exact)));
    return [name, Math.max(...errors)];
  });
  return section(
    'Gradients',
    'dopri5 at rtol 1e-11, atol 1e-12 in f64: the largest absolute difference for y0, for the parameters and for every time, against central differences of fourth order (whose own error is that of the solves over 10⁻³: about 10⁻⁸); against backprop; and, on the linear problem, against the exact gradient by matrix exponentials.',
    table(['problem, method', 'y0', 'parameters', 'times', 'to backprop', 'to exact', 'unused parameter'], rows.flat()),
    'Second derivatives of the linear problem (y0, A and every time): the largest difference of the 16 × 16 Hessian, a derivative of a derivative, to the exact one. Through the steps, second derivatives for times are those of the dense output, of order 4.',
    table(['method', 'largest error'], second),
  );
}

export async function costSection(): Promise<string> {
  const network = networkProblem();
  const [exact, other] = await Promise.all(
    [backprop(), adjoint()].map(
      async (method) => (await gradientOf(odeAt(method, 1e-13, 1e-13, tsit5()), network)).gradient,
    ),
  );
  if (exact === undefined || other === undefined) throw new Error('two gradients expected');
  const agreement = relativeDistance(withoutTimes(other), withoutTimes(exact));
  return section(
    'Accuracy per NFE',
    'dopri5 in f64 at rtol = atol: function evaluations forward and backward, the error of the gradient for y0 and the parameters ("θ"), and of that for the times ("t"), each relative to the largest component. A backward evaluation is one of f and one vector–Jacobian product, for both methods: backprop computes every accepted step once more, the adjoint solves for y, a and g together.',
    'The linear problem, against the exact gradient:',
    await costTable(linearProblem(), exactGradient(linearValues)),
    `The network, against the adjoint's gradient with tsit5 at 1e-13 (that of backprop differs by ${short(agreement)} in θ):`,
    await costTable(network, other),
    'Backprop differentiates the discrete solution, so the error of its gradient is that of the solve; for an intermediate time it is the slope of the dense output, one order below. The adjoint solves the continuous problem backwards, with an error of its own at the same tolerance, and takes slopes for times from f itself.',
  );
}

const withoutTimes = ({ ts: _, ...rest }: Gradient): Gradient => rest;
const onlyTimes = ({ ts = [] }: Gradient): Gradient => ({ ts });

async function costTable(problem: GradientProblem, exact: Gradient): Promise<string> {
  const tolerances = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10];
  const rows = await inTurn(tolerances, async (rtol) => {
    const results = await inTurn(methods, async ([, method]) => {
      const { gradient, stats } = await gradientOf(odeAt(method, rtol, rtol), problem);
      const errors = [withoutTimes, onlyTimes].map((part) => relativeDistance(part(gradient), part(exact)));
      return { nfe: stats.nfe, cells: [stats.nfeBackward, ...errors] };
    });
    return [rtol.toExponential(), results[0]?.nfe ?? NaN, ...results.flatMap(({ cells }) => cells)];
  });
  return table(['tolerance', 'NFE', ...methods.flatMap(([name]) => [`${name}: NFE`, 'θ', 't'])], rows);
}

export async function millionSection(): Promise<string> {
  const rows = await inTurn(methods, async ([name, method]) => {
    const start = performance.now();
    const { nfe, nfeBackward, counters } = await largeTrainingStep(dopri5(), method);
    const seconds = (performance.now() - start) / 1000;
    return [name, nfe, nfeBackward, ((counters?.peakBytes ?? NaN) / 2 ** 20).toFixed(1), seconds.toFixed(1)];
  });
  const { rtol, atol } = largeTolerances;
  return section(
    'A million parameters',
    `One step of gradient descent on a network 500-1000-500 (1,001,500 parameters, 3.8 MiB in f32), one sample, t from 0 to 1, dopri5 at rtol ${rtol.toExponential()}, atol ${atol.toExponential()}, on the reference engine. With the seminorm the parameters' adjoint is left out of the error norm. The adjoint holds the parameters' integral in each of its stages; the peak counts all live arrays.`,
    table(['method', 'NFE forward', 'NFE backward', 'peak MiB', 'seconds, compilation included'], rows),
  );
}
