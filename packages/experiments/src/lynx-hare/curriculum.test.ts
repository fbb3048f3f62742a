import { toNested } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { curriculum } from './curriculum.ts';
import { lynxHareProblem, toState } from './problem.ts';

const problem = lynxHareProblem();
const states = toNested(toState(problem, problem.train)) as number[][];

describe('the curriculum', () => {
  const at = curriculum(problem, 60);

  it('goes from three years to all of them', () => {
    const lengths = Array.from({ length: 60 }, (_, step) => (at(step).ts.shape[0] ?? 0) - 1);
    const runs = [...new Set(lengths)].map((length) => [length, lengths.indexOf(length)]);
    expect(runs).toEqual([
      [3, 0],
      [6, 10],
      [10, 20],
      [16, 30],
    ]);
  });

  it('begins a stretch at each year, and asks for what was observed after it', () => {
    const { y0, ts, target } = at(0);
    expect(toNested(ts)).toEqual([0, 1, 2, 3]);
    expect([y0?.shape, target.shape]).toEqual([
      [14, 2],
      [4, 14, 2],
    ]);
    const rows = toNested(target) as number[][][];
    for (let k = 0; k < 4; k++) for (let i = 0; i < 14; i++) expect(rows[k]?.[i]).toEqual(states[i + k]);
    expect(toNested(y0!)).toEqual(states.slice(0, 14));
  });

  it('ends with one trajectory that begins where the model says', () => {
    const { y0, target } = at(59);
    expect([y0, target.shape]).toEqual([undefined, [17, 1, 2]]);
    expect((toNested(target) as number[][][]).map(([row]) => row)).toEqual(states);
  });

  it('has a batch for each of very few steps', () => {
    const short = curriculum(problem, 1);
    expect(short(0).ts.shape).toEqual([4]);
  });
});
