/** How good a forecast is. */
import type { Path, Problem } from './problem.ts';

/** Errors of a forecast over the stretch held out. */
export interface Score {
  /** Root mean square error in standard deviations of what was learned from, over the first third of the horizon. */
  readonly third: number;
  /** Over all of it. */
  readonly whole: number;
  /** Over all of it, in the components' own units. */
  readonly rmse: number;
  /** Time until the error of the state, in standard deviations, is above 0.4 for the first time. */
  readonly validFor: number;
}

/** Deviations of each component over what is learned from. */
export function deviations({ train, components }: Problem): readonly number[] {
  return components.map((_, k) => {
    const values = train.y.map((state) => state[k] ?? NaN);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  });
}

const limit = 0.4;

/** Holds a forecast at the held-out times against what came. */
export function scoreOf(problem: Problem, { y }: Path): Score {
  const { heldOut, train } = problem;
  const std = deviations(problem);
  const last = train.t.at(-1) ?? NaN;
  const end = heldOut.t.at(-1) ?? NaN;
  const squares = (units: readonly number[]): readonly number[] =>
    heldOut.y.map(
      (state, i) =>
        state.reduce((sum, value, k) => sum + (((y[i]?.[k] ?? NaN) - value) / (units[k] ?? NaN)) ** 2, 0) /
        state.length,
    );
  const relative = squares(std);
  const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x, 0) / values.length);
  const early = relative.filter((_, i) => (heldOut.t[i] ?? NaN) <= last + (end - last) / 3);
  const failed = relative.findIndex((square) => !(Math.sqrt(square) <= limit));
  return {
    third: rms(early),
    whole: rms(relative),
    rmse: rms(squares(std.map(() => 1))),
    validFor: (failed < 0 ? end : (heldOut.t[failed - 1] ?? last)) - last,
  };
}
