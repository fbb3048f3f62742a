/** Solves that are driven from the host: how often the device runs, and what stays on it. */
import { reference } from '@node-ode/backend-reference';
import { array, createOde, matmul, valueAndGrad, type RunStats, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { nextTask } from './run/next-task.ts';
import { fakeDevice, type FakeDevice } from '../test/fake-device.ts';
import { params, programs, y0, type Params } from '../test/solves.ts';

async function solveOn(device: FakeDevice, ts: readonly number[], firstStep?: number): Promise<RunStats> {
  const { solve } = programs(device, backprop(), firstStep);
  const { result, stats } = await solve.run(params, y0, array(ts));
  result.dispose();
  solve.dispose();
  return stats;
}

describe('runs of the device', () => {
  it('are one for each step that is tried, one for each output, and one before', async () => {
    const device = fakeDevice();
    const { accepted, rejected } = await solveOn(device, [0, 0.3, 0.31, 1.7, 2]);
    expect(accepted).toBeGreaterThan(3);
    expect(device.log.runs).toBe(1 + accepted + rejected + 4);
    // Steps fetch what decides on them, the rest fetches nothing; the result is read once more.
    expect(device.log.fetched).toBe(1 + accepted + rejected);
  });

  it('are one for a rejected step too', async () => {
    const device = fakeDevice();
    const { accepted, rejected } = await solveOn(device, [0, 3], 3);
    expect(rejected).toBeGreaterThan(0);
    expect(device.log.runs).toBe(1 + accepted + rejected + 1);
  });

  it('are one for each step backwards, and one for each output', async () => {
    const device = fakeDevice();
    const { train } = programs(device, backprop());
    const { stats } = await train.run(params, y0, array([0, 1, 2]));
    const { accepted, rejected } = stats;
    expect(stats.counters?.tapeEntries).toBe(accepted);
    const forward = 1 + accepted + rejected + 2;
    // Before the reverse steps the loss, after them the first evaluation and the sum.
    expect(device.log.runs).toBe(forward + accepted + 2 + 2);
  });
});

describe.each([true, false])('results (waits: %s)', (waits) => {
  it.each([
    ['adjoint', adjoint()],
    ['backprop', backprop()],
  ])('of a training step with %s are those of the reference engine', async (_, gradient) => {
    const device = fakeDevice({ waits });
    const ts = array([0, 0.5, 1]);
    const { result, stats } = await programs(device, gradient).train.run(params, y0, ts);
    const oracle = createOde({ backend: reference(), solver: dopri5(), gradient, rtol: 1e-4, atol: 1e-6 });
    const expected = await oracle
      .compile((p: Params, start: Tensor, times: Tensor) =>
        valueAndGrad((given: Params) =>
          oracle
            .odeint((_t, y: Tensor) => matmul(matmul(y, given.w).add(given.b).tanh(), given.v), start, times)
            .ys.square()
            .mean(),
        )(p),
      )
      .run(params, y0, ts);
    expect(await result.value.read()).toEqual(await expected.result.value.read());
    for (const name of ['w', 'b', 'v'] as const) {
      expect(await result.grad[name].read(), name).toEqual(await expected.result.grad[name].read());
    }
    expect(stats.counters?.calls).toEqual(expected.stats.counters?.calls);
    expect(stats.counters?.tapeEntries).toBe(expected.stats.counters?.tapeEntries);
    expect([stats.nfe, stats.nfeBackward]).toEqual([expected.stats.nfe, expected.stats.nfeBackward]);
  });
});

describe.each([true, false])('memory (waits: %s)', (waits) => {
  it('does not grow with the number of steps', async () => {
    const peaks: number[] = [];
    const values: number[] = [];
    for (const end of [1, 8]) {
      const device = fakeDevice({ waits });
      const { accepted, counters } = await solveOn(device, [0, end]);
      expect(accepted).toBeGreaterThan(end === 1 ? 2 : 15);
      expect(device.log.live).toBe(0);
      peaks.push(counters!.peakBytes);
      values.push(device.log.mostLive);
    }
    expect(peaks[1]).toBe(peaks[0]);
    expect(values[1]).toBe(values[0]);
  });

  it('grows by one state for each step on a tape', async () => {
    const measure = async (end: number) => {
      const device = fakeDevice({ waits });
      const { train } = programs(device, backprop());
      const { result, stats } = await train.run(params, y0, array([0, end]));
      [result.value, ...Object.values(result.grad)].forEach((x) => {
        x.dispose();
      });
      train.dispose();
      await nextTask();
      expect(device.log.live).toBe(0);
      return { bytes: stats.counters!.peakBytes, entries: stats.counters!.tapeEntries };
    };
    const [short, long] = [await measure(1), await measure(8)];
    // Of each step: the state and its derivative, [5, 2] in f32.
    expect((long.bytes - short.bytes) / (long.entries - short.entries)).toBeLessThanOrEqual(2 * 5 * 2 * 4);
  });
});
