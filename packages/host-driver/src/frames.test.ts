/** Runs of one program after each other and at once: each begins with registers as they were at first. */
import { array, compile, scan, whileLoop, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeDevice } from '../test/fake-device.ts';

/** x·2ⁿ after n trips of a loop that the host counts, and the sums on the way: numbers, arrays, tapes and tensors. */
const program = (x: Tensor, trips: Tensor): readonly Tensor[] => {
  const doubled = whileLoop(
    [x, trips],
    ([, left]) => left!.greater(0),
    ([z, left]) => ({ carry: [z!.mul(2), left!.sub(1)] }),
  ).carry[0]!;
  const { outputs } = scan(doubled, [], (c) => ({ carry: c.add(1), output: c.at(0) }), { length: 3 });
  return [doubled, outputs];
};

describe.each([true, false])('runs of one program (promises: %s)', (waits) => {
  const expected = (n: number): readonly (readonly number[])[] => [
    [2 ** n, -(2 ** n)],
    [2 ** n, 2 ** n + 1, 2 ** n + 2],
  ];

  it('do not see each other', async () => {
    const device = fakeDevice({ waits });
    const compiled = compile(fakeBackend(device), program);
    const x = array([1, -1], { dtype: 'f32' });
    const run = async (n: number): Promise<readonly (readonly number[])[]> => {
      const outputs = await compiled(x, array(n, { dtype: 'i32' }));
      const read = await Promise.all(outputs.map((output) => output.read()));
      for (const output of outputs) output.dispose();
      return read.map(({ data }) => Array.from(data));
    };
    const counts = [3, 0, 7, 2];
    for (const n of counts) expect(await run(n)).toEqual(expected(n));
    expect(await Promise.all(counts.map(run))).toEqual(counts.map(expected));
    for (const n of counts) expect(await run(n)).toEqual(expected(n));
    compiled.dispose();
    expect(device.log.live).toBe(0);
  });

  it('count the same memory each time', async () => {
    const device = fakeDevice({ waits });
    const inputs = [array([1, -1], { dtype: 'f32' }), array(3, { dtype: 'i32' })] as const;
    const compiled = await device.compile(compile(fakeBackend(), program).graph(...inputs));
    const values = inputs.map((input) => device.toValue(input));
    const peaks: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      for (const output of await compiled.run(values)) output.dispose();
      peaks.push(compiled.counters?.()?.peakBytes);
    }
    expect(peaks[0]).toBeGreaterThan(0);
    expect(new Set(peaks).size).toBe(1);
  });
});
