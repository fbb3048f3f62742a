import { describe, expect, it } from 'vitest';
import { lynxHareProblem, toPelts, toState } from './problem.ts';

const problem = lynxHareProblem();

describe('the lynx–hare problem', () => {
  it('holds out the last four years', () => {
    expect([problem.trainYears[0], problem.trainYears.at(-1), problem.testYears]).toEqual([
      1900,
      1916,
      [1917, 1918, 1919, 1920],
    ]);
    expect(problem.train.length).toBe(17);
    expect(problem.train[0]?.map((x) => x.toFixed(1))).toEqual(['30.0', '4.0']);
    expect(problem.test.at(-1)?.map((x) => x.toFixed(1))).toEqual(['24.7', '8.6']);
  });

  it('scales logarithms to mean 0 and deviation 1 over the years to train on, and them alone', () => {
    const { data } = toState(problem, problem.train);
    for (const k of [0, 1]) {
      const column = Array.from(data).filter((_, i) => i % 2 === k);
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(variance).toBeCloseTo(1, 5);
    }
  });

  it('comes back from states to pelts', () => {
    const back = toPelts(problem, toState(problem, problem.test));
    problem.test.forEach((row, i) => row.forEach((x, k) => expect(back[i]?.[k]).toBeCloseTo(x, 4)));
  });
});
