/** Runs that end early: by an error of the device at any moment, or by a signal. Nothing is left on the device. */
import { array, compile, constant, whileLoop, type Graph, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeDevice, free, type Act } from '../test/fake-device.ts';
import { trainingStep } from '../test/solves.ts';

const gradients = [
  ['adjoint', adjoint(), true],
  ['adjoint', adjoint(), false],
  ['backprop', backprop(), true],
  ['backprop', backprop(), false],
] as const;

describe.each(gradients)('a training step with %s that fails', (_, gradient, waits) => {
  it.each<[Act, number]>([
    ['run', 20],
    ['upload', 20],
    ['read', 1],
  ])(`leaves nothing behind, at whichever ${waits ? 'awaited ' : ''}%s`, async (act, least) => {
    const device = fakeDevice({ waits });
    const { graph, inputs } = trainingStep(gradient);
    const given = inputs.map((input) => device.toValue(input));
    let acts = 0;
    let failAt = Infinity;
    device.before = (what) => {
      if (what === act && ++acts === failAt) throw new Error('the device was lost');
    };
    const program = await device.compile(graph);
    const outputs = await program.run(given);
    const all = acts;
    expect(all).toBeGreaterThanOrEqual(least);
    free(outputs, given);
    const kept = device.log.live;
    for (failAt = 1; failAt <= all; failAt++) {
      acts = 0;
      await expect(program.run(given)).rejects.toThrow('the device was lost');
      expect(device.log.live, `after ${act} ${failAt} of ${all}`).toBe(given.length);
    }
    // It is as good as before.
    failAt = Infinity;
    const again = await program.run(given);
    free(again, given);
    expect(device.log.live).toBe(kept);
    await program.dispose();
    expect([device.log.live, device.log.loaded]).toEqual([given.length, 0]);
  });

  it('leaves no segment behind that it loaded', async () => {
    const device = fakeDevice({ waits });
    const { graph } = trainingStep(gradient);
    let acts = 0;
    let failAt = Infinity;
    device.before = () => {
      if (++acts === failAt) throw new Error('the device was lost');
    };
    await (await device.compile(graph)).dispose();
    for (const all = acts; (failAt = failAt === Infinity ? 1 : failAt + 1) <= all;) {
      acts = 0;
      await expect(device.compile(graph)).rejects.toThrow('the device was lost');
      expect(device.log.loaded).toBe(0);
    }
  });

  it('throws the reason of the signal within an iteration', async () => {
    const device = fakeDevice({ waits });
    const { graph, inputs } = trainingStep(gradient);
    const given = inputs.map((input) => device.toValue(input));
    const program = await device.compile(graph);
    let runs = 0;
    const abort = new AbortController();
    device.before = (act) => {
      if (act === 'run' && ++runs === 4) abort.abort(new Error('enough'));
    };
    await expect(program.run(given, abort.signal)).rejects.toThrow('enough');
    expect(runs).toBeLessThanOrEqual(5);
    expect(device.log.live).toBe(given.length);
    await expect(program.run(given, abort.signal)).rejects.toThrow('enough');
    expect(runs).toBeLessThanOrEqual(5);
  });
});

describe.each([
  ['a device that need not be waited for', false],
  ['a device whose promises are kept at once', true],
])('a long loop on %s', (_, waits) => {
  /** A loop of so many iterations. */
  const times =
    (n: number, step: (x: Tensor) => Tensor) =>
    (x: Tensor): Tensor =>
      whileLoop(
        { i: constant(0, [], 'i32'), x },
        ({ i }) => i.less(n),
        (c) => ({ carry: { i: c.i.add(1), x: step(c.x) } }),
      ).carry.x;
  const long = times(2e6, (x) => x.sin());
  const nested = times(
    2e3,
    times(1e3, (x) => x.sin()),
  );

  it.each([
    ['alone', long],
    ['in a loop', nested],
  ])('lets timers run, and ends when one aborts it (%s)', async (__, fn) => {
    const device = fakeDevice({ waits });
    const graph: Graph = compile(fakeBackend(), fn).graph(array([1, 2]));
    const program = await device.compile(graph);
    const x = device.toValue(array([1, 2]));
    const abort = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    setTimeout(() => {
      abort.abort(new Error('enough'));
    }, 150);
    const since = performance.now();
    await expect(program.run([x], abort.signal)).rejects.toThrow('enough');
    clearInterval(timer);
    expect(performance.now() - since).toBeLessThan(5000);
    expect(ticks).toBeGreaterThan(1);
    expect(device.log.runs).toBeGreaterThan(10);
    expect(device.log.live).toBe(1);
  });
});
