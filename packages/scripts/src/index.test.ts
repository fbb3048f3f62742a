import { describe, expect, it } from 'vitest';
import { OptionError } from '@node-ode/core';
import { integerOf, parseOptions, pathOf } from './index.ts';

const options = {
  out: { type: 'string' },
  quick: { type: 'boolean', default: false },
  backend: { type: 'string', multiple: true },
} as const;
const parse = (...args: readonly string[]) => parseOptions('npm run it', args, options);

describe('parseOptions', () => {
  it('gives values by name, typed', () => {
    const { out, quick, backend }: { out?: string; quick: boolean; backend?: string[] } = parse(
      '--out=a',
      '--backend',
      'b',
      '--backend',
      'c',
    );
    expect({ out, quick, backend }).toEqual({ out: 'a', quick: false, backend: ['b', 'c'] });
  });

  it('takes negative numbers behind their options', () => {
    expect(parse('--out', '-3', '--quick', '--backend', '-.5', '--backend', 'c')).toEqual({
      out: '-3',
      quick: true,
      backend: ['-.5', 'c'],
    });
    expect(() => parse('--quick', '-3')).toThrow("Unknown option '-3'");
  });

  it.each([
    [['--loud'], "npm run it: Unknown option '--loud'. See --help."],
    [['word'], "npm run it: Unexpected argument 'word'. See --help."],
    [['--out'], "npm run it: Option '--out <value>' argument missing. See --help."],
    [['--quick=yes'], "npm run it: Option '--quick' does not take an argument. See --help."],
    [
      ['--out', '--quick'],
      'npm run it: --out is followed by --quick, which is an option; expected its value, or --out=--quick where that is the value. See --help.',
    ],
  ])('refuses %j in one sentence', (args, message) => {
    const refused = (): unknown => parse(...args);
    expect(refused).toThrow(OptionError);
    expect(refused).toThrow(new RegExp(`^${message.replaceAll(/[.?<>-]/g, '\\$&')}$`));
  });
});

describe('integerOf', () => {
  it('takes both ends of its range', () => {
    expect(integerOf('it', 'port', '0', { min: 0, max: 9 })).toBe(0);
    expect(integerOf('it', 'port', '9', { min: 0, max: 9 })).toBe(9);
    expect(integerOf('it', 'steps', '100', { min: 100 })).toBe(100);
  });

  it.each(['', ' ', '10', '-1', '1.5', '1e1', '0x1', 'many', '9007199254740993'])("refuses '%s'", (text) => {
    expect(() => integerOf('it', 'port', text, { min: 0, max: 9 })).toThrow(
      `it: --port '${text}'; expected an integer from 0 to 9. See --help.`,
    );
  });

  it('tells the least', () => {
    expect(() => integerOf('it', 'steps', '99', { min: 100 })).toThrow('expected an integer, at least 100.');
    expect(() => integerOf('it', 'seed', '9007199254740993', { min: 0 })).toThrow(OptionError);
  });
});

it('a path is not empty', () => {
  expect(pathOf('it', 'out', 'a')).toBe('a');
  expect(() => pathOf('it', 'out', '')).toThrow('it: --out without a folder; expected a path. See --help.');
});
