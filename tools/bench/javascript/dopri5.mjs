// dopri5 with host-driven steps, as one writes it on an array library that has no loop of its own: from t0 to t1.

/** Dormand and Prince's coefficients; the last row of `a` is the solution of order 5, `error` the difference to order 4. */
export const tableau = {
  a: [
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  ],
  error: [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
};

const [safety, minFactor, maxFactor] = [0.9, 0.2, 10];

/**
 * Solves y' = f(y) with adaptive steps. The engine has the array work:
 *
 *   start() → y, new                      slope(y) → f(y), new
 *   shifted(y, h, k) → y + h·k, new       scaled(x, y, minus?) → RMS of (x − minus) / (atol + rtol·|y|), a number
 *   attempt(y, k, h) → { y, k, ratio }    one step: the new state, its slope, the scaled error
 *   free(...arrays)
 *
 * Returns the last state, not freed, with the number of evaluations and of steps tried.
 */
export function solve(engine, [t0, t1], maxSteps) {
  let y = engine.start();
  let k = engine.slope(y);
  let [t, h, steps] = [t0, firstStep(engine, y, k, t1 - t0), 0];
  while (t < t1) {
    if (steps++ === maxSteps) throw new Error(`no end after ${maxSteps} steps, at t = ${t}`);
    const isLast = t + h >= t1;
    const step = isLast ? t1 - t : h;
    const next = engine.attempt(y, k, step);
    const isAccepted = next.ratio <= 1;
    if (isAccepted) {
      engine.free(y, k);
      [y, k, t] = [next.y, next.k, isLast ? t1 : t + step];
    } else engine.free(next.y, next.k);
    const factor = safety * Math.max(next.ratio, 1e-20) ** (-1 / 5);
    // an error that is not finite says nothing but: much smaller
    h = step * (Number.isFinite(factor) ? Math.min(maxFactor, Math.max(minFactor, factor)) : minFactor);
  }
  engine.free(k);
  return { y, nfe: 2 + 6 * steps, steps };
}

/** Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, II.4. */
function firstStep(engine, y, k, span) {
  const [d0, d1] = [engine.scaled(y, y), engine.scaled(k, y)];
  const h0 = Math.min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1, span);
  const there = engine.shifted(y, h0, k);
  const slope = engine.slope(there);
  const steepest = Math.max(d1, engine.scaled(slope, y, k) / h0);
  engine.free(there, slope);
  const h1 = steepest <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / steepest) ** (1 / 5);
  return Math.min(100 * h0, h1, span);
}
