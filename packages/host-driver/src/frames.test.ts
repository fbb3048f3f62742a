/** Runs of one program after each other and at once: each begins with registers as they were at first. */
import { array, compile, cond, constant, scan, tensorType, whileLoop, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { HostResult } from './backend/program.ts';
import { nextTask } from './run/next-task.ts';
import { fakeBackend, fakeDevice, free, type FakeValue } from '../test/fake-device.ts';

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
    await nextTask();
    expect(device.log.live).toBe(0);
  });

  it('count the same memory each time', async () => {
    const device = fakeDevice({ waits });
    const inputs = [array([1, -1], { dtype: 'f32' }), array(3, { dtype: 'i32' })] as const;
    const compiled = await device.compile(compile(fakeBackend(), program).graph(...inputs));
    const values = inputs.map((input) => device.toValue(input));
    const peaks: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      free(await compiled.run(values));
      peaks.push(compiled.counters?.()?.peakBytes);
    }
    expect(peaks[0]).toBeGreaterThan(0);
    expect(new Set(peaks).size).toBe(1);
  });
});

/** x·h·2h·4h …, up to 1, and how many factors: they are the host's, as it decides by them. */
const product = (x: Tensor, h: Tensor): readonly Tensor[] => {
  const { carry } = whileLoop(
    { x, h, n: constant(0, [], 'i32') },
    (c) => c.h.less(1),
    (c) => ({ carry: { x: c.x.mul(c.h), h: c.h.mul(2), n: c.n.add(1) } }),
  );
  return [carry.x, carry.n];
};

describe('what the host has put on the device', () => {
  const x = array([1, -1], { dtype: 'f32' });
  const expected = (h: number): readonly (readonly number[])[] => {
    let [factor, n] = [1, 0];
    for (; h < 1; h *= 2) [factor, n] = [factor * h, n + 1];
    return [[factor, -factor], [n]];
  };

  it.each([
    ['waits', { waits: true }, [3, 2, 3]],
    ['does not wait', { waits: false }, [3, 2, 3]],
    ['overwrites', { waits: false, overwrites: true }, [1, 0, 0]],
  ])('stays for the next run, on a device that %s', async (_, options, factors) => {
    const device = fakeDevice(options);
    const program = await device.compile(compile(fakeBackend(), product).graph(x, array(0.125)));
    const given = device.toValue(x);
    const found: (readonly number[])[] = [];
    const uploads: number[] = [];
    const steps = [0.125, 0.25, 0.125];
    for (const h of steps) {
      const step = device.toValue(array(h));
      const before = device.log.uploads;
      const [scaled, n] = await program.run([given, step]);
      uploads.push(device.log.uploads - before);
      const data = await device.toHost(scaled as FakeValue, tensorType([2], 'f32'));
      found.push(Array.from(data), Array.from((n as HostResult<FakeValue>).elements));
      free([scaled!, step]);
    }
    // The factors, where they are not written over each other; how many there are never gets there.
    expect(uploads).toEqual(factors);
    expect(found).toEqual(steps.flatMap(expected));
    // What was given, and a factor.
    expect(device.log.live).toBe(2);
    await program.dispose();
    expect(device.log.live).toBe(1);
  });

  it('stays where a branch gives it for a result', async () => {
    const device = fakeDevice({ waits: false, overwrites: true });
    const program = await device.compile(
      compile(fakeBackend(), (z: Tensor, h: Tensor) => {
        // A branch gives a number of the host's or one of the device's: it is on the device then.
        const doubled = h.mul(2);
        const chosen = cond(
          doubled.less(1),
          z,
          () => doubled,
          (c) => c.sum(),
        );
        return [chosen, z.mul(doubled)];
      }).graph(x, array(0)),
    );
    const given = device.toValue(x);
    const found: number[] = [];
    for (const h of [0.125, 0.25, 4, 0.125]) {
      const step = device.toValue(array(h));
      const [chosen, scaled] = await program.run([given, step]);
      const data = chosen instanceof HostResult ? chosen.elements : await device.toHost(chosen!, tensorType([], 'f32'));
      found.push(data[0]!);
      free([chosen!, scaled!, step]);
      // What was given, and the number.
      expect(device.log.live).toBe(2);
    }
    expect(found).toEqual([0.25, 0.5, 0, 0.25]);
    free([given]);
    await program.dispose();
    expect(device.log.live).toBe(0);
  });

  it('is not put there again while it stays the same', async () => {
    const device = fakeDevice();
    const scaled = compile(fakeBackend(), (z: Tensor, h: Tensor) => {
      const { carry } = whileLoop(
        [z],
        ([c]) => c!.sum().less(h),
        ([c]) => ({ carry: [c!.mul(h.mul(2))] }),
      );
      return carry[0]!;
    });
    const program = await device.compile(scaled.graph(x, array(0)));
    const [given, h] = [device.toValue(array([1, 1], { dtype: 'f32' })), device.toValue(array(16))];
    const uploads: number[] = [];
    for (let run = 0; run < 3; run++) {
      const before = device.log.uploads;
      free(await program.run([given, h]));
      uploads.push(device.log.uploads - before);
    }
    expect(uploads).toEqual([1, 0, 0]);
    await program.dispose();
    expect(device.log.live).toBe(2);
  });

  it('goes with the program after runs at once', async () => {
    const device = fakeDevice();
    const program = await device.compile(compile(fakeBackend(), product).graph(x, array(0.125)));
    const inputs = [device.toValue(x), device.toValue(array(0.125))];
    const runs = await Promise.all([1, 2, 3].map(() => program.run(inputs)));
    free(runs.flat());
    await program.dispose();
    expect(device.log.live).toBe(inputs.length);
  });
});
