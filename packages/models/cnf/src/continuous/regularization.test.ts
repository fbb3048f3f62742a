import { reference } from '@node-ode/backend-reference';
import { array, createOde, random, type Tensor, type TensorsOf } from '@node-ode/core';
import { linear, type LinearParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { elements, points } from '../../test/harness.ts';
import { cnf, exact, hutchinson, type CnfOptions, type FlowBatch } from '../index.ts';

const dtype = 'f64';
const ode = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype });
const layer = linear(2, 2, { dtype });
const field = {
  init: layer.init,
  apply: (params: TensorsOf<LinearParams>, _t: Tensor, z: Tensor): Tensor => layer.apply(params, z),
};
const shift: LinearParams = { weight: array([0, 0, 0, 0], { shape: [2, 2], dtype }), bias: array([3, -1], { dtype }) };
const turn: LinearParams = {
  weight: array([0.5, 2, -2, 0.5], { shape: [2, 2], dtype }),
  bias: array([0, 0], { dtype }),
};

type Changes = Pick<CnfOptions<LinearParams>, 'regularization' | 'divergence' | 't0' | 't1'>;

/** Both losses: by likelihood, which is solved from t1 to t0, and by reverse KL, from t0 to t1. */
async function losses(params: LinearParams, changes: Changes): Promise<number[]> {
  const flow = cnf({ dimension: 2, field, ode, dtype, ...changes });
  const noise = flow.noise(random(1), 4);
  const run = (p: TensorsOf<LinearParams>, batch: FlowBatch, base: Tensor): readonly Tensor[] => [
    flow.loss(p, batch),
    flow.reverseKl(p, base, (x) => x.square().sum({ axes: [1] }), batch.trace),
  ];
  const x = points([4, 2], 2);
  return (await elements(run, [params, { x, ...noise }, flow.base(random(3), 4)])).flat();
}

const added = async (params: LinearParams, changes: Changes): Promise<number[]> => {
  const [{ regularization: _, ...plain }, whole] = [changes, await losses(params, changes)];
  const without = await losses(params, plain);
  return whole.map((loss, i) => loss - (without[i] ?? NaN));
};

describe.each([
  ['forwards', { t0: 0, t1: 0.5 }],
  ['with the data before the noise', { t0: 1, t1: 0.5 }],
])('regularisation, %s', (_, times) => {
  it('adds the weighted kinetic energy: ‖b‖²·|t1 − t0| of a shift', async () => {
    const found = await added(shift, { ...times, regularization: { kinetic: 0.3 } });
    found.forEach((value) => expect(value).toBeCloseTo(0.3 * 10 * 0.5, 9));
  });

  it.each([exact(), hutchinson()])(
    'adds the weighted norm of the Jacobian: ‖W‖²·|t1 − t0| ($name)',
    async (divergence) => {
      // W is a multiple of a rotation: ‖εᵀW‖² = 4.25·‖ε‖², which is 8.5 for every draw of signs.
      const found = await added(turn, { ...times, divergence, regularization: { jacobian: 0.2 } });
      found.forEach((value) => expect(value).toBeCloseTo(0.2 * 8.5 * 0.5, 9));
    },
  );

  it('adds both', async () => {
    const found = await added(shift, { ...times, regularization: { kinetic: 0.1, jacobian: 5 } });
    found.forEach((value) => expect(value).toBeCloseTo(0.1 * 10 * 0.5, 9));
  });
});
