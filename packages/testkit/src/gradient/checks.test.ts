// The suite of gradient methods passes backprop, and fails methods with one error for the right reason, with f64 and without.
import {
  arange,
  concat,
  customVjp,
  stopGradient,
  type GradientMethod,
  type Leaves,
  type SolveProblem,
  type Tensor,
} from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { withoutF64 } from '../support/without-f64.ts';
import { gradientMethodChecks } from './checks.ts';

const backprop = (): GradientMethod => ({
  name: 'backprop',
  perSample: true,
  handlesEvents: true,
  solve: (problem, integrate) => integrate(problem),
});

/** The identity whose cotangent goes through `change`. */
const altered = (x: Tensor, change: (cotangent: Tensor) => Tensor): Tensor =>
  customVjp(
    'altered',
    [x],
    ([same]) => [same as Tensor],
    ({ cotangents: [ct] }) => [ct == null ? null : change(ct)],
  )[0] as Tensor;

/** The identity, which no tangent passes. */
const tangentless = (x: Tensor): Tensor =>
  customVjp(
    'tangentless',
    [x],
    ([same]) => [same as Tensor],
    ({ cotangents: [ct] }) => [ct ?? null],
    () => [null],
  )[0] as Tensor;

const isFloat = ({ dtype }: Tensor): boolean => dtype === 'f32' || dtype === 'f64';

/** Backprop on a problem that was changed first. */
const on = (change: (problem: SolveProblem) => Partial<SolveProblem>) => (): GradientMethod => ({
  name: 'broken',
  solve: (problem, integrate) => integrate({ ...problem, ...change(problem) }),
});

const floats = (leaves: Leaves, change: (ct: Tensor) => Tensor): Leaves =>
  leaves.map((leaf) => (isFloat(leaf) ? altered(leaf, change) : leaf));

/** A cotangent along the times with some rows changed. */
const atTime =
  (index: 'first' | 'last' | 'middle', change: (ct: Tensor) => Tensor) =>
  (ct: Tensor): Tensor => {
    const n = ct.shape[0] ?? 0;
    return concat(
      Array.from({ length: n }, (_, i) => {
        const isIt = index === 'first' ? i === 0 : index === 'last' ? i === n - 1 : i > 0 && i < n - 1;
        const rest = ct.shape.slice(1);
        const row = ct.slice([i, ...rest.map(() => 0)], [1, ...rest]);
        return isIt ? change(row) : row;
      }),
    );
  };

/** Ten times what the suite tolerates, five times in f32. */
const little = ({ dtype }: Tensor): number => (dtype === 'f32' ? 1e-4 : 1e-5);
const neg = (ct: Tensor): Tensor => ct.neg();
const drop = (ct: Tensor): Tensor => ct.mul(0);

const y0Checks = ['has the gradient for y0, forwards in time', 'has the gradient for y0, backwards in time'];
const parameterChecks = [
  'has the gradient for the parameters, forwards in time',
  'has the gradient for the parameters, with intermediate times backwards',
];
const network = 'has gradients through a network, for trees and nested bodies';

const broken: readonly (readonly [string, () => GradientMethod, readonly string[]])[] = [
  [
    'an end of the solve that is a constant',
    () => ({
      ...backprop(),
      solve: (problem, integrate) => {
        const results = integrate(problem);
        if (problem.events === undefined) return results;
        const last = problem.ts.shape[0] ?? 0;
        return results.map((rows, i) =>
          i < problem.y0.length ? rows.setRow(last, stopGradient(rows.at(last))) : rows,
        );
      },
    }),
    ['has gradients of the time and the state of an event, if it says so'],
  ],
  [
    'the sign of the gradient for y0',
    on(({ y0 }) => ({ y0: floats(y0, neg) })),
    [...y0Checks, network, 'has second derivatives'],
  ],
  [
    'the sign of the gradient for the parameters',
    on(({ captures }) => ({ captures: floats(captures, neg) })),
    [...parameterChecks, network],
  ],
  [
    'the sign of the gradient for t0',
    on(({ ts }) => ({ ts: altered(ts, atTime('first', neg)) })),
    ['has the gradient for every time, forwards in time', 'has the gradient for every time, backwards in time'],
  ],
  [
    'no gradient for t1',
    on(({ ts }) => ({ ts: altered(ts, atTime('last', drop)) })),
    ['has the gradient for every time, forwards in time', 'has second derivatives'],
  ],
  [
    'no gradient for intermediate times',
    on(({ ts }) => ({ ts: altered(ts, atTime('middle', drop)) })),
    [
      'has the gradient for every time, with intermediate times',
      'has the gradient for every time, with intermediate times backwards',
    ],
  ],
  [
    'a gradient that is a little too large',
    on(({ y0 }) => ({ y0: floats(y0, (ct) => ct.mul(1 + little(ct))) })),
    y0Checks,
  ],
  [
    'no gradient for the parameters',
    on(({ captures }) => ({ captures: captures.map((x) => (isFloat(x) ? stopGradient(x) : x)) })),
    parameterChecks,
  ],
  [
    'gradients of other samples',
    () => ({
      ...backprop(),
      solve: (problem, integrate) => {
        const reversed = (ct: Tensor): Tensor =>
          ct.gather(
            arange(ct.shape[0] ?? 0)
              .neg()
              .add((ct.shape[0] ?? 0) - 1),
          );
        const y0 = problem.ts.rank === 1 ? problem.y0 : floats(problem.y0, reversed);
        return integrate({ ...problem, y0 });
      },
    }),
    ['has the gradients of each sample alone, if it says so'],
  ],
  [
    'first derivatives that can not be differentiated',
    on(({ captures }) => ({ captures: floats(captures, stopGradient) })),
    ['has second derivatives'],
  ],
  [
    'no tangent for the parameters',
    on(({ captures }) => ({ captures: captures.map((x) => (isFloat(x) ? tangentless(x) : x)) })),
    [
      'has derivatives along a direction',
      'has second derivatives by forward mode over reverse mode, and the other way',
    ],
  ],
  [
    'a solution that it changes',
    () => ({ name: 'broken', solve: (problem, integrate) => integrate(problem).map((ys) => ys.mul(1 + little(ys))) }),
    ['leaves the solution as it is, forwards in time'],
  ],
  [
    'cotangents of intermediate values that are dropped',
    () => ({
      name: 'broken',
      solve: (problem, integrate) => integrate(problem).map((ys) => altered(ys, atTime('middle', drop))),
    }),
    [
      'has the gradient for y0, with intermediate times',
      'has the gradient for the parameters, with intermediate times',
    ],
  ],
];

describe.each([
  ['with f64', reference()],
  ['without f64', withoutF64(reference())],
] as const)('the suite of gradient methods, on an engine %s,', (_, backend) => {
  it('passes backprop', async () => {
    expect(await failuresOf(gradientMethodChecks(backprop, { backend }))).toEqual([]);
  }, 60_000);

  it.each(broken)(
    'fails a method with %s',
    async (__, make, expected) => {
      const failures = await failuresOf(gradientMethodChecks(make, { backend }), expected);
      expect(failures.map(({ name }) => name).sort()).toEqual([...expected].sort());
    },
    60_000,
  );
});
