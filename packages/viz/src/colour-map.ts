/**
 * Colours of values. The maps are uniform to the eye and keep their order for people with any colour vision and in grey
 * (`signed` in each of its halves).
 */
import { rgb } from 'd3-color';
import { scaleLinear } from 'd3-scale';
import { interpolateCividis, interpolateGreys, interpolateMagma, interpolateViridis } from 'd3-scale-chromatic';
import { colours, colourOf } from './palette.ts';

/**
 * Names of colour maps: `viridis`, `cividis` and `magma` from dark to light, `greys` from white to black, and `signed`
 * from the palette's second colour over white (zero) to its first.
 */
export type ColourMap = 'viridis' | 'cividis' | 'magma' | 'greys' | 'signed';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

const signed = scaleLinear<string>().domain([0, 0.5, 1]).range([colours[1], '#ffffff', colours[0]]);

const maps: Readonly<Record<ColourMap, (share: number) => string>> = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  magma: interpolateMagma,
  greys: interpolateGreys,
  signed,
};

const parse = (text: string): Rgb => {
  const { r, g, b } = rgb(text);
  return [Math.round(r), Math.round(g), Math.round(b)];
};

const levels = 256;

/** The colours of a map from its lower end to its upper. */
export const colourTable = (map: ColourMap): readonly Rgb[] =>
  Array.from({ length: levels }, (_, i) => parse(maps[map](i / (levels - 1))));

/** The entry of a colour table for a share of its way; undefined where the share is not a number. */
export const colourAt = (table: readonly Rgb[], share: number): Rgb | undefined =>
  table[Math.round(Math.min(1, Math.max(0, share)) * (table.length - 1))];

/** The palette's colour with this index, mixed with white: what a region is filled with. */
export const tintOf = (index: number): Rgb => {
  const [r, g, b] = parse(colourOf(index));
  const mix = (channel: number): number => Math.round(255 - 0.32 * (255 - channel));
  return [mix(r), mix(g), mix(b)];
};
