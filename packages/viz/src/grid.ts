/** Several figures in one. */
import { OptionError } from '@node-ode/core';
import { figure, type Figure } from './figure.ts';
import { ink } from './palette.ts';
import { label, translate } from './svg.ts';

/** How figures are put together. */
export interface GridOptions {
  /** Figures in a row; by default as many as make the whole about square. */
  readonly columns?: number;
  /** Above all of them. */
  readonly title?: string;
  /** Pixels between figures; 12 by default. */
  readonly gap?: number;
}

const titleSize = 18;

/**
 * Figures row by row in one picture; each keeps its size, and columns are as wide as their widest figure.
 *
 * @throws OptionError if there is no figure or `columns` is not a positive integer.
 * @example
 * const dashboard = grid([fit, portrait, loss, nfe], { columns: 2, title: 'Lynx and hare' });
 */
export function grid(figures: readonly Figure[], options: GridOptions = {}): Figure {
  const { columns = Math.ceil(Math.sqrt(figures.length)), title = '', gap = 12 } = options;
  if (figures.length === 0 || !Number.isInteger(columns) || columns < 1) {
    throw new OptionError('grid', `${figures.length} figures in ${columns} columns`, {
      expected: 'at least one figure, and a positive number of columns',
    });
  }
  const rows = Math.ceil(figures.length / columns);
  const largest = (keep: (i: number) => boolean, size: (f: Figure) => number): number =>
    Math.max(0, ...figures.filter((_, i) => keep(i)).map(size));
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const widths = range(columns).map((c) =>
    largest(
      (i) => i % columns === c,
      ({ width }) => width,
    ),
  );
  const heights = range(rows).map((r) =>
    largest(
      (i) => Math.floor(i / columns) === r,
      ({ height }) => height,
    ),
  );
  const offset = (sizes: readonly number[], upTo: number): number =>
    sizes.slice(0, upTo).reduce((sum, size) => sum + size + gap, 0);
  const top = title === '' ? 0 : titleSize + 20;
  const heading = label(title, {
    x: 16,
    y: titleSize + 10,
    'font-size': titleSize,
    'font-weight': 'bold',
    fill: ink.text,
  });
  return figure(offset(widths, columns) - gap, top + offset(heights, rows) - gap, [
    title === '' ? '' : heading,
    ...figures.map(({ svg }, i) =>
      translate(offset(widths, i % columns), top + offset(heights, Math.floor(i / columns)), [svg]),
    ),
  ]);
}
