/** Gradients on y' = Ay, whose solution and derivatives are matrix exponentials. */
import { array, matmul, valueAndGrad, type HostArray, type Tensor } from '@node-ode/core';
import { propagate } from '../problems/matrix-exponential.ts';
import { check, demand, lazy, type Check } from '../support/check.ts';
import { centralDifferences } from '../support/finite-differences.ts';
import { demandClose } from '../support/numbers.ts';
import { rounded } from '../support/precision.ts';
import { tightOde, type GradientSubject } from './subject.ts';

const matrix = [
  [-0.4, 1.3, 0.2],
  [-0.9, 0.1, 0.5],
  [0.3, -0.6, -0.2],
];
const start = [0.7, -1.1, 0.4];
/** One row of cotangents for each time: L = Σᵢ wᵢ·y(tᵢ). */
const weights = [
  [0.3, -0.2, 0.9],
  [1.1, 0.4, -0.7],
  [-0.5, 0.8, 0.6],
  [0.2, 1.2, -0.3],
];

const times = {
  forwards: [0.2, 0.5, 1.1, 1.7],
  backwards: [1.7, 1.2, 0.6, -0.1],
} as const;

export function linearChecks(subject: GradientSubject): readonly Check[] {
  const solves = [
    { how: 'forwards in time', ts: [times.forwards[0], times.forwards[3]] },
    { how: 'backwards in time', ts: [times.backwards[0], times.backwards[3]] },
    { how: 'with intermediate times', ts: times.forwards },
    { how: 'with intermediate times backwards', ts: times.backwards },
  ].map(({ how, ts }) => ({ how, ts, both: lazy(() => Promise.all([found(subject, ts), exact(ts)])) }));
  const one = (name: string, of: keyof Gradients): readonly Check[] =>
    solves.map(({ how, ts, both }) =>
      check(`${name}, ${how}`, async () => {
        const [actual, expected] = await both();
        const { tolerance } = subject;
        demandClose(`${subject.make().name}: ${labels[of]} at times ${ts.join(', ')}`, actual[of], expected[of], {
          rtol: tolerance,
          atol: tolerance,
        });
      }),
    );
  return [
    ...one('leaves the solution as it is', 'value'),
    ...one('has the gradient for y0', 'y0'),
    ...one('has the gradient for the parameters', 'matrix'),
    ...one('has the gradient for every time', 'ts'),
    check('has the cotangent itself for a single time', () => singleTime(subject)),
    ...(subject.dtype === 'f32' ? [] : [check('has gradients in f32', () => inSinglePrecision(subject))]),
  ];
}

interface Gradients {
  readonly value: readonly number[];
  readonly y0: readonly number[];
  readonly matrix: readonly number[];
  readonly ts: readonly number[];
}

const transposed = matrix.map((_, i) => matrix.map((row) => row[i] ?? 0));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
const applied = (m: readonly (readonly number[])[], v: readonly number[]): number[] => m.map((row) => dot(row, v));
const sumOf = (vectors: readonly (readonly number[])[]): number[] =>
  start.map((_, i) => vectors.reduce((sum, v) => sum + (v[i] ?? 0), 0));

/** Exact values: y(tᵢ) = exp(A(tᵢ − t₀))·y0. */
async function exact(ts: readonly number[]): Promise<Gradients> {
  const t0 = ts[0] ?? NaN;
  const w = (i: number): readonly number[] => weights[i] ?? [];
  const loss = (m: readonly (readonly number[])[]): number =>
    ts.reduce((sum, t, i) => sum + dot(w(i), propagate(m, t - t0, start)), 0);
  const slopes = ts.map((t, i) => dot(w(i), applied(matrix, propagate(matrix, t - t0, start))));
  // y(t₀) is y0 whatever t₀ is; every later value moves with −A·y(tᵢ).
  const atStart = -slopes.slice(1).reduce((a, b) => a + b, 0);
  const flat = array(matrix, { dtype: 'f64' });
  const rows = ({ data }: HostArray): number[][] => [0, 1, 2].map((i) => Array.from(data.slice(3 * i, 3 * i + 3)));
  const [byMatrix = []] = await centralDifferences(([m]) => Promise.resolve(loss(rows(m as HostArray))), [flat]);
  return {
    value: [loss(matrix)],
    y0: sumOf(ts.map((t, i) => propagate(transposed, t - t0, w(i)))),
    matrix: byMatrix,
    ts: [atStart, ...slopes.slice(1)],
  };
}

async function found(subject: GradientSubject, ts: readonly number[]): Promise<Gradients> {
  const { dtype } = subject;
  const ode = tightOde(subject);
  const w = array(weights.slice(0, ts.length), { dtype });
  const gradients = ode.compile((given: { readonly y0: Tensor; readonly matrix: Tensor; readonly ts: Tensor }) =>
    valueAndGrad((p: typeof given) => {
      const { ys } = ode.odeint((_t, y: Tensor) => matmul(p.matrix, y.reshape([3, 1])).reshape([3]), p.y0, p.ts);
      return ys.mul(w).sum();
    })(given),
  );
  const given = { y0: array(start, { dtype }), matrix: array(matrix, { dtype }), ts: array(ts, { dtype }) };
  const { value, grad } = await gradients(given);
  const read = async (x: { read(): Promise<HostArray> }): Promise<number[]> => Array.from((await x.read()).data);
  return {
    value: await read(value),
    y0: await read(grad.y0),
    matrix: await read(grad.matrix),
    ts: await read(grad.ts),
  };
}

const labels: Readonly<Record<keyof Gradients, string>> = {
  value: 'the solution',
  y0: 'the gradient for y0',
  matrix: 'the gradient for A',
  ts: 'the gradient for the times',
};

async function inSinglePrecision(subject: GradientSubject): Promise<void> {
  const [actual, expected] = [await found({ ...subject, dtype: 'f32' }, times.forwards), await exact(times.forwards)];
  for (const of of ['y0', 'matrix', 'ts'] as const) {
    demandClose(`${subject.make().name}: ${labels[of]} in f32`, actual[of], expected[of], { rtol: 1e-3, atol: 1e-3 });
  }
}

async function singleTime(subject: GradientSubject): Promise<void> {
  const { y0, matrix: m, ts } = await found(subject, [0.2]);
  const exactly = (weights[0] ?? []).map((w) => rounded(w, subject.dtype));
  demandClose(`${subject.make().name}: y0 at a single time`, y0, exactly, { rtol: 0, atol: 0 });
  demand(
    [...m, ...ts].every((x) => x === 0),
    `${subject.make().name} at a single time`,
    `gradients for A and t are ${[...m, ...ts].join(', ')}`,
    { expected: 'zeros' },
  );
}
