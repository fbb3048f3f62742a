import { expect, it } from 'vitest';
import { section, short, table } from './markdown.ts';

it('writes numbers with two digits', () => {
  expect([0, 1.3, 0.0123, 0.00123, 123456, 1e-16].map(short)).toEqual([
    '0',
    '1.3',
    '0.012',
    '1.2e-3',
    '1.2e+5',
    '1.0e-16',
  ]);
});

it('writes tables with whole numbers whole', () => {
  expect(
    table(
      ['name', 'NFE'],
      [
        ['a', 30740],
        ['b', '–'],
      ],
    ),
  ).toBe('| name | NFE |\n| --- | ---: |\n| a | 30740 |\n| b | – |');
  expect(section('Title', 'text')).toBe('## Title\n\ntext');
});
