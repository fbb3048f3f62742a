/** The method of Kværnø of order 5. */
import {
  esdirk,
  type EsdirkOptions,
  type RungeKuttaInterpolant,
  type RungeKuttaState,
  type Solver,
} from '@node-ode/core';

const g = 0.26;

/** The last two rows: the solution of order 5 and, one stage before it, that of order 4. */
const b = [
  0.13659751177640291, 0, -0.05496908796538376, -0.04118626728321046, 0.62993304899016403, 0.06962479448202728,
];
const embedded = [0.13855640231268224, 0, -0.04245337201752043, 0.02446657898003141, 0.61943039072480676];

/**
 * Kværnø 5(4) (BIT Numerical Mathematics 44, 2004, "Singly diagonally implicit Runge–Kutta methods with an explicit first
 * stage"): for stiff problems. Order 5 with an embedded method of order 4, both stiffly accurate, A-stable and, the first,
 * L-stable; seven stages, six of them implicit.
 *
 * Dense output of order 4. The paper has none: these coefficients meet the conditions of order 4 for every θ, b(1) = b,
 * b′(0) = e₁ (f at the beginning) and b(θ)·A⁻¹e₂ = 0, where A is the matrix of the implicit stages: without that last one, stiff
 * components would be right to θ² only, as the second stage is. Of what freedom is left they make little error of order 5.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: kvaerno5(), rtol: 1e-6, atol: 1e-9, dtype: 'f64' });
 */
export const kvaerno5 = (options: EsdirkOptions = {}): Solver<RungeKuttaState, RungeKuttaInterpolant> =>
  esdirk(
    {
      name: 'kvaerno5',
      order: 5,
      c: [0, 2 * g, 1.230333209967908, 0.8957659843500759, 0.43639360985864758, 1, 1],
      a: [
        [],
        [g, g],
        [0.13, 0.84033320996790809, g],
        [0.22371961478320505, 0.47675532319799699, -0.06470895363112615, g],
        [0.16648564323248321, 0.1045001884159172, 0.03631482272098715, -0.13090704451073998, g],
        [...embedded, g],
        [...b, g],
      ],
      b: [...b, g],
      bError: [...b, g].map((weight, i) => weight - ([...embedded, g][i] ?? 0)),
      interpolant: [
        [1, -2.11419073214402982, 1.76718129622502455, -0.516393052304591812],
        [],
        [0, 0.573400046629595443, -1.41517174145023959, 0.786802606855260385],
        [0, -2.07936186856607873, 3.73959016576141855, -1.70141456447855028],
        [0, 3.4829343268049598, -4.40544126075059386, 1.55243998293579809],
        [0, 0.429613081516597898, -0.487193024167907149, 0.127204737133336531],
        [0, -0.292394854241044543, 0.801034564382297567, -0.248639710141253024],
      ],
    },
    options,
  );
