/** Colour bars: which value a colour stands for, to the right of a plot. */
import { axisTitle, placeAxis, type Axis } from './axis.ts';
import type { Rgb } from './colour-map.ts';
import type { Beside } from './frame.ts';
import { ink } from './palette.ts';
import { rasterImage } from './raster.ts';
import { element, label, round, translate } from './svg.ts';
import { fontSize, textWidth } from './text.ts';

const barWidth = 14;
const tickLength = 4;
const away = 14;

/** A bar for the colours of an axis whose domain is known. */
export const colourBar =
  (axis: Axis, table: readonly Rgb[]): Beside =>
  (height) => {
    const { ticks } = placeAxis(axis, [], height, 0, Math.max(2, Math.floor(height / 40)));
    const named = ticks.filter((tick) => tick.label !== '');
    const widest = Math.max(0, ...named.map((tick) => textWidth(tick.label, fontSize.tick)));
    const beside = barWidth + tickLength + 4;
    const title = axisTitle(axis);
    const right = beside + widest + (title === '' ? 0 : 8 + fontSize.label);
    const data = Uint8Array.from([...table].reverse().flat());
    const raster = { columns: 1, rows: table.length, channels: 3, data } as const;
    const size = { 'font-size': fontSize.tick, fill: ink.text };
    const svg = translate(away, 0, [
      rasterImage(raster, { x: 0, y: 0, width: barWidth, height: round(height) }),
      element('rect', { width: barWidth, height, fill: 'none', stroke: ink.axis }),
      element('path', {
        d: named.map(({ at }) => `M${barWidth},${round(at)}h${tickLength}`).join(''),
        stroke: ink.axis,
      }),
      ...named.map((tick) => label(tick.label, { x: beside, y: tick.at + fontSize.tick * 0.36, ...size })),
      label(title, {
        transform: `translate(${round(right - 2)},${round(height / 2)}) rotate(-90)`,
        'font-size': fontSize.label,
        fill: ink.text,
        'text-anchor': 'middle',
      }),
    ]);
    return { svg, width: away + right };
  };
