/** Pictures: for each density the continuous flow in time, and what the other flows learned. */
import { random } from '@node-ode/core';
import { animate, grid, type Animation, type Figure } from '@node-ode/viz';
import { planeData, rowsOf, type DataName, type PlaneData } from '../flows/data.ts';
import { densityPanel, samplesPanel } from '../flows/pictures.ts';
import type { NamedFigure } from '../lab/index.ts';
import type { DensityFits } from './experiment.ts';
import { parts, pictureGrid, type Film, type Fit } from './fit.ts';
import { shortTitles } from './models.ts';

const square = { bound: pictureGrid.bound, size: 210 };

/** The first seed of one flow. */
interface Shown {
  readonly title: string;
  readonly fit: Fit;
}

/** A picture for each density. */
export const densityFigures = (all: readonly DensityFits[]): readonly NamedFigure[] =>
  all.map(({ data, fits }) => {
    const shown = fits.flatMap(({ model, fits: [fit] }) =>
      fit === undefined ? [] : [{ title: shortTitles[model], fit }],
    );
    const [flowing, ended] = [true, false].map((flows) =>
      shown.filter(({ fit }) => fit.densities.length > 1 === flows),
    );
    const panels = [...(flowing ?? []).flatMap(inTime), ...atEnd(data, ended ?? [])];
    const [film] = shown.flatMap(({ title, fit }) => (fit.film === null ? [] : [inFrames(title, fit.film)]));
    return {
      name: data,
      figure: grid(panels, { columns: parts.length }),
      ...(film === undefined ? {} : { animation: film }),
      caption: `${planeData[data].name}: densities and samples of continuous flows at parts of their time, from the noise to the data; below, the data and what the other flows learned. First seed; each density has its own scale of colours.`,
    };
  });

/** A row of densities in time, and a row of samples. */
const inTime = ({ title, fit }: Shown): readonly Figure[] => [
  ...fit.densities.map((values, i) => densityPanel(`${title}, ${percent(i)}`, values, square)),
  ...fit.samples.map((points, i) => samplesPanel(`${title}, ${percent(i)}`, points, square)),
];

const frameSize = { bound: pictureGrid.bound, size: 300 };

/** Density and samples side by side, in time. */
function inFrames(title: string, { parts, densities, samples }: Film): Animation {
  const most = Math.max(...densities.flat());
  const draw = (i: number): Figure => {
    const at = `${title}, t = ${(parts[i] ?? NaN).toFixed(2)}`;
    return grid([
      densityPanel(at, densities[i] ?? [], frameSize, most),
      samplesPanel('Samples', samples[i] ?? [], frameSize),
    ]);
  };
  return animate(draw, { to: parts.length - 1, frames: parts.length, seconds: 3, hold: 1.5 });
}

const percent = (i: number): string => `${Math.round(100 * (parts[i] ?? NaN))} %`;

/** The data, and flows that are shown at their end. */
function atEnd(name: DataName, shown: readonly Shown[]): readonly Figure[] {
  const data: PlaneData = planeData[name];
  const { logDensity } = data;
  const truth = rowsOf(pictureGrid.points).map(([x, y]) => Math.exp(logDensity?.(x, y) ?? NaN));
  return [
    ...(logDensity === undefined ? [] : [densityPanel('Data', truth, square)]),
    samplesPanel('Data', rowsOf(data.draw(random(7), 400)).flat(), square),
    ...shown.flatMap(({ title, fit }) => [
      ...fit.densities.map((values) => densityPanel(title, values, square)),
      ...fit.samples.map((points) => samplesPanel(title, points, square)),
    ]),
  ];
}
