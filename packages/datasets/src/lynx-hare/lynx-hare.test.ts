import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { OptionError, toNested } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../csv/parse.ts';
import { lynxHare, lynxHareColumns } from './lynx-hare.ts';
import { record } from './record.ts';

const file = (name: string): string => readFileSync(new URL(`../../data/lynx-hare/${name}`, import.meta.url), 'utf8');

describe('lynxHare', () => {
  it('is the file beside it, and the file is the one that SOURCE.md describes', () => {
    const csv = file('lynx_hare.csv');
    const { numbers, names } = parseCsv(csv);
    expect(names).toEqual(['year', 'lynx', 'hare']);
    const rows = Array.from(numbers['year'] ?? [], (year, i) => [year, numbers['lynx']?.[i], numbers['hare']?.[i]]);
    expect(record).toEqual(rows);
    expect(record).toHaveLength(21);
    expect(file('SOURCE.md')).toContain(createHash('sha256').update(csv).digest('hex'));
  });

  it('holds out the last years', () => {
    const data = lynxHare({ dtype: 'f64' });
    expect(data.splits).toEqual(['train', 'test']);
    const [train, test] = [data.all('train'), data.all('test')];
    expect([train.t.shape, train.y.shape, test.t.shape, test.y.shape]).toEqual([[17], [17, 2], [4], [4, 2]]);
    expect([train.t.data[0], train.t.data[16], ...test.t.data]).toEqual([1900, 1916, 1917, 1918, 1919, 1920]);
    expect(lynxHareColumns).toEqual(['hare', 'lynx']);
    expect(toNested(test.y)).toEqual([
      [7.6, 15.8],
      [14.6, 9.7],
      [16.2, 10.1],
      [24.7, 8.6],
    ]);
  });

  it('has the asked split and dtype', () => {
    const data = lynxHare({ holdOut: 0 });
    expect([data.all('train').t.shape, data.all('test').y.shape]).toEqual([[21], [0, 2]]);
    expect([data.all('train').y.dtype, lynxHare({ dtype: 'f64' }).all('test').t.dtype]).toEqual(['f32', 'f64']);
    expect(() => lynxHare({ holdOut: 20 })).toThrow(OptionError);
    expect(() => lynxHare({ holdOut: 1.5 })).toThrow('lynxHare: holdOut 1.5; expected an integer from 0 to 19');
  });
});
