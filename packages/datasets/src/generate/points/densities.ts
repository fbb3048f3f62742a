/** Densities of the plane that flows are trained on, in the sizes of FFJORD's toy data (Grathwohl et al. 2019). */
import { OptionError, requireKnownOptions, type OptionNames } from '@node-ode/core';
import { positiveInteger } from '../../memory/splits.ts';
import { atLeast, generateNames, type Generated, type GenerateOptions } from '../generated.ts';
import { labelledPoints, type LabelledPoints } from './points.ts';

/** A density with noise. */
export interface NoiseOptions extends GenerateOptions {
  /** Standard deviation of the Gaussian noise, in the density's units. */
  readonly noise?: number;
}

const noiseNames: OptionNames<NoiseOptions> = { ...generateNames, noise: true };

/**
 * Two circles around the origin: r·(cos θ, sin θ) + noise, θ uniform, r = 3 (label 0) or 1.5 (label 1), each with probability ½;
 * noise 0.24 by default (scikit-learn's make_circles with factor 0.5 and noise 0.08, three times as large, as in FFJORD).
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const batch = twoCircles().draw(random(1), 512); // x [512, 2], label [512]
 */
export function twoCircles(options: NoiseOptions = {}): Generated<LabelledPoints> {
  requireKnownOptions('twoCircles', options, noiseNames);
  const noise = atLeast('twoCircles', 'noise', options.noise ?? 0.24, 0);
  return labelledPoints('two-circles', 2, options, (random) => {
    const label = random.integer(2);
    const [radius, angle] = [label === 0 ? 3 : 1.5, 2 * Math.PI * random.uniform()];
    const [dx, dy] = [noise * random.normal(), noise * random.normal()];
    return [[radius * Math.cos(angle) + dx, radius * Math.sin(angle) + dy], label];
  });
}

/**
 * Two half circles that reach into each other: with θ uniform in (0, π), (cos θ, sin θ) (label 0) or (1 − cos θ, ½ − sin θ)
 * (label 1), plus noise of 0.1; twice that, moved by (−1, −0.2) (scikit-learn's make_moons, as in FFJORD). `noise` is in the
 * units of the result: 0.2 by default.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x, label } = twoMoons().all('train'); // shapes [1000, 2] and [1000]
 */
export function twoMoons(options: NoiseOptions = {}): Generated<LabelledPoints> {
  requireKnownOptions('twoMoons', options, noiseNames);
  const noise = atLeast('twoMoons', 'noise', options.noise ?? 0.2, 0);
  return labelledPoints('two-moons', 2, options, (random) => {
    const label = random.integer(2);
    const angle = Math.PI * random.uniform();
    const [x, y] = label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    return [[2 * x - 1 + noise * random.normal(), 2 * y - 0.2 + noise * random.normal()], label];
  });
}

/** The pinwheel. */
export interface PinwheelOptions extends GenerateOptions {
  /** Arms; 5 by default. */
  readonly arms?: number;
  /** Standard deviation along an arm; 0.3 by default. */
  readonly radial?: number;
  /** Standard deviation across an arm; 0.1 by default. */
  readonly tangential?: number;
  /** How much arms are bent; 0.25 by default. */
  readonly rate?: number;
}

const pinwheelNames: OptionNames<PinwheelOptions> = {
  ...generateNames,
  arms: true,
  radial: true,
  tangential: true,
  rate: true,
};

/**
 * Arms of a pinwheel: with r = 1 + radial·n₁, s = tangential·n₂ (n₁, n₂ normal) and arm k of K, the point (r, s) is turned by the
 * angle φ = 2πk/K + rate·eʳ: 2·(r cos φ + s sin φ, −r sin φ + s cos φ); label k (Johnson et al. 2016, "Composing graphical models
 * with neural networks"; twice as large, as in FFJORD).
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x, label } = pinwheel({ arms: 5 }).all('train'); // shapes [1000, 2] and [1000]
 */
export function pinwheel(options: PinwheelOptions = {}): Generated<LabelledPoints> {
  requireKnownOptions('pinwheel', options, pinwheelNames);
  const { arms = 5, rate = 0.25 } = options;
  positiveInteger('pinwheel', 'arms', arms);
  const radial = atLeast('pinwheel', 'radial', options.radial ?? 0.3, 0);
  const tangential = atLeast('pinwheel', 'tangential', options.tangential ?? 0.1, 0);
  if (!Number.isFinite(rate)) throw new OptionError('pinwheel', `rate ${rate}`, { expected: 'a finite number' });
  return labelledPoints('pinwheel', 2, options, (random) => {
    const arm = random.integer(arms);
    const [r, s] = [1 + radial * random.normal(), tangential * random.normal()];
    const angle = (2 * Math.PI * arm) / arms + rate * Math.exp(r);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [[2 * (r * cos + s * sin), 2 * (s * cos - r * sin)], arm];
  });
}

/**
 * Eight Gaussians on a circle: (4·(cos kπ/4, sin kπ/4) + n/2) / √2 with n normal, k uniform in 0 … 7, the label. `noise` is the
 * standard deviation in the units of the result: ½/√2 by default (FFJORD's "8gaussians", which divides by 1.414).
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const batch = eightGaussians().draw(random(1), 512); // x [512, 2]
 */
export function eightGaussians(options: NoiseOptions = {}): Generated<LabelledPoints> {
  requireKnownOptions('eightGaussians', options, noiseNames);
  const noise = atLeast('eightGaussians', 'noise', options.noise ?? 0.5 / Math.SQRT2, 0);
  const radius = 4 / Math.SQRT2;
  return labelledPoints('eight-gaussians', 2, options, (random) => {
    const label = random.integer(8);
    const angle = (label * Math.PI) / 4;
    const [dx, dy] = [noise * random.normal(), noise * random.normal()];
    return [[radius * Math.cos(angle) + dx, radius * Math.sin(angle) + dy], label];
  });
}

/**
 * Black squares of a board of 4 × 4 squares with sides of 2, from −4 to 4: uniform on the eight squares [2i, 2i + 2) × [2j, 2j + 2)
 * for which i + j is even (FFJORD's "checkerboard"). The label numbers the squares, row by row from below.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { x } = checkerboard().all('train'); // shape [1000, 2]
 */
export function checkerboard(options: GenerateOptions = {}): Generated<LabelledPoints> {
  requireKnownOptions('checkerboard', options, generateNames);
  return labelledPoints('checkerboard', 2, options, (random) => {
    const square = random.integer(8);
    const row = Math.floor(square / 2);
    const column = 2 * (square % 2) + (row % 2);
    return [[2 * (column + random.uniform()) - 4, 2 * (row + random.uniform()) - 4], square];
  });
}
