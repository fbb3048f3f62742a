/** A model from a file: which of its inputs are what, and what it answers. */
import { FormatError, hostArray, type HostArray } from '@node-ode/core';
import type { LoadedModel, ModelTensor } from '@node-ode/backend-onnx';
import { evenly } from '../scenes/grid.ts';

/** Times of a flow that are drawn. */
export const moments = 25;
const fixed: Readonly<Record<string, number>> = { rtol: 1e-3, atol: 1e-6 };
const isTime = (name: string): boolean => /^(t|t1|time)$/.test(name);
const isTimes = (name: string): boolean => /^(ts|times)$/.test(name);

/** The inputs of a model that is drawn. */
export interface Roles {
  readonly points: ModelTensor;
  /** The time to which the flow goes. */
  readonly time?: ModelTensor;
  /** Several times. */
  readonly times?: ModelTensor;
  readonly scalars: readonly ModelTensor[];
}

/**
 * Which input is which.
 *
 * @throws FormatError if the model is not one of the plane.
 */
export function rolesOf(inputs: readonly ModelTensor[]): Roles {
  const points = inputs.filter(({ shape, dtype }) => dtype === 'f32' && shape.length === 2 && shape[1] === 2);
  const times = inputs.find(({ name, shape }) => shape.length === 1 && isTimes(name));
  const time = inputs.find(({ name, shape }) => shape.length === 0 && isTime(name));
  const scalars = inputs.filter(({ name, shape }) => shape.length === 0 && name in fixed);
  const [first] = points;
  const known = points.length + scalars.length + (times === undefined ? 0 : 1) + (time === undefined ? 0 : 1);
  if (first === undefined || points.length > 1 || known !== inputs.length) {
    const given = inputs.map(({ name, shape, dtype }) => `${name}: ${dtype}[${shape.join(', ')}]`).join('; ');
    throw new FormatError('playground', `the model takes ${given}`, {
      expected: 'one input f32[batch, 2], points of the plane, beside scalars named t, t1, rtol or atol, or times ts',
      advice: 'Only models of two numbers can be drawn here.',
    });
  }
  return { points: first, scalars, ...(time && { time }), ...(times && { times }) };
}

/** What a model says of points. */
export interface Answer {
  readonly name: string;
  readonly values: Float32Array;
  /** 1 where it gives no times. */
  readonly times: number;
  /** Numbers for each point. */
  readonly width: number;
  readonly nfe: number | undefined;
}

/** Asks a model about points, at a time where it takes one. */
export async function answerTo(model: LoadedModel, roles: Roles, points: Float32Array, t: number): Promise<Answer> {
  const count = points.length / 2;
  const [batch] = roles.points.shape;
  // A file for batches of one size gets the points in pieces of it.
  const size = typeof batch === 'number' ? batch : count;
  const found: HostArray[] = [];
  let nfe: number | undefined;
  let name = '';
  for (let from = 0; from < count; from += size) {
    const piece = new Float32Array(2 * size);
    piece.set(points.subarray(2 * from, 2 * Math.min(count, from + size)));
    const outputs = await model.runNamed({
      [roles.points.name]: hostArray(piece, [size, 2], 'f32'),
      ...Object.fromEntries(roles.scalars.map((input) => [input.name, scalar(fixed[input.name] ?? NaN)])),
      ...(roles.time && { [roles.time.name]: scalar(t) }),
      ...(roles.times && { [roles.times.name]: timesFor(roles.times, t) }),
    });
    const [first] = Object.entries(outputs).filter(([output]) => output !== 'nfe' && output !== 'status');
    if (first === undefined) break;
    [name] = first;
    nfe ??= outputs['nfe']?.data[0];
    found.push(first[1]);
  }
  const shape = found[0]?.shape ?? [];
  const hasTimes = shape.length === 3;
  const [times, width] = [hasTimes ? (shape[0] ?? 1) : 1, shape.length < 2 ? 1 : (shape.at(-1) ?? 1)];
  if (shape.at(hasTimes ? 1 : 0) !== size || (hasTimes && found.length > 1)) {
    throw new FormatError('playground', `the model gives ${name}: [${shape.join(', ')}] for ${size} points`, {
      expected: 'a number or a place for each point, or places at several times, times first',
    });
  }
  const values = Float32Array.from(found.flatMap(({ data }) => Array.from(data)));
  return { name, values: values.subarray(0, times * count * width), times, width, nfe };
}

const scalar = (value: number): HostArray => hostArray(Float32Array.of(value), [], 'f32');

function timesFor({ shape }: ModelTensor, end: number): HostArray {
  const [count] = shape;
  const ts = Float32Array.from(evenly(0, end, typeof count === 'number' ? count : moments));
  return hostArray(ts, [ts.length], 'f32');
}
