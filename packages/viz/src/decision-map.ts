/** Decision maps: the plane in the colours of the classes that a model sees there, and the points it was taught. */
import { OptionError } from '@node-ode/core';
import { valuesOf, type Cells, type CellValues } from './cells.ts';
import { tintOf } from './colour-map.ts';
import type { Figure } from './figure.ts';
import { frame, type FrameOptions } from './frame.ts';
import { drawCells, onCells } from './heat-map.ts';
import { asPoints } from './scatter.ts';
import { checkSeries, drawSeries, legendEntries, type Series } from './series.ts';

/** What a decision map shows. */
export interface DecisionMapOptions extends FrameOptions {
  readonly cells: Cells;
  /** The class of each cell, 0, 1, …; NaN where there is none. */
  readonly regions: CellValues;
  /** The classes' points, class 0 first; regions have their colours. */
  readonly classes: readonly Series[];
}

/**
 * Regions of classes under the points of these classes.
 *
 * @throws ShapeError if there are not as many regions as cells, or a class's parts differ in length.
 * @throws OptionError if a region is of no class, or an axis is logarithmic.
 * @example
 * const { svg } = decisionMap({
 *   x: { label: 'x₁' },
 *   y: { label: 'x₂' },
 *   equal: true,
 *   cells: cells({ x: [-2, 2], y: [-2, 2] }),
 *   regions: (x, y) => (Math.hypot(x, y) < 1 ? 0 : 1),
 *   classes: [
 *     { name: 'inner', x: [0.1, -0.2], y: [0.3, 0.1] },
 *     { name: 'outer', x: [1.1, -0.9], y: [0.2, 0.7] },
 *   ],
 * });
 */
export function decisionMap(options: DecisionMapOptions): Figure {
  const { cells } = options;
  checkSeries('decisionMap', options.classes);
  const classes = options.classes.map(asPoints);
  const regions = valuesOf('decisionMap', cells, options.regions);
  const foreign = regions.find((region) => !Number.isNaN(region) && classes[region] === undefined);
  if (foreign !== undefined) {
    throw new OptionError('decisionMap', `a region of class ${foreign}`, {
      expected: `0 to ${classes.length - 1}, one of the ${classes.length} classes, or NaN`,
    });
  }
  const tints = classes.map(({ colour }, i) => tintOf(colour ?? i));
  return frame(onCells('decisionMap', options, cells), {
    xs: [],
    ys: [],
    entries: legendEntries(classes),
    draw: (plot) => [drawCells(cells, plot, (i) => tints[regions[i] ?? NaN]), ...drawSeries(classes, plot)],
  });
}
