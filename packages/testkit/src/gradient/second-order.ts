/** Derivatives along a direction and second derivatives, by every order of the modes, on a problem in closed form. */
import {
  array,
  grad,
  hvp,
  jvp,
  onesLike,
  zerosLike,
  type HostArray,
  type Ode,
  type PidOptions,
  type Tangents,
  type Tensor,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandClose } from '../support/numbers.ts';
import { scalar } from '../support/random-arrays.ts';
import { readLeaves } from '../support/read-leaves.ts';
import type { PerFloat } from '../support/precision.ts';
import { tight, tightOde, type GradientSubject } from './subject.ts';

export function secondOrderChecks(subject: GradientSubject): readonly Check[] {
  return [
    check('has second derivatives', () => secondOrder(subject)),
    check('has derivatives along a direction', () => forwards(subject)),
    check('has second derivatives by forward mode over reverse mode, and the other way', () => mixedModes(subject)),
  ];
}

interface Exponential<T> {
  readonly a: T;
  readonly y0: T;
  readonly ts: T;
}

const [rate, start, t0, t1] = [0.6, 1.4, 0.3, 1.1];
const span = t1 - t0;
const growth = Math.exp(rate * span);

const exponentialAt = ({ dtype }: GradientSubject): Exponential<HostArray> => ({
  a: scalar(rate, dtype),
  y0: scalar(start, dtype),
  ts: array([t0, t1], { dtype }),
});

/** y0·e^(a(t1−t0)), by a solve. */
const exponential =
  (ode: Ode) =>
  (p: Exponential<Tensor>): Tensor =>
    ode.odeint((_t, y: Tensor) => y.mul(p.a), p.y0, p.ts).ys.at(1);

/** Its first derivatives by a, t0, t1 and y0, and its second ones. */
const [byTime, mixed] = [rate * start * growth, start * growth * (1 + rate * span)];
const firstDerivatives: readonly number[] = [span * start * growth, -byTime, byTime, growth];
const secondDerivatives: readonly (readonly number[])[] = [
  [span * span * start * growth, -mixed, mixed, span * growth],
  [-mixed, rate * byTime, -rate * byTime, -rate * growth],
  [mixed, -rate * byTime, rate * byTime, rate * growth],
  [span * growth, -rate * growth, rate * growth, 0],
];

async function secondOrder(subject: GradientSubject): Promise<void> {
  const ode = odeOf(subject);
  const value = exponential(ode);
  const second = ode.compile((p: Exponential<Tensor>) => {
    const of = (name: keyof Exponential<Tensor>, i: number) =>
      grad((q: typeof p) => grad(value)(q)[name].reshape([-1]).at(i))(p);
    return [of('a', 0), of('ts', 0), of('ts', 1), of('y0', 0)];
  });
  const rows = await readRows(await second(exponentialAt(subject)));
  demandRows(subject, 'the second derivative', rows, secondDerivatives);
}

/** Directions: each of a, t0, t1 and y0 alone, in the order of the tables above. */
const directionsAt = (p: Exponential<Tensor>): readonly Tangents<Exponential<Tensor>>[] => [
  { a: onesLike(p.a) },
  { ts: zerosLike(p.ts).setRow(0, 1) },
  { ts: zerosLike(p.ts).setRow(1, 1) },
  { y0: onesLike(p.y0) },
];

async function forwards(subject: GradientSubject): Promise<void> {
  const ode = odeOf(subject);
  const value = exponential(ode);
  const all = ode.compile((p: Exponential<Tensor>) => directionsAt(p).map((v) => jvp(value, p, v).tangent));
  const found = await readLeaves(await all(exponentialAt(subject)));
  demandRows(subject, 'the derivative along a direction', [found.flat()], [firstDerivatives]);
}

async function mixedModes(subject: GradientSubject): Promise<void> {
  const ode = odeOf(subject);
  const value = exponential(ode);
  const all = ode.compile((p: Exponential<Tensor>) => ({
    forwardOverReverse: directionsAt(p).map((v) => hvp(value)(p, v)),
    reverseOverForward: directionsAt(p).map((v) => grad((q: typeof p) => jvp(value, q, v).tangent)(p)),
  }));
  const found = await all(exponentialAt(subject));
  const name = "the Hessian's product with a direction";
  demandRows(subject, `${name}, forward over reverse`, await readRows(found.forwardOverReverse), secondDerivatives);
  demandRows(subject, `${name}, reverse over forward`, await readRows(found.reverseOverForward), secondDerivatives);
}

/**
 * ∂²y/∂t² is the second derivative of a step's interpolant: the rounding of slopes, divided by the step, some 300u/h. So in f32
 * steps are as large as its truncation allows, the last of them too.
 */
const evenSteps: PerFloat<PidOptions> = {
  f64: tight.f64,
  f32: { rtol: 1e-5, atol: 1e-6, firstStep: 0.12, maxStep: 0.12 },
};
const odeOf = (subject: GradientSubject): Ode => tightOde(subject, evenSteps[subject.dtype]);

/** One row for each tree. */
const readRows = async (trees: readonly unknown[]): Promise<number[][]> =>
  Promise.all(trees.map(async (tree) => (await readLeaves(tree)).flat()));

function demandRows(
  { make, tolerance }: GradientSubject,
  what: string,
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
): void {
  expected.forEach((row, i) => {
    demandClose(`${make().name}: ${what}, row ${i + 1} (a, t0, t1, y0)`, actual[i] ?? [], row, {
      rtol: 10 * tolerance,
      atol: 10 * tolerance,
    });
  });
}
