import { FormatError, NodeOdeError } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivativeAt, numbersAt } from './solve-system.ts';
import { readSystem, type System } from './system.ts';

const read = (text: string): System => readSystem({ name: 'a.ode', text });

/** The value of an expression. */
const value = (expression: string): number | undefined =>
  read(`q = ${expression}; dx = q; x(0) = 0; t = 0 .. 1`).constants.get('q');

/** What the error says of a text. */
const refusal = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return 'nothing';
};

const rest = '; x(0) = 1; t = 0 .. 1';

describe('expressions', () => {
  it.each([
    ['1 - 2 - 3', -4],
    ['2/4/2', 0.25],
    ['2*3 + 4*5', 26],
    ['2^3^2', 512],
    ['2**-1', 0.5],
    ['-2^2', -4],
    ['(-2)^2', 4],
    ['--2', 2],
    ['2*-3', -6],
    ['+.5e1', 5],
    ['3e2', 300],
    ['3E+2*1e2', 30_000],
    ['1.e2 + 1E-2', 100.01],
    ['(((1)))', 1],
    ['pi', Math.PI],
    ['log(e)', 1],
    ['max(1, min(5, 3))', 3],
    ['if(1 < 2 or 1/0 > 0, 1, 2)', 1],
    ['if(not 1 < 2 and 2 < 3, 1, 2)', 2],
    ['if(not (1 < 2 and 2 > 3), 1, 2)', 1],
    ['if((1 + 1) == 2, if(1 != 1, 1, 2), 3)', 2],
    ['mod(-1, 3)', 2],
    ['step(0) + step(-1)', 1],
  ])('%s is %d', (expression, expected) => expect(value(expression)).toBeCloseTo(expected, 14));
});

describe('readSystem', () => {
  it('knows three ways to write a derivative, and definitions in any order', () => {
    const { states, constants, derived, isAutonomous } = read(`
      dx = b + y       # d… with an initial value
      dy/dt = -x; z' = c
      dose = 2*half    # d…, but “ose” has none
      c = t*dose
      b = 3*a; a = 2; half = 1/2
      x(0) = 1; y(0) = a; z(0) = -1
      t = 0 .. 2*a`);
    expect(states).toEqual(['x', 'y', 'z']);
    expect([constants.get('b'), constants.get('dose')]).toEqual([6, 1]);
    expect(derived.map(({ name }) => name)).toEqual(['c']);
    expect(isAutonomous).toBe(false);
    expect(read('dx = -x' + rest).isAutonomous).toBe(true);
  });

  it('evaluates in numbers', () => {
    const system = read('k = 2; dx = y; dy = -k*x; w = x^2 + t; x(0) = 1; y(0) = 0; t = 0 .. 1');
    expect(derivativeAt(system, 0, [3, 4])).toEqual([4, -6]);
    expect(numbersAt(system, 1, [3, 4]).get('w')).toBe(10);
  });

  it('lets brackets go over lines, and lets lines and names be any script', () => {
    const system = read('τ = 2\r\ndх_1 = -(х_1\n  + 0)/τ; х_1(0) = 1\r\nt = 0..1 # end');
    expect(system.states).toEqual(['х_1']);
    expect(derivativeAt(system, 0, [1])).toEqual([-0.5]);
  });

  it('takes other values', () => {
    const source = { name: 'a.ode', text: 'k = 1; j = 2*k; dx = -j*x; x(0) = 1; t = 0 .. 1' };
    const system = readSystem(source, { parameters: new Map([['k', 3]]), initial: new Map([['x', 5]]), span: [1, 2] });
    expect([system.constants.get('j'), system.initial, system.span]).toEqual([6, [5], [1, 2]]);
    expect(readSystem({ ...source, text: 'dx = -x; t = 0 .. 1' }, { initial: new Map([['x', 5]]) }).initial).toEqual([
      5,
    ]);
    const wrong = () => readSystem(source, { parameters: new Map([['kk', 3]]) });
    expect(wrong).toThrow(
      'solve: --param kk=…: the file has no kk to set; expected a name that the file defines: k, j.',
    );
    expect(() => readSystem(source, { initial: new Map([['y', 3]]) })).toThrow('expected a state: x');
  });

  it.each([
    ['dx = s*(y-x) *' + rest, 'line 1, column 15: found the end of the line; expected a number, a name, “if”, or “(”.'],
    ['\n  dx = 2x' + rest, 'line 2, column 9: found “x”; expected an operator or the end of the line.'],
    ['dx = (1 + 2' + rest, 'line 1, column 6: found “(” without its “)”; expected both.'],
    ['dx = 1)' + rest, 'line 1, column 7: found “)”; expected an operator or the end of the line'],
    ['dx = a $ b' + rest, 'line 1, column 8: found “$”'],
    ['dx == 1' + rest, 'line 1, column 4: found “=”; expected “=”'],
    [
      'dx = lamda*x; lambda = 2' + rest,
      'line 1, column 6: “lamda” is not known; expected one of t, x, pi, e, lambda. Did you mean lambda?',
    ],
    ['dx = sine(x)' + rest, 'column 6: there is no function “sine”; expected one of sin, cos'],
    ['dx = sin' + rest, 'column 6: the function “sin” has no arguments; expected sin(…).'],
    ['dx = atan2(x)' + rest, 'column 6: “atan2” has 1 arguments; expected 2.'],
    ['dx = if(x, 1, 2)' + rest, 'expected a comparison.'],
    [
      'dx = y; dy = x' + rest,
      'column 6: “y” is not known; expected one of t, x, dy, pi, e. dy = … is an equation once y has an initial value: y(0) = 1.',
    ],
    [
      'dx = 1; x(0) = y; y(0) = 1; dy = x; t = 0 .. 1',
      'column 16: “y” changes in time; expected numbers and constants here.',
    ],
    ["x' = 1; t = 0 .. 1", 'column 1: “x” has no initial value; expected x(0) = …, or --y0 x=….'],
    ['x(0) = 1; t = 0 .. 1', 'column 1: “x” has an initial value, and no line says how it changes; expected dx = ….'],
    ['dx = 1; x(0) = 1', 'the text gives no time span; expected t = 0 .. 10, or --span 0,10.'],
    ['dx = 1; x(0) = 1; t = 2 .. 2', 'column 19: the time span begins and ends at 2; expected two times.'],
    [
      'dx = 1; x(1) = 1; t = 0 .. 1',
      'column 11: x is given at t = 1, and the time span begins at 0; expected x(0) = ….',
    ],
    ['a = b; b = c + 1; c = a; dx = a' + rest, 'column 1: definitions use each other in a circle: a → b → c → a'],
    ['a = 1/0; dx = a' + rest, 'column 5: “a” is Infinity; expected a finite number.'],
    ['a = 1; dx = 1\na = 2' + rest, 'line 2, column 1: “a” has a line already, line 1; expected one.'],
    ["dx = 1; x' = 2" + rest, 'column 9: “x” has a line already, line 1'],
    ['sin = 1; dx = 1' + rest, 'column 1: “sin” is a function; expected another name.'],
    ["t' = 1" + rest, 'column 1: “t” is the time'],
    [
      '',
      'a.ode, line 1, column 1: there is no differential equation here; expected a line such as dx = -x with x(0) = 1.',
    ],
    [
      'dx = 1; t = 0 .. 1',
      'column 1: there is no differential equation here; expected a line such as dx = -x with x(0) = 1. dx = … is one once x has an initial value: x(0) = 1.',
    ],
  ])('refuses %j', (text, message) => expect(refusal(text)).toContain(message));

  it('has bounds', () => {
    expect(refusal(`dx = ${'('.repeat(101)}x${')'.repeat(101)}${rest}`)).toContain(
      '101 brackets within each other; expected at most 100',
    );
    expect(refusal(`# ${'x'.repeat(70_000)}`)).toContain('the text has 70002 characters; expected at most 65536');
    expect(refusal(`dx = x${' + x'.repeat(6_000)}${rest}`)).toContain(
      'a statement of 24006 characters; expected at most 20000',
    );
    expect(read(`dx = ${'('.repeat(99)}x${')'.repeat(99)}${rest}`).states).toEqual(['x']);
  });

  it('reads long lines at once', { timeout: 20_000 }, () => {
    const long = read(`dx = ${'x + '.repeat(2_000)}1${rest}`);
    expect(derivativeAt(long, 0, [1])).toEqual([2_001]);
    expect(derivativeAt(read(`dx = ${'-'.repeat(5_001)}x${rest}`), 0, [1])).toEqual([-1]);
    expect(derivativeAt(read(`dx = x${'^1'.repeat(1_000)}${rest}`), 0, [2])).toEqual([2]);
    const names = Array.from({ length: 1000 }, (_, i) => `a${i} = a${i + 1}`).join('\n');
    expect(read(`${names}\na1000 = 7\ndx = a0${rest}`).constants.get('a0')).toBe(7);
  });

  it('refuses any other text with a typed error', () => {
    const word = fc.constantFrom(
      'dx',
      'x',
      't',
      '=',
      '(0)',
      '..',
      '1',
      '1e',
      "'",
      '+',
      '-',
      '^',
      '(',
      ')',
      ',',
      ';',
      '\n',
      'if',
      'stop',
      'when',
      'and',
      '<',
      'sin',
      'y',
      '#',
      '/dt',
      '__proto__',
      'constructor',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(word, { maxLength: 25 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (any) => {
        try {
          read(any);
        } catch (error) {
          expect(error).toBeInstanceOf(NodeOdeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
