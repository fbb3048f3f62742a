/** Sums of many elements on the backends that run anywhere. */
import { array, compile, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { backendNames, engine } from '../../test/engines.ts';
import { checkSums } from '../../test/sum-checks.ts';

describe.each(backendNames)('on %s', (name) => {
  checkSums(() => engine(name), 'own');

  it.each([false, true])('a running sum keeps its digits (reverse: %s)', async (reverse) => {
    const backend = await engine(name);
    const x = array(new Float32Array(2 * 65536 * 3).fill(1.1), { shape: [2, 65536, 3] });
    const { data } = await (await compile(backend, (v: Tensor) => v.cumsum(1, { reverse }))(x)).read();
    data.forEach((y, i) => {
      const row = Math.floor(i / 3) % 65536;
      const exact = (reverse ? 65536 - row : row + 1) * Math.fround(1.1);
      if (y !== Math.fround(exact)) expect.fail(`element ${i} is ${y}, not ${exact}`);
    });
    await backend.dispose();
  });

  it('what is rounded to zero keeps its sign', async () => {
    const backend = await engine(name);
    const { data } = await (await compile(backend, (v: Tensor) => v.round())(array([-0.5, -0.2, 0.5, -1.5]))).read();
    expect(Array.from(data)).toEqual([-0, -0, 0, -2]);
    await backend.dispose();
  });
});
