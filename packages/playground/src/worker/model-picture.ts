/** A picture of what a model from a file does to the plane, and what there is to say of it. */
import { FormatError } from '@node-ode/core';
import type { LoadedModel } from '@node-ode/backend-onnx';
import { evenly, gridCells, gridNodes, leading } from '../scenes/grid.ts';
import type { Bounds, FlowLayer, MapLayer, PanelPicture } from '../scenes/picture.ts';
import { answerTo, moments, rolesOf, type Answer } from './model-file.ts';

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
export const planeOf = ({ from, to }: Pick<Window, 'from' | 'to'>): Bounds => ({ x: [from, to], y: [from, to] });

const [side, cells] = [17, 40];

/**
 * Asks a model about the plane.
 *
 * @throws FormatError if the model is not one of the plane, or what it gives can't be drawn.
 */
export async function pictureOf(model: LoadedModel, window: Window): Promise<ModelPicture> {
  const [plane, { end }] = [planeOf(window), window];
  const roles = rolesOf(model.inputs);
  const ask = (points: Float32Array, t: number): Promise<Answer> => answerTo(model, roles, points, t);
  const nodes = gridNodes(plane, side);
  const first = await ask(nodes, end);
  const notes = (...more: readonly string[]): string =>
    [...more, ...axesOf(model), ...(first.nfe === undefined ? [] : [`It took ${first.nfe} evaluations.`])].join(' ');
  if (first.width === 1 || isScore(first)) {
    const { map, said } = mapOf(await ask(gridCells(plane, cells), end), model.metadata);
    return { picture: { map }, said: notes(said) };
  }
  const hidden = first.width > 2 ? [`Of its ${first.width} dimensions two are drawn.`] : [];
  if (first.times > 1) {
    return {
      picture: { flow: flowOf(first.values, first.times, first.width) },
      said: notes('It gives a trajectory.', ...hidden),
    };
  }
  if (roles.time === undefined) {
    const ends = leading(first.values, first.width, 2);
    return {
      picture: { flow: flowOf(Float32Array.of(...nodes, ...ends), 2, 2) },
      said: notes('It gives where each point ends; between, straight lines are drawn.', ...hidden),
    };
  }
  const states: Float32Array[] = [nodes];
  for (const t of evenly(0, end, moments).slice(1)) states.push(leading((await ask(nodes, t)).values, first.width, 2));
  return {
    picture: { flow: flowOf(Float32Array.from(states.flatMap((state) => [...state])), moments, 2) },
    said: notes('It gives the flow at any time.', ...hidden),
  };
}

const flowOf = (values: Float32Array, times: number, width: number): FlowLayer => ({
  points: side * side,
  times,
  dimensions: 2,
  data: leading(values, width, 2),
});

/** What the coordinates are, where the file says so. */
function axesOf({ metadata }: LoadedModel): readonly string[] {
  const [first, second, ...more] = metadata['columns']?.split(', ') ?? [];
  const isNamed = second !== undefined && more.length === 0 && first !== 'x1';
  return isNamed ? [`x₁ is ${first}, x₂ is ${second}.`] : [];
}

/** A log-density is no score of classes. */
const isLog = ({ name }: Answer): boolean => /^log.?p/i.test(name);
const isScore = (answer: Answer): boolean =>
  answer.width > 1 && /logit|prob|class|score/i.test(answer.name) && !isLog(answer);

interface Told {
  readonly map: MapLayer;
  readonly said: string;
}
type Metadata = LoadedModel['metadata'];

/** The plane coloured by a number of each point, or by scores of classes. */
function mapOf(answer: Answer, metadata: Metadata): Told {
  const finite = answer.values.filter(Number.isFinite);
  if (finite.length === 0) {
    throw new FormatError('playground', `the model gives no finite ${answer.name} anywhere on this plane`, {
      advice: 'Choose a plane that it has learned from.',
    });
  }
  const { map, said } = isScore(answer) ? classesMap(answer, metadata) : numberMap(answer, finite, metadata);
  return {
    map,
    said: finite.length < answer.values.length ? `${said} Where it is not finite nothing is drawn.` : said,
  };
}

function numberMap(answer: Answer, finite: Float32Array, metadata: Metadata): Told {
  const [least, most] = rangeOf(finite);
  const { task, outputs } = metadata;
  if (isLog(answer)) {
    const data = answer.values.map(Math.exp);
    return { map: mapLayer('density', data), said: `It gives a density; the largest is ${shown(Math.exp(most))}.` };
  }
  if (task === 'classification' || (least < 0 && most > 0)) {
    const reach = Math.max(-least, most);
    const map = mapLayer(
      'decision',
      answer.values.map((value) => value / reach),
    );
    return {
      map,
      said:
        task === 'classification'
          ? sidesOf(metadata)
          : `It gives a number: from ${shown(least)} to ${shown(most)}; blue is below 0, orange above.`,
    };
  }
  // Of numbers of one sign: shades from zero, where some are near it, else colours about their middle.
  if (least >= 0 && least < most / 5 && task !== 'regression') {
    return { map: mapLayer('density', answer.values), said: `It gives a number, shaded from 0 to ${shown(most)}.` };
  }
  const [middle, half] = [(least + most) / 2, (most - least) / 2 || 1];
  const what = task === 'regression' ? (outputs?.split(':', 1)[0] ?? 'a number') : 'a number';
  return {
    map: mapLayer(
      'decision',
      answer.values.map((value) => (value - middle) / half),
    ),
    said: `It gives ${what}: from ${shown(least)}, blue, to ${shown(most)}, orange.`,
  };
}

/** How classes are told apart; the theme has as many colours. */
const colours = ['Blue', 'orange', 'purple'] as const;

function classesMap({ values, width, name }: Answer, metadata: Metadata): Told {
  if (width > colours.length) {
    throw new FormatError('playground', `the model gives ${name} of ${width} classes`, {
      expected: `at most ${colours.length}, which is how many colours there are here`,
    });
  }
  const score = (i: number, k: number): number => values[i * width + k] ?? NaN;
  const count = values.length / width;
  if (width === 2) {
    const beyond = Float32Array.from({ length: count }, (_, i) => score(i, 1) - score(i, 0));
    const reach = beyond.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 1e-9);
    return {
      map: mapLayer(
        'decision',
        beyond.map((value) => value / reach),
      ),
      said: sidesOf(metadata),
    };
  }
  const isShare = rangeOf(values)[0] >= 0 && rangeOf(values)[1] <= 1;
  const weight = (i: number, k: number): number => (isShare ? score(i, k) : Math.exp(score(i, k) - mostOf(i)));
  const mostOf = (i: number): number => Math.max(...colours.map((_, k) => score(i, k)));
  const sumOf = (i: number): number => colours.reduce((sum, _, k) => sum + weight(i, k), 0);
  const data = Float32Array.from({ length: values.length }, (_, j) => {
    const i = Math.floor(j / width);
    return weight(i, j % width) / sumOf(i);
  });
  return { map: mapLayer('classes', data), said: sidesOf(metadata, width) };
}

/** Which colour is which class. */
function sidesOf({ classes }: Metadata, count = 2): string {
  const names = classes?.split(', ') ?? [];
  const each = colours.slice(0, count).map((colour, k) => `${colour} is ${names[k] ?? `class ${k}`}`);
  return `It tells classes apart. ${each.join(', ')}.`;
}

const mapLayer = (kind: MapLayer['kind'], data: Float32Array): MapLayer => ({ kind, side: cells, data });

function rangeOf(values: Float32Array): readonly [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

const shown = (value: number): string => String(Number(value.toPrecision(3))).replace('-', '−');
