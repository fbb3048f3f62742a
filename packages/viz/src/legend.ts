/** Legends: rows of keys above the plot, where they cover no data. */
import { markerPath } from './palette.ts';
import { element, label, translate } from './svg.ts';
import { fontSize, textWidth } from './text.ts';
import { ink } from './palette.ts';

/** How a series is drawn, and its name. */
export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly line: boolean;
  readonly dashed: boolean;
  /** Index of the marker's shape. */
  readonly marker?: number;
}

const keyWidth = 26;
const gap = 18;
const rowHeight = 20;

/** Dashes of a dashed line, in pixels. */
export const dashes = '7 4';

/** A legend laid out over a width: its elements, from its own top left corner, and its height. */
export function legend(
  entries: readonly LegendEntry[],
  width: number,
): { readonly svg: string; readonly height: number } {
  const shown = entries.filter(({ name }) => name !== '');
  let [x, row] = [0, 0];
  const keys = shown.map((entry) => {
    const extent = keyWidth + 6 + textWidth(entry.name, fontSize.label);
    if (x > 0 && x + extent > width) [x, row] = [0, row + 1];
    const svg = translate(x, row * rowHeight + rowHeight / 2, [key(entry)]);
    x += extent + gap;
    return svg;
  });
  return { svg: keys.join(''), height: shown.length === 0 ? 0 : (row + 1) * rowHeight };
}

function key({ name, colour, line, dashed, marker }: LegendEntry): string {
  const stroke = element('line', {
    x1: 0,
    x2: keyWidth,
    stroke: colour,
    'stroke-width': 2.2,
    'stroke-dasharray': dashed ? dashes : undefined,
  });
  const symbol = translate(keyWidth / 2, 0, [element('path', { d: markerPath(marker ?? 0), fill: colour })]);
  const text = label(name, { x: keyWidth + 6, y: 4.5, 'font-size': fontSize.label, fill: ink.text });
  return [line ? stroke : '', marker === undefined ? '' : symbol, text].join('');
}
