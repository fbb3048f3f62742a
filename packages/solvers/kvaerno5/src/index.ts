/** The method of Kværnø of order 5. */
import { esdirk, type EsdirkOptions, type RungeKuttaInterpolant, type Solver } from '@node-ode/core';

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
 * Dense output of order 4, with a continuous derivative. The paper has none: its coefficients meet the conditions of order 4
 * for every θ, b(1) = b, b′(0) = e₁ and b′(1) = e₇ (f at both ends), and, with what freedom that leaves, make the error of
 * order 5 small.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: kvaerno5(), rtol: 1e-6, atol: 1e-9, dtype: 'f64' });
 */
export const kvaerno5 = (options: EsdirkOptions = {}): Solver<readonly [], RungeKuttaInterpolant> =>
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
        [1, -2.08174938441349497, 1.70988881593260159, -0.491541919742703707],
        [],
        [0, 0.780673850674017152, -1.78122405320956937, 0.945581114570168455],
        [0, -0.992079666891559205, 1.81941426465027658, -0.868520865041927836],
        [0, 3.3089989370671613, -4.0982656781736665, 1.41919979009666923],
        [0, -0.432432473276198345, 1.14336412448050582, -0.641306856722280193],
        [0, -0.583411263159925936, 1.20682252631985188, -0.363411263159925945],
      ],
    },
    options,
  );
