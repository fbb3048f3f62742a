/** Continuous and discrete planar flows, fitted to a density. */
import { compile, createOde, type Backend, type Ode } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import {
  cnf,
  planarField,
  planarFlow,
  type Energy,
  type PlanarFlowParams,
  type PlanarParams,
} from '@node-ode/model-cnf';
import { dopri5 } from '@node-ode/solver-dopri5';
import { planeGrid } from '../flows/plane-grid.ts';
import { numbersOf } from '../flows/train-flow.ts';
import type { Subject } from './fit.ts';

const odeOf = (backend: Backend, rtol: number): Ode =>
  createOde({ backend, solver: dopri5(), gradient: adjoint({ seminorm: true }), rtol, atol: rtol / 10 });

/** The continuous flow of width M, trained at rtol 1e-3 and evaluated at 1e-5. */
export function continuousSubject(
  backend: Backend,
  width: number,
  energy: Energy,
  logZ: number,
): Subject<PlanarParams> {
  const field = planarField({ dimension: 2, width });
  const flowAt = (rtol: number) => cnf({ dimension: 2, field, ode: odeOf(backend, rtol) });
  const [loose, tight] = [flowAt(1e-3), flowAt(1e-5)] as const;
  return {
    init: (random) => field.init(random),
    base: (random, samples) => loose.base(random, samples),
    reverseKl: (params, base) => loose.reverseKl(params, base, energy),
    sample: (params, base) => tight.sample(params, base),
    logProb: (params, x) => tight.logProb(params, { x }),
    inverse: (params, x) => tight.inverse(params, { x }),
    energy,
    logZ,
  };
}

/** The discrete flow of depth K. */
export function discreteSubject(depth: number, energy: Energy, logZ: number): Subject<PlanarFlowParams> {
  const flow = planarFlow({ dimension: 2, depth });
  return {
    init: (random) => flow.init(random),
    base: (random, samples) => flow.base(random, samples),
    reverseKl: (params, base) => flow.reverseKl(params, base, energy),
    sample: (params, base) => flow.sample(params, base),
    logProb: (params, x) => flow.logProb(params, { x }),
    inverse: (params, x) => flow.inverse(params, x),
    energy,
    logZ,
  };
}

/** log ∫ e^−U over [−8, 8]², by the midpoint rule with 800 × 800 cells. */
export async function logNormalizer(backend: Backend, energy: Energy): Promise<number> {
  const { points, area } = planeGrid(8, 800);
  const run = compile(backend, energy);
  const energies = numbersOf(await (await run(points)).read());
  run.dispose();
  return Math.log(area * energies.reduce((sum, value) => sum + Math.exp(-value), 0));
}
