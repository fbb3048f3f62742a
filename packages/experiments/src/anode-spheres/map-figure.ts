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
          series: [...bands(run.map), ...circles],
        }),
      ),
    { columns: 2 },
  );
}

/** What a point is taken for, by the output: wanted are −1 in the ball and 1 in the shell. */
const kinds = [
  { name: 'below −0.5: ball', from: -Infinity, to: -0.5, colour: 0 },
  { name: 'between', from: -0.5, to: 0.5, colour: 3 },
  { name: 'above 0.5: shell', from: 0.5, to: Infinity, colour: 1 },
];

/** Every other point of the map in both directions, by what it is taken for. */
function bands(map: readonly number[]): Series[] {
  const { from, to, points } = mapSide;
  const at = (i: number): number => from + ((to - from) * i) / (points - 1);
  const shown = map.flatMap((value, i) => {
    const [column, row] = [i % points, Math.floor(i / points)];
    return column % 2 === 0 && row % 2 === 0 ? [{ value, x: at(column), y: at(row) }] : [];
  });
  return kinds.map(({ name, from: low, to: high, colour }) => {
    const inside = shown.filter(({ value }) => value > low && value <= high);
    return { name, x: inside.map(({ x }) => x), y: inside.map(({ y }) => y), points: true, colour };
  });
}

const turns = Array.from({ length: 101 }, (_, i) => (i * 2 * Math.PI) / 100);
const circles = [0.5, 1, 1.5].map((radius): Series => ({
  name: '',
  x: turns.map((turn) => radius * Math.cos(turn)),
  y: turns.map((turn) => radius * Math.sin(turn)),
  colour: 6,
}));
