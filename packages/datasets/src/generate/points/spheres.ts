/** What flows of the plane, or of a line, can and can't separate: the data of augmented neural ODEs (Dupont et al. 2019). */
import { OptionError, requireKnownOptions, type OptionNames } from '@node-ode/core';
import { positiveInteger } from '../../memory/splits.ts';
import { atLeast, generateNames, type Generated, type GenerateOptions } from '../generated.ts';
import { targetPoints, type TargetPoints } from './points.ts';

/** The crossing map. */
export interface CrossingMapOptions extends GenerateOptions {
  /** Standard deviation of the Gaussian noise on x; 0 by default. */
  readonly noise?: number;
}

/**
 * The map g(−1) = 1, g(1) = −1 of the line: no flow of the line has it, as trajectories would cross (Dupont, Doucet and Teh,
 * "Augmented Neural ODEs", 2019, Proposition 1). Points are −1 or 1, each with probability ½; targets y = −sign x.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x, y } = crossingMap().all('train'); // shapes [1000, 1] and [1000, 1]
 */
export function crossingMap(options: CrossingMapOptions = {}): Generated<TargetPoints> {
  const known: OptionNames<CrossingMapOptions> = { ...generateNames, noise: true };
  requireKnownOptions('crossingMap', options, known);
  const noise = atLeast('crossingMap', 'noise', options.noise ?? 0, 0);
  return targetPoints('crossing-map', 1, options, (random) => {
    const side = random.uniform() < 0.5 ? -1 : 1;
    return [[noise === 0 ? side : side + noise * random.normal()], -side];
  });
}

/** The concentric spheres. */
export interface SpheresOptions extends GenerateOptions {
  /** Dimensions of the space; 2 by default. */
  readonly dimensions?: number;
  /** Radii of the ball r₁ and of the shell r₂, r₃; 0.5, 1 and 1.5 by default. */
  readonly radii?: readonly [ball: number, inner: number, outer: number];
  /** Share of the points that is in the ball; ⅓ by default, as in the paper's code, which has 1000 and 2000. */
  readonly inside?: number;
}

/**
 * g(x) = −1 for |x| ≤ r₁ and 1 for r₂ ≤ |x| ≤ r₃: a ball and the shell around it, which no flow of the same dimension followed
 * by a linear map separates (Dupont, Doucet and Teh 2019, appendix F.2.1). Directions are uniform, radii a + (b − a)·u^(1/d) with u
 * uniform: uniform in the ball.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x, y } = spheres({ dimensions: 2 }).all('train'); // shapes [1000, 2] and [1000, 1], y of −1 and 1
 */
export function spheres(options: SpheresOptions = {}): Generated<TargetPoints> {
  const known: OptionNames<SpheresOptions> = { ...generateNames, dimensions: true, radii: true, inside: true };
  requireKnownOptions('spheres', options, known);
  const { dimensions = 2, radii = [0.5, 1, 1.5], inside = 1 / 3 } = options;
  positiveInteger('spheres', 'dimensions', dimensions);
  const [ball, inner, outer] = radii;
  if (!(ball > 0 && inner > ball && outer > inner && Number.isFinite(outer)) || !(inside >= 0 && inside <= 1)) {
    throw new OptionError('spheres', `radii ${radii.join(', ')}, a share of ${inside} inside`, {
      expected: '0 < r₁ < r₂ < r₃, and a share from 0 to 1',
    });
  }
  return targetPoints('spheres', dimensions, options, (random) => {
    const isInside = random.uniform() < inside;
    const [from, to] = isInside ? [0, ball] : [inner, outer];
    const radius = from + (to - from) * random.uniform() ** (1 / dimensions);
    const direction = Array.from({ length: dimensions }, () => random.normal());
    const norm = Math.hypot(...direction);
    return [direction.map((value) => (radius * value) / norm), isInside ? -1 : 1];
  });
}

/** The separable control. */
export interface ShiftedSinesOptions extends GenerateOptions {
  /** Dimensions of the space; 2 by default. */
  readonly dimensions?: number;
  /** Between the two curves; 1.4 by default. */
  readonly shift?: number;
  /** Standard deviation of the Gaussian noise on the sine; 0.1 by default. */
  readonly noise?: number;
}

/**
 * The control to the spheres, which flows of the same dimension separate: two sine curves, y = sin(πx) ± shift / 2 + noise with x
 * uniform in (−1, 1), target ±1; x, y, and uniform numbers in (−1, 1) for further dimensions. In one dimension the point is y alone,
 * and the classes are apart for shift > 2 (the data "sine" of the code of Dupont, Doucet and Teh 2019).
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x, y } = shiftedSines({ dimensions: 2 }).all('train'); // shapes [1000, 2] and [1000, 1]
 */
export function shiftedSines(options: ShiftedSinesOptions = {}): Generated<TargetPoints> {
  const known: OptionNames<ShiftedSinesOptions> = { ...generateNames, dimensions: true, shift: true, noise: true };
  requireKnownOptions('shiftedSines', options, known);
  const { dimensions = 2 } = options;
  positiveInteger('shiftedSines', 'dimensions', dimensions);
  const shift = atLeast('shiftedSines', 'shift', options.shift ?? 1.4, 0);
  const noise = atLeast('shiftedSines', 'noise', options.noise ?? 0.1, 0);
  return targetPoints('shifted-sines', dimensions, options, (random) => {
    const side = random.uniform() < 0.5 ? -1 : 1;
    const x = 2 * random.uniform() - 1;
    const y = Math.sin(Math.PI * x) + (side * shift) / 2 + noise * random.normal();
    const others = Array.from({ length: Math.max(0, dimensions - 2) }, () => 2 * random.uniform() - 1);
    return [dimensions === 1 ? [y] : [x, y, ...others], side];
  });
}
