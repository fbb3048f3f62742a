import { FormatError, OptionError, toNested } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { columns } from './columns.ts';
import { parseCsv } from './parse.ts';

describe('parseCsv', () => {
  it('reads columns by name', () => {
    const table = parseCsv('t,y\n0,1.5\n1,-2e-3\n2, +.5 \n');
    expect([table.names, table.length, table.source]).toEqual([['t', 'y'], 3, 'CSV']);
    expect(table.numbers).toEqual({ t: Float64Array.of(0, 1, 2), y: Float64Array.of(1.5, -0.002, 0.5) });
    expect(table.masks).toEqual({ t: Uint8Array.of(1, 1, 1), y: Uint8Array.of(1, 1, 1) });
  });

  it('gives NaN and a mask for what is missing', () => {
    const { numbers, masks } = parseCsv('a,b\n,1\nNA,2\nNaN,3\n4,5');
    expect(numbers['a']).toEqual(Float64Array.of(NaN, NaN, NaN, 4));
    expect(masks).toEqual({ a: Uint8Array.of(0, 0, 0, 1), b: Uint8Array.of(1, 1, 1, 1) });
    expect(parseCsv('a\n?\n', { missing: ['?'] }).masks['a']).toEqual(Uint8Array.of(0));
  });

  it('reads quoted fields, CRLF, a byte order mark, other delimiters; skips empty lines', () => {
    const csv = '\ufeff"name, first";y\r\n"a ""b""\r\nc";1\r\n\r\n"d";"2"\r\n';
    const { names, text, numbers } = parseCsv(csv, { delimiter: ';', text: ['name, first'] });
    expect(names).toEqual(['name, first', 'y']);
    expect(text['name, first']).toEqual(['a "b"\r\nc', 'd']);
    expect(numbers).toEqual({ y: Float64Array.of(1, 2) });
  });

  it('reads a header without rows', () => {
    expect(parseCsv('a,b\n')).toMatchObject({ length: 0, numbers: { a: new Float64Array(0) } });
  });

  it('names source, line and column of what is wrong', () => {
    const message = (csv: string, options = {}): string => {
      try {
        parseCsv(csv, { source: 'x.csv', ...options });
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        return (error as Error).message;
      }
      throw new Error('nothing was thrown');
    };
    expect(message('t,y\n0,1\n1,abc\n')).toContain('x.csv, line 3, column 2 (“y”): “abc” is no number');
    // empty lines and lines in quotes count; the line is where the row starts
    expect(message('t,y\r\n"0",1\r\n\r\n"\n\n1",abc\r\n')).toContain('x.csv, line 4, column 2 (“y”)');
    expect(message('t,y\n0,1\n1\n')).toContain('x.csv, line 3: 1 fields; expected 2: t, y');
    expect(message('t,y\n0,1,2\n')).toContain('x.csv, line 2: 3 fields');
    expect(message('t,y\n0,1\n2,"3\n4,5\n')).toContain('x.csv, line 3, column 2: Quoted field unterminated');
    expect(message('t,t\n')).toContain('x.csv, line 1, column 2: the name “t”');
    expect(message('t,\n')).toContain('x.csv, line 1, column 2: the name “”');
    expect(message('')).toContain('x.csv is empty');
    expect(message('t,y\n', { text: ['z'] })).toContain('x.csv has no column “z”; expected one of t, y');
    expect(() => parseCsv('t,y\n0,1\n1,abc\n')).toThrow(
      expect.objectContaining({ cell: { source: 'CSV', line: 3, column: 'y', position: 2, field: 'abc' } }),
    );
    for (const word of ['0x10', 'Infinity', '1_5', '1e', '--1']) {
      expect(message(`t\n${word}\n`)).toContain(`line 2, column 1 (“t”): “${word}” is no number`);
    }
  });
});

describe('columns', () => {
  const table = parseCsv('t,a,b,c\n0,1,2,x\n1,NA,4,y\n', { text: ['c'] });

  it('puts columns side by side', () => {
    expect(columns(table, ['b', 'a'], { dtype: 'f64' })).toEqual({
      kind: 'array',
      shape: [2, 2],
      dtype: 'f64',
      data: Float64Array.of(2, 1, 4, NaN),
    });
    expect(toNested(columns(table, ['t']))).toEqual([[0], [1]]);
    expect(columns(table).shape).toEqual([2, 3]);
  });

  it('refuses a column that is not there or not of numbers', () => {
    expect(() => columns(table, ['z'])).toThrow(OptionError);
    expect(() => columns(table, ['c'])).toThrow('columns: CSV has no column of numbers “c”; expected one of t, a, b.');
  });
});
