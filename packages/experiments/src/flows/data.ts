/** Densities of the plane that flows learn from samples, with the density itself where it is known. */
import type { HostArray, Random } from '@node-ode/core';
import { checkerboard, eightGaussians, pinwheel, twoCircles, twoMoons } from '@node-ode/datasets';

/** A density of the plane. */
export interface PlaneData {
  readonly name: string;
  draw(random: Random, count: number): HostArray;
  /** log p at a point, where it is known. */
  readonly logDensity?: (x: number, y: number) => number;
}

type Point = readonly [number, number];

/** log of the mean of normal densities with deviation `noise` round each of `centres`. */
function mixture(centres: readonly Point[], noise: number): (x: number, y: number) => number {
  const scale = 1 / (2 * Math.PI * noise ** 2 * centres.length);
  return (x, y) =>
    Math.log(
      scale * centres.reduce((sum, [cx, cy]) => sum + Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * noise ** 2)), 0),
    );
}

/** Points along a curve at `count` angles from 0 to `end`: an integral over the angle by the midpoint rule. */
const curve = (count: number, end: number, at: (angle: number) => Point): readonly Point[] =>
  Array.from({ length: count }, (_, i) => at(((i + 0.5) / count) * end));

const circle = (radius: number): readonly Point[] =>
  curve(256, 2 * Math.PI, (angle) => [radius * Math.cos(angle), radius * Math.sin(angle)]);

const moons: readonly Point[] = [
  ...curve(128, Math.PI, (a): Point => [2 * Math.cos(a) - 1, 2 * Math.sin(a) - 0.2]),
  ...curve(128, Math.PI, (a): Point => [1 - 2 * Math.cos(a), 0.8 - 2 * Math.sin(a)]),
];

const onBoard = (x: number, y: number): boolean =>
  Math.abs(x) < 4 && Math.abs(y) < 4 && (Math.floor(x / 2) + Math.floor(y / 2)) % 2 === 0;

/** By the name that the command line takes; noise is what the generators have by default. */
export const planeData = {
  'two-circles': {
    name: 'two circles',
    draw: (random, count) => twoCircles().draw(random, count).x,
    logDensity: mixture([...circle(3), ...circle(1.5)], 0.24),
  },
  'two-moons': {
    name: 'two moons',
    draw: (random, count) => twoMoons().draw(random, count).x,
    logDensity: mixture(moons, 0.2),
  },
  pinwheel: { name: 'pinwheel', draw: (random, count) => pinwheel().draw(random, count).x },
  'eight-gaussians': {
    name: 'eight Gaussians',
    draw: (random, count) => eightGaussians().draw(random, count).x,
    logDensity: mixture(
      curve(8, 2 * Math.PI, (a) => {
        const angle = a - Math.PI / 8;
        return [(4 * Math.cos(angle)) / Math.SQRT2, (4 * Math.sin(angle)) / Math.SQRT2];
      }),
      0.5 / Math.SQRT2,
    ),
  },
  checkerboard: {
    name: 'checkerboard',
    draw: (random, count) => checkerboard().draw(random, count).x,
    logDensity: (x, y) => (onBoard(x, y) ? -Math.log(32) : -Infinity),
  },
} as const satisfies Readonly<Record<string, PlaneData>>;

/** Name of a density on the command line. */
export type DataName = keyof typeof planeData;

/** Every density's name. */
export const dataNames: readonly DataName[] = [
  'two-circles',
  'two-moons',
  'pinwheel',
  'eight-gaussians',
  'checkerboard',
];

/** The rows of an array [samples, 2]. */
export const rowsOf = ({ data, shape }: HostArray): readonly Point[] =>
  Array.from({ length: shape[0] ?? 0 }, (_, i) => [data[2 * i] ?? NaN, data[2 * i + 1] ?? NaN] as const);
