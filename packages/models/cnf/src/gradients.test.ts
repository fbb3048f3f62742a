// Gradients of every loss, of every kind of flow, against central differences in f64.
import { reference } from '@node-ode/backend-reference';
import { array, asTensor, createOde, random, type GradientMethod, type Tensor, type TensorsOf } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { timeMlp } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { checkGradient, points } from '../test/harness.ts';
import {
  cnf,
  concatSquashMlp,
  exact,
  hutchinson,
  hyperPlanarField,
  planarField,
  planarFlow,
  type CnfOptions,
  type FlowBatch,
} from './index.ts';

const dtype = 'f64';
const backend = reference();
const backprop: GradientMethod = createOde({ backend, solver: euler(), h: 1 }).gradient;
/** Steps that do not depend on the values: what is differentiated is smooth. */
const byEuler = createOde({ backend, solver: euler(), h: 0.25, dtype });
/** [gradient method, ode, tolerance]: adaptive solves are off by about 1e-11, which differences of step 3e-4 make 3e-8. */
const tight = { backend, solver: dopri5(), rtol: 1e-11, atol: 1e-12, dtype } as const;
const ways = [
  ['backprop through Euler steps', byEuler, 1e-9],
  ['backprop through adaptive steps', createOde({ ...tight, gradient: backprop }), 1e-7],
  ['the adjoint', createOde({ ...tight, gradient: adjoint() }), 1e-7],
] as const;

/** A banana: a target with no symmetry. */
const energy = (x: Tensor): Tensor => {
  const [first, second] = [x.slice([0, 0], [-1, 1]).squeeze(1), x.slice([0, 1], [-1, 1]).squeeze(1)];
  return first.square().mul(0.5).add(second.sub(first.square()).square());
};

const regularization = { kinetic: 0.3, jacobian: 0.2 } as const;

describe.each(ways)('by %s', (_, ode, tolerance) => {
  const check = async <P>(options: Omit<CnfOptions<P>, 'ode' | 'dimension'>): Promise<void> => {
    const flow = cnf({ dimension: 2, ode, dtype, ...options });
    const params = flow.init(random(3));
    const noise = flow.noise(random(4), 3);
    const batch = { x: points([3, 2], 5), ...noise };
    const likelihood = (inputs: { readonly params: TensorsOf<P>; readonly batch: FlowBatch }): Tensor =>
      flow.loss(inputs.params, inputs.batch);
    const first = await checkGradient(likelihood, { params, batch } as never, { tolerance, directions: 1 });
    const reverse = ({ params: p, base, trace }: { params: TensorsOf<P>; base: Tensor; trace?: Tensor }): Tensor =>
      flow.reverseKl(p, base, energy, trace);
    const { trace } = noise;
    const inputs = { params, base: flow.base(random(6), 3), ...(trace === undefined ? {} : { trace }) };
    const second = await checkGradient(reverse, inputs as never, { tolerance, directions: 1 });
    expect(Math.min(first, second)).toBeGreaterThan(1e-3);
  };

  it('planar', () => check({ field: planarField({ dimension: 2, width: 3, gateWidth: 3, dtype }) }));

  it('hypernetwork', () => check({ field: hyperPlanarField({ dimension: 2, width: 2, hidden: 3, dtype }) }));

  it('an exact trace by pullbacks, regularised', () =>
    check({ field: concatSquashMlp({ sizes: [2, 4, 2], dtype }), divergence: exact(), regularization }));

  it('augmented', () => check({ field: timeMlp({ sizes: [3, 4, 3], dtype }), augment: 1 }));
});

describe("with Hutchinson's estimate, regularised and augmented,", () => {
  // Noise has no gradient by design (it is stopped), so that it is no argument here.
  it.each(ways)('by %s', async (_, ode, tolerance) => {
    const field = concatSquashMlp({ sizes: [3, 4, 3], dtype });
    const flow = cnf({ dimension: 2, ode, field, divergence: hutchinson(), regularization, augment: 1, dtype });
    const params = flow.init(random(3));
    const noise = flow.noise(random(4), 3);
    const x = points([3, 2], 5);
    type P = TensorsOf<typeof params>;
    const loss = (p: P): Tensor =>
      flow.loss(p, { x: asTensor(x), augment: asTensor(noise.augment ?? x), trace: asTensor(noise.trace ?? x) });
    expect(await checkGradient(loss, params, { tolerance, directions: 2 })).toBeGreaterThan(1e-3);
  });
});

describe('of the discrete planar flow', () => {
  const flow = planarFlow({ dimension: 2, depth: 3, dtype });
  const params = flow.init(random(2));
  type P = TensorsOf<typeof params>;

  it('reverse KL', async () => {
    const loss = ({ p, base }: { readonly p: P; readonly base: Tensor }): Tensor => flow.reverseKl(p, base, energy);
    const inputs = { p: params, base: flow.base(random(6), 4) };
    expect(await checkGradient(loss, inputs, { tolerance: 1e-9 })).toBeGreaterThan(1e-2);
  });

  it('likelihood, through the inverse', async () => {
    const loss = ({ p, x }: { readonly p: P; readonly x: Tensor }): Tensor => flow.loss(p, { x });
    expect(await checkGradient(loss, { p: params, x: points([4, 2], 7) }, { tolerance: 1e-9 })).toBeGreaterThan(1e-2);
  });

  it('of parameters that the constraint moves', async () => {
    const folded = [{ ...params[0]!, weight: array([1, 0.5], { dtype }), direction: array([-3, -1], { dtype }) }];
    const one = planarFlow({ dimension: 2, depth: 1, dtype });
    const loss = ({ p, x }: { readonly p: P; readonly x: Tensor }): Tensor => one.loss(p, { x });
    expect(await checkGradient(loss, { p: folded, x: points([4, 2], 7) }, { tolerance: 1e-9 })).toBeGreaterThan(1e-2);
  });
});
