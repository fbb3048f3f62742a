import { array, compile, type Tensor } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import { functions } from './functions.ts';
import { parseStatement } from './parse-statement.ts';
import type { Expression } from './syntax.ts';

const backend = reference();
const points = [-2.5, -1, -0.3, -1e-9, 0, 1e-9, 0.5, 1, 1.5, 3];

const expressionOf = (text: string): Expression => {
  const statement = parseStatement(`q = ${text}`, 0);
  if (statement.kind !== 'definition') throw new Error(JSON.stringify(statement));
  return statement.value;
};

/** The value of an expression of x and y, traced. */
const traced = async (text: string, x: number, y: number): Promise<number> => {
  const expression = expressionOf(text);
  const fn = compile(backend, (a: Tensor, b: Tensor) =>
    evaluate(
      expression,
      new Map<string, Tensor>([
        ['x', a],
        ['y', b],
      ]),
      'f64',
    ),
  );
  const result = await fn(array(x, { dtype: 'f64' }), array(y, { dtype: 'f64' }));
  return (await result.read()).data[0] ?? NaN;
};

const known = (text: string, x: number, y: number): unknown =>
  evaluate(
    expressionOf(text),
    new Map([
      ['x', x],
      ['y', y],
    ]),
    'f64',
  );

describe('functions', () => {
  it.each([...functions])('%s is the same of numbers and of tensors', async (name, { arity }) => {
    const text = arity === 1 ? `${name}(x)` : `${name}(x, y)`;
    for (const x of points) {
      for (const y of arity === 1 ? [0] : [-2, -0.5, 0.7, 3]) {
        const expected = Number(known(text, x, y));
        const found = await traced(text, x, y);
        if (!Number.isFinite(expected)) expect(found).toBe(expected);
        else expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-14 * Math.max(1e-2, Math.abs(expected)));
      }
    }
  });

  it.each([
    'x^2',
    'x^3',
    'x^4',
    'x^-1',
    'x^0',
    'x^1',
    'x^5',
    'x^-2',
    '2^x',
    'x - 1',
    '1 - x',
    '1/x',
    'x/2',
    '-x',
    'if(x < 1, x, 2)',
    'if(x == 1 or not y > 0, 1, x)',
  ])('%s is the same of numbers and of tensors', async (text) => {
    for (const x of points) {
      const expected = Number(known(text, x, 0.5));
      const found = await traced(text, x, 0.5);
      if (!Number.isFinite(expected)) expect(found).toBe(expected);
      else expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(expected)));
    }
  });
});
