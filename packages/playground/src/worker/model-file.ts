/** A model from a file: what it takes and gives, and a picture of what it does to the plane. */
import { FormatError, hostArray, type HostArray } from '@node-ode/core';
import type { LoadedModel, ModelTensor } from '@node-ode/backend-onnx';
import { evenly, gridCells, gridNodes, leading } from '../scenes/grid.ts';
import type { Bounds, PanelPicture } from '../scenes/picture.ts';

/** A picture of a model, and what there is to say of it. */
export interface ModelPicture {
  readonly picture: PanelPicture;
  readonly said: string;
}

/** What of a model is looked at: the plane between two coordinates, the same for both axes, and the flow until a time. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** What of the plane is shown. */
export const planeOf = ({ from, to }: Window): Bounds => ({ x: [from, to], y: [from, to] });

const [side, cells, moments] = [17, 40, 25];
const fixed: Readonly<Record<string, number>> = { rtol: 1e-3, atol: 1e-6 };
const isTime = (name: string): boolean => /^(t|t1|time)$/.test(name);
const isTimes = (name: string): boolean => /^(ts|times)$/.test(name);

/** The inputs of a model that is drawn. */
interface Roles {
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
      advice: 'Export a function of points of the plane.',
    });
  }
  return { points: first, scalars, ...(time && { time }), ...(times && { times }) };
}

/** Asks a model about the plane. */
export async function pictureOf(model: LoadedModel, window: Window): Promise<ModelPicture> {
  const [plane, { end }] = [planeOf(window), window];
  const roles = rolesOf(model.inputs);
  const ask = (points: Float32Array, t: number): Promise<Answer> => answerTo(model, roles, points, t);
  const nodes = gridNodes(plane, side);
  const first = await ask(nodes, end);
  const cost = first.nfe === undefined ? '' : ` It took ${first.nfe} evaluations.`;
  if (first.width === 1 || isScore(first)) {
    const { values } = scored(await ask(gridCells(plane, cells), end));
    const kind = values.every((value) => value >= 0) ? 'density' : 'decision';
    const most = values.reduce((m, value) => Math.max(m, Math.abs(value) || 0), 1e-9);
    const data = kind === 'density' ? values : values.map((value) => value / most);
    return { picture: { map: { kind, side: cells, data } }, said: `It gives a number for each point.${cost}` };
  }
  if (first.times > 1) {
    return { picture: { flow: flowOf(first.values, first.times, first.width) }, said: `It gives a trajectory.${cost}` };
  }
  const start = Float32Array.from(nodes);
  if (roles.time === undefined) {
    const ends = leading(first.values, first.width, 2);
    const both = Float32Array.of(...start, ...ends);
    return {
      picture: { flow: flowOf(both, 2, 2) },
      said: `It gives where each point ends; between, straight lines are drawn.${cost}`,
    };
  }
  const states: Float32Array[] = [start];
  for (const t of evenly(0, end, moments).slice(1)) states.push(leading((await ask(nodes, t)).values, first.width, 2));
  return {
    picture: { flow: flowOf(Float32Array.of(...states.flatMap((state) => [...state])), moments, 2) },
    said: `It gives the flow at any time.${cost}`,
  };
}

const flowOf = (values: Float32Array, times: number, width: number) => ({
  points: side * side,
  times,
  dimensions: 2 as const,
  data: leading(values, width, 2),
});

/** What a model says of points. */
interface Answer {
  readonly name: string;
  readonly values: Float32Array;
  /** 1 where it gives no times. */
  readonly times: number;
  /** Numbers for each point. */
  readonly width: number;
  readonly nfe: number | undefined;
}

/** Scores of two classes are one number: the second beyond the first. */
const isScore = ({ name, width }: Answer): boolean => width === 2 && /logit|prob|class|score/i.test(name);
const isLog = ({ name }: Answer): boolean => /^log.?p/i.test(name);
const scored = (answer: Answer): { readonly values: Float32Array } => {
  if (isLog(answer)) return { values: answer.values.map(Math.exp) };
  return isScore(answer)
    ? {
        values: Float32Array.from(
          { length: answer.values.length / 2 },
          (_, i) => (answer.values[2 * i + 1] ?? NaN) - (answer.values[2 * i] ?? NaN),
        ),
      }
    : answer;
};

async function answerTo(model: LoadedModel, roles: Roles, points: Float32Array, t: number): Promise<Answer> {
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
