/** The method of Dormand and Prince. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/** Weights of the embedded solution of order 4. */
const embedded = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];

/** Weights of the propagated solution of order 5: also the last row of `a`. */
const b = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0];

/**
 * Dormand & Prince 5(4) (J. Comp. Appl. Math. 6, 1980): order 5 is propagated, order 4 embedded; seven stages, first same
 * as last: six evaluations a step. Dense output of order 4 by Shampine (Math. Comp. 46, 1986), as in Hairer's DOPRI5.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), rtol: 1e-6, atol: 1e-8 });
 */
export const dopri5 = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'dopri5',
    order: 5,
    c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
    a: [
      [],
      [1 / 5],
      [3 / 40, 9 / 40],
      [44 / 45, -56 / 15, 32 / 9],
      [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
      [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
      b.slice(0, 6),
    ],
    b,
    bError: b.map((weight, i) => weight - (embedded[i] ?? 0)),
    interpolant: [
      [1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
      [],
      [0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
      [0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
      [0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
      [0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
      [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
    ],
  });
