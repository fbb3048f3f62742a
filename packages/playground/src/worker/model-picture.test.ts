import { array, type HostArray } from '@node-ode/core';
import type { LoadedModel, ModelTensor } from '@node-ode/backend-onnx';
import { describe, expect, it } from 'vitest';
import { rolesOf } from './model-file.ts';
import { pictureOf } from './model-picture.ts';

const f32 = (name: string, ...shape: ModelTensor['shape']): ModelTensor => ({ name, dtype: 'f32', shape });

/** A model that computes in JavaScript. */
const model = (
  inputs: readonly ModelTensor[],
  run: (values: Readonly<Record<string, HostArray>>) => Readonly<Record<string, HostArray>>,
  metadata: LoadedModel['metadata'] = {},
): LoadedModel => ({
  inputs,
  outputs: [],
  metadata,
  placement: [],
  run: () => Promise.reject(new Error('by name')),
  runNamed: (values) => Promise.resolve(run(values)),
  dispose: () => Promise.resolve(),
});

const window = { from: -3, to: 3, end: 1 };
const points = f32('y0', 'batch', 2);
const rows = (x: HostArray | undefined): readonly (readonly [number, number])[] =>
  Array.from({ length: x?.shape[0] ?? 0 }, (_, i) => [x!.data[2 * i]!, x!.data[2 * i + 1]!] as const);

describe('a model of the plane', () => {
  it('may take a time and tolerances beside the points', () => {
    const roles = rolesOf([f32('t'), points, f32('rtol')]);
    expect(roles.points.name).toBe('y0');
    expect(roles.time?.name).toBe('t');
    expect(roles.scalars.map(({ name }) => name)).toEqual(['rtol']);
  });

  it.each([
    ['no points', [f32('image', 'batch', 784)], 'image: f32[batch, 784]'],
    ['two of them', [points, f32('other', 'batch', 2)], 'other: f32[batch, 2]'],
    ['an input that is not known', [points, f32('temperature')], 'temperature: f32[]'],
  ])('is refused with %s', (_, inputs, said) => {
    expect(() => rolesOf(inputs)).toThrow(said);
    expect(() => rolesOf(inputs)).toThrow('expected one input f32[batch, 2]');
  });

  it('carries points along, at every time', async () => {
    const drift = model([points, f32('t')], ({ y0, t }) => ({
      y: array(rows(y0).map(([x, y]) => [x + 2 * (t?.data[0] ?? NaN), y])),
      nfe: array(14, { dtype: 'i32' }),
    }));
    const { picture, said } = await pictureOf(drift, window);
    const { data, times, points: count } = picture.flow!;
    expect([times, count]).toEqual([25, 289]);
    const x = (time: number, point: number): number => data[2 * (time * count + point)]!;
    expect(x(12, 7) - x(0, 7)).toBeCloseTo(1, 5);
    expect(x(24, 288) - x(0, 288)).toBeCloseTo(2, 5);
    expect(said).toContain('14 evaluations');
  });

  it('is drawn by straight lines where it only says where points end', async () => {
    const { picture, said } = await pictureOf(
      model([points], ({ y0 }) => ({ end: array(rows(y0).map(([x, y]) => [-x, y, 9])) })),
      window,
    );
    expect(picture.flow?.times).toBe(2);
    expect(picture.flow?.data[0]).toBe(-3);
    expect(picture.flow?.data[2 * 289]).toBe(3);
    expect(said).toContain('straight lines');
  });

  it('colours the plane by its numbers, also in batches of one size', async () => {
    const sign = model([f32('x', 7, 2)], ({ x }) => ({ value: array(rows(x).map(([a]) => [4 * a])) }));
    const { picture } = await pictureOf(sign, window);
    expect(picture.map).toMatchObject({ kind: 'decision', side: 40 });
    expect(picture.map?.data[0]).toBeCloseTo(-1, 6);
    expect(picture.map?.data[39]).toBeCloseTo(1, 6);
    const density = await pictureOf(
      model([points], ({ y0 }) => ({ p: array(rows(y0).map(([a]) => a * a)) })),
      window,
    );
    expect(density.picture.map?.kind).toBe('density');
    const classes = await pictureOf(
      model([points], ({ y0 }) => ({ logits: array(rows(y0).map(([a]) => [0, a])) })),
      window,
    );
    expect(classes.picture.map?.kind).toBe('decision');
    const log = await pictureOf(
      model([points], ({ y0 }) => ({ log_prob: array(rows(y0).map(([a]) => -a * a)) })),
      window,
    );
    expect(log.picture.map?.kind).toBe('density');
    expect(log.picture.map?.data[19]).toBeCloseTo(Math.exp(-(0.075 ** 2)), 6);
    expect(classes.picture.map?.data[0]).toBeCloseTo(-1, 6);
  });

  it('is coloured by three classes, with the names that the file has for them', async () => {
    const three = model(
      [points],
      ({ y0 }) => ({
        probabilities: array(rows(y0).map(([a, b]) => (a < 0 ? [1, 0, 0] : b < 0 ? [0, 0.5, 0.5] : [0, 0, 1]))),
      }),
      { task: 'classification', classes: 'left, low, high', columns: 'east, north' },
    );
    const { picture, said } = await pictureOf(three, window);
    expect(picture.map?.kind).toBe('classes');
    expect(Array.from(picture.map?.data.slice(0, 3) ?? [])).toEqual([1, 0, 0]);
    expect(Array.from(picture.map?.data.slice(3 * 39, 3 * 40) ?? [])).toEqual([0, 0.5, 0.5]);
    expect(said).toBe('It tells classes apart. Blue is left, orange is low, purple is high. x₁ is east, x₂ is north.');
    const logits = await pictureOf(
      model([points], ({ y0 }) => ({ logits: array(rows(y0).map(() => [800, 800, -800])) })),
      window,
    );
    expect(Array.from(logits.picture.map?.data.slice(0, 3) ?? [])).toEqual([0.5, 0.5, 0]);
    const four = model([points], ({ y0 }) => ({ logits: array(rows(y0).map(() => [0, 1, 2, 3])) }));
    await expect(pictureOf(four, window)).rejects.toThrow('the model gives logits of 4 classes; expected at most 3');
  });

  it('is coloured between its least and its largest number, where zero means nothing', async () => {
    const warm = (task?: string) =>
      pictureOf(
        model([points], ({ y0 }) => ({ y: array(rows(y0).map(([a]) => [280 + a])) }), {
          ...(task !== undefined && { task, outputs: 'warmth: y [batch, 1]' }),
        }),
        window,
      );
    const { picture, said } = await warm('regression');
    expect(picture.map?.kind).toBe('decision');
    expect([picture.map?.data[0], picture.map?.data[39]]).toEqual([-1, 1]);
    expect(said).toBe('It gives warmth: from 277, blue, to 283, orange.');
    expect((await warm()).said).toContain('It gives a number: from 277');
  });

  it('is told of if it is not finite', async () => {
    const log = model([points], ({ y0 }) => ({ y: array(rows(y0).map(([a]) => [Math.log(a)])) }));
    expect((await pictureOf(log, window)).said).toContain('Where it is not finite nothing is drawn.');
    await expect(pictureOf(log, { ...window, to: -1 })).rejects.toThrow('no finite y anywhere on this plane');
  });

  it('is refused if it gives something else for each point', async () => {
    const wrong = model([points], () => ({ sum: array([1, 2, 3]) }));
    await expect(pictureOf(wrong, window)).rejects.toThrow(
      'the model gives sum: [3] for 289 points; expected a number',
    );
  });
});
