/** Multi-step methods of one step size: Adams–Bashforth, and Adams–Bashforth–Moulton as predictor and corrector. */
import { requireKnownOptions, type Solver } from '@node-ode/core';
import { adams, advance, checkOrder, type AdamsInterpolant, type AdamsState } from './adams.ts';
import { quadrature } from './quadrature.ts';

export type { AdamsInterpolant, AdamsState } from './adams.ts';

/** Options of both methods. */
export interface AdamsOptions {
  /** From 2 to 8; 4 by default. */
  readonly order?: number;
}

/** The nodes 0, −1, −2, …, in steps. */
const backwards = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => 0 - i);

/**
 * The method of Adams and Bashforth of order p: the polynomial through f at this step and at the p − 1 before it, integrated
 * over the next (Hairer, Nørsett & Wanner I, eq. III.1.5). One evaluation a step. The first p − 1 steps, and a step of
 * another size than the one before it with the p − 1 that follow, are Runge–Kutta steps of order p with 1 + p(p − 1)/2
 * evaluations each. Dense output of order p.
 *
 * @throws OptionError if `order` is no integer from 2 to 8.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: adamsBashforth({ order: 3 }), h: 0.01 });
 */
export function adamsBashforth(options: AdamsOptions = {}): Solver<AdamsState, AdamsInterpolant> {
  requireKnownOptions('adamsBashforth', options, { order: true });
  const { order = 4 } = options;
  checkOrder('adamsBashforth', order);
  return adams({
    name: `adams-bashforth-${order}`,
    order,
    memory: order - 1,
    evaluations: 1,
    quadrature: quadrature(backwards(order)),
    values: (f, t, _h, y, history) => [f(t, y), ...history],
  });
}

/**
 * Predictor and corrector of order p: the predictor is Adams–Bashforth of order p − 1, the corrector Adams–Moulton of order
 * p, applied once (PECE; Hairer, Nørsett & Wanner I, eqs. III.1.5 and III.1.9); both look back at p − 2 steps. Two
 * evaluations a step. It starts as `adamsBashforth` does, with p − 2 steps; order 2 is Heun's method, which needs none.
 * Dense output of order p.
 *
 * @throws OptionError if `order` is no integer from 2 to 8.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: adamsBashforthMoulton(), h: 0.02 });
 */
export function adamsBashforthMoulton(options: AdamsOptions = {}): Solver<AdamsState, AdamsInterpolant> {
  requireKnownOptions('adamsBashforthMoulton', options, { order: true });
  const { order = 4 } = options;
  checkOrder('adamsBashforthMoulton', order);
  const predictor = quadrature(backwards(order - 1));
  return adams({
    name: `adams-bashforth-moulton-${order}`,
    order,
    memory: order - 2,
    evaluations: 2,
    quadrature: quadrature([...backwards(order - 1), 1]),
    values: (f, t, h, y, history) => {
      const known = [f(t, y), ...history];
      const predicted = advance(y, h, known, predictor.weights);
      return [...known, f(t.add(h), predicted)];
    },
  });
}
