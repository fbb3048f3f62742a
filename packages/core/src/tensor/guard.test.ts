import { describe, expect, it } from 'vitest';
import { evaluate, refusal } from '../../test/support.ts';
import { constant, isTensor, type Tensor } from './tensor.ts';

/** A tensor as careless JavaScript sees it. */
const careless = (x: Tensor): number => x as unknown as number;

const message =
  'TraceError: Tensor: f64[] was used as a JavaScript number or in a JavaScript condition; expected tensor operations: ' +
  'its elements exist only when the graph runs. Use .add, .mul, .less … for arithmetic and comparisons, ' +
  'select(condition, a, b) to choose between values and cond to choose what is computed.';

describe('a tensor as a JavaScript value', () => {
  it.each<readonly [string, (x: number) => unknown]>([
    ['x + 1', (x) => x + 1],
    ['1 - x', (x) => 1 - x],
    ['+x', (x) => +x],
    ['-x', (x) => -x],
    ['x ** 2', (x) => x ** 2],
    ['x < 1', (x) => x < 1],
    ['x >= 1', (x) => x >= 1],
    // eslint-disable-next-line eqeqeq -- loose equality is what is tested
    ['x == 1', (x) => (x as unknown) == 1],
    ['Math.max', (x) => Math.max(x, 0)],
    ["x + ''", (x) => x + ''],
  ])('%s throws and names select and cond', async (_, use) => {
    expect(await refusal(() => evaluate((x: Tensor) => constant(Number(use(careless(x)))), 1))).toBe(message);
  });

  it('if (x) alone can not be caught: every object is true in JavaScript', () => {
    const x = constant(false);
    expect(x ? 'taken' : 'not taken').toBe('taken');
  });

  it('prints its type in a template', () => {
    const x = constant(1, [2, 3], 'f64');
    expect(`${careless(x)}`).toBe('Tensor(f64[2,3])');
    expect(x.toString()).toBe('Tensor(f64[2,3])');
    expect([isTensor(x), isTensor(1), isTensor({ source: 1, type: 2 })]).toEqual([true, false, false]);
  });
});
