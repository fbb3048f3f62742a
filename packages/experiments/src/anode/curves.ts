/** What the figures of several runs share. */
import type { ModelName } from './point-models.ts';

/** A model's colour, in every picture. */
export const colours: Readonly<Record<ModelName, number>> = { NODE: 0, ANODE: 1, ResNet: 2 };

/** The mean of curves of one length, point by point. */
export const meanCurve = (curves: readonly (readonly number[])[]): number[] =>
  (curves[0] ?? []).map((_, i) => curves.reduce((sum, curve) => sum + (curve[i] ?? NaN), 0) / curves.length);

/** The standard deviation of curves of one length, point by point; zeros for a single one. */
export const spreadCurve = (curves: readonly (readonly number[])[]): number[] => {
  const mean = meanCurve(curves);
  if (curves.length < 2) return mean.map(() => 0);
  return mean.map((center, i) =>
    Math.sqrt(curves.reduce((sum, curve) => sum + ((curve[i] ?? NaN) - center) ** 2, 0) / (curves.length - 1)),
  );
};
