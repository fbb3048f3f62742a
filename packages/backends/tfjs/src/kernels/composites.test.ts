import { describe, expect, it } from 'vitest';
import { normal, scalar, testComposites } from '../../test/composite-checks.ts';
import { lowered, singleNode } from '../../test/lowered.ts';
import { backendNames } from '../../test/runtimes.ts';

const kernelsOf = async (...[graph, name, has]: Parameters<typeof lowered>): Promise<readonly string[]> =>
  (await lowered(graph, name, has)).builder.calls.map(({ kernel }) => kernel);

describe.each(backendNames)('on %s', (name) => {
  testComposites(name);

  it('sums a stage, and has its error norm, in one kernel', async () => {
    const coefficients = [1, 0.1, 0.2, 0.3, 0.4];
    const args = [...coefficients.map(() => scalar(1)), ...coefficients.map(() => normal([20, 2]))];
    expect(await kernelsOf(singleNode('linearCombination', { coefficients }, args), name)).toEqual([
      'NodeOdeWeightedSum',
    ]);
    const norm = [normal([9]), normal([9]), normal([9]), scalar(1), scalar(1)];
    expect(await kernelsOf(singleNode('errorNorm', {}, norm), name)).toEqual(['NodeOdeErrorNorm']);
  });

  it('tells whether all leaves are finite in one kernel', async () => {
    const leaves = [normal([20, 2]), normal([]), normal([0, 3]), normal([7])];
    expect(await kernelsOf(singleNode('allFinite', {}, leaves), name)).toEqual(['NodeOdeAllFinite']);
    expect(await kernelsOf(singleNode('allFinite', {}, [normal([0])]), name)).toEqual([]);
  });
});
