/**
 * Colours that people with any colour vision tell apart (Okabe and Ito, "Color Universal Design", 2008), without the
 * yellow, which is invisible on white; and marker shapes that go with them, so that colour is never the only difference.
 */

/** In the order in which series get them. */
export const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const;

/** Greys of axes, grid lines, shaded ranges and vector fields. */
export const ink = { text: '#222222', axis: '#555555', grid: '#e3e3e3', shade: '#ececec', field: '#8a949e' } as const;

const cyclic = <T>(list: readonly [T, ...T[]], index: number): T => list[index % list.length] ?? list[0];

/** The colour of the series with this index. */
export const colourOf = (index: number): string => cyclic(colours, index);

/** Half the width of a marker in pixels. */
export const markerRadius = 3.6;

const markers: readonly [(r: number) => string, ...((r: number) => string)[]] = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
  (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  (r) => `M0,${-1.25 * r}L${1.15 * r},${0.9 * r}H${-1.15 * r}Z`,
  (r) => `M0,${-1.35 * r}L${1.35 * r},0L0,${1.35 * r}L${-1.35 * r},0Z`,
];

/** The path of a marker round the origin: circle, square, triangle, diamond. */
export const markerPath = (index: number): string => cyclic(markers, index)(markerRadius);
