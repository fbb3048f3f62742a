/** A picture: an SVG document and its size in pixels. */
import { element } from './svg.ts';
import { fontFamily } from './text.ts';

/** What every chart returns; `grid` puts several into one. */
export interface Figure {
  /** A complete SVG document. */
  readonly svg: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** A document on white paper from the elements on it. */
export function figure(width: number, height: number, children: readonly string[]): Figure {
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      'font-family': fontFamily,
    },
    [element('rect', { width, height, fill: '#ffffff' }), ...children],
  );
  return { svg, width, height };
}
