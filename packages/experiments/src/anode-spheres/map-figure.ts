/** What models make of the plane, as maps. */
import { grid, lineChart, type Figure, type Series } from '@node-ode/viz';
import { mapSide, type PicturedRun } from './train.ts';

/** Maps of the outputs, NODE beside ANODE. */
export function mapFigure(few: readonly PicturedRun[], seed: number): Figure {
  const { from, to } = mapSide;
  return grid(
    few
      .filter((run) => run.seed === seed)
      .map((run) =>
        lineChart({
          title: run.model,
          width: 420,
          height: 420,
          x: { label: 'x₁', domain: [from, to] },
          y: { label: 'x₂', domain: [from, to] },
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
