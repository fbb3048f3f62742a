import { describe, expect, it } from 'vitest';
import { evaluate, f64, trace } from '../../test/support.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { areFinite } from './verdict.ts';

const good = f64([[1, 2], [3, 4]]); // prettier-ignore
const bad = f64([[1, 2], [3, NaN]]); // prettier-ignore
const vector = f64([1, Infinity]);

describe('whether a step is finite', () => {
  it('is one question for all leaves', () => {
    const { nodes } = trace((x: Tensor, y: Tensor) => areFinite([x, y], 0), good, vector);
    expect(nodes.map(({ op }) => op)).toEqual(['allFinite']);
  });

  it('is one answer, or one for each sample', async () => {
    const asked = (lanes: number) => (x: Tensor, y: Tensor) => areFinite([x, y], lanes);
    expect(await evaluate(asked(0), good, f64([1, 2]))).toBe(true);
    expect(await evaluate(asked(0), good, vector)).toBe(false);
    expect(await evaluate(asked(0), bad, f64([1, 2]))).toBe(false);
    expect(await evaluate(asked(1), good, vector)).toEqual([true, false]);
    expect(await evaluate(asked(1), f64([[NaN, 2], [3, 4]]), f64([1, 2]))).toEqual([false, true]); // prettier-ignore
  });
});
