/** What models make of the plane, as maps. */
import { cells, grid, heatMap, type Figure, type Series } from '@node-ode/viz';
import { mapSide, type PicturedRun } from './train.ts';

/** Maps of the outputs, NODE beside ANODE. */
export function mapFigure(few: readonly PicturedRun[], seed: number): Figure {
  const { from, to, points } = mapSide;
  // the points are the centres of cells, of which the outermost reach half a cell further
  const half = (to - from) / (points - 1) / 2;
  const side = [from - half, to + half] as const;
  return grid(
    few
      .filter((run) => run.seed === seed)
      .map((run) =>
        heatMap({
          title: run.model,
          width: 420,
          height: 380,
          x: { label: 'x₁', domain: [from, to] },
          y: { label: 'x₂', domain: [from, to] },
          equal: true,
          cells: cells({ x: side, y: side, columns: points }),
          values: run.map.map((value) => Math.min(1.5, Math.max(-1.5, value))),
          value: { label: 'output', domain: [-1.5, 1.5] },
          colours: 'signed',
          series: circles,
        }),
      ),
    { columns: 2 },
  );
}

const turns = Array.from({ length: 101 }, (_, i) => (i * 2 * Math.PI) / 100);
const circles = [0.5, 1, 1.5].map((radius): Series => ({
  name: '',
  x: turns.map((turn) => radius * Math.cos(turn)),
  y: turns.map((turn) => radius * Math.sin(turn)),
  colour: 6,
}));
