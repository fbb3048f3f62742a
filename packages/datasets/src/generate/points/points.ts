/** Points of the plane, or of another space, and what they belong to. */
import { hostArray, type FloatDType, type HostArray, type Random } from '@node-ode/core';
import { fromRows, generated, type Generated, type GenerateOptions } from '../generated.ts';

/** Points and the class of each. */
export interface LabelledPoints {
  /** Shape [samples, dimensions]. */
  readonly x: HostArray;
  /** i32, shape [samples]. */
  readonly label: HostArray;
}

/** Points and a number for each. */
export interface TargetPoints {
  /** Shape [samples, dimensions]. */
  readonly x: HostArray;
  /** Shape [samples, 1]. */
  readonly y: HostArray;
}

/** A point and its class, or its target. */
export type Point = readonly [point: readonly number[], value: number];

/** Draws the i-th of n points. */
export type DrawPoint = (random: Random, i: number, count: number) => Point;

const drawn = (random: Random, count: number, draw: DrawPoint): readonly Point[] =>
  Array.from({ length: count }, (_, i) => draw(random, i, count));

/** A data set of points with classes. */
export function labelledPoints(
  name: string,
  dimensions: number,
  options: GenerateOptions,
  draw: DrawPoint,
): Generated<LabelledPoints> {
  const { dtype = 'f32' } = options;
  return generated(name, options, (random, count) => {
    const points = drawn(random, count, draw);
    return {
      x: coordinates(points, dimensions, dtype),
      label: hostArray(
        Int32Array.from(points, ([, label]) => label),
        [count],
        'i32',
      ),
    };
  });
}

/** A data set of points with a number each. */
export function targetPoints(
  name: string,
  dimensions: number,
  options: GenerateOptions,
  draw: DrawPoint,
): Generated<TargetPoints> {
  const { dtype = 'f32' } = options;
  return generated(name, options, (random, count) => {
    const points = drawn(random, count, draw);
    return {
      x: coordinates(points, dimensions, dtype),
      y: fromRows(
        points.map(([, value]) => [value]),
        1,
        dtype,
      ),
    };
  });
}

const coordinates = (points: readonly Point[], dimensions: number, dtype: FloatDType): HostArray =>
  fromRows(
    points.map(([point]) => point),
    dimensions,
    dtype,
  );
