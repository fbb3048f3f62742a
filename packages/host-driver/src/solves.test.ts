/** Solves that are driven from the host: how often the device runs, what stays on it, and what happens when a run ends early. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  createOde,
  hostArray,
  matmul,
  random,
  valueAndGrad,
  type Graph,
  type GradientMethod,
  type HostArray,
  type RunStats,
  type Tensor,
  type TensorType,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeDevice, type FakeDevice } from '../test/fake-device.ts';

const draw = (scale: number, ...shape: number[]): HostArray => {
  const rng = random(7);
  const size = shape.reduce((a, b) => a * b, 1);
  return array(
    Float64Array.from({ length: size }, () => scale * rng.normal()),
    { shape, dtype: 'f32' },
  );
};

interface Params {
  readonly w: Tensor;
  readonly b: Tensor;
  readonly v: Tensor;
}

const params = { w: draw(2, 2, 8), b: draw(1, 8), v: draw(0.8, 8, 2) };
const y0 = draw(1, 5, 2);

/** A solve of y' = tanh(y·w + b)·v, or the gradient of its mean square. */
function programs(device: FakeDevice, gradient: GradientMethod, firstStep?: number) {
  const backend = fakeBackend(device);
  const ode = createOde({
    backend,
    solver: dopri5(),
    gradient,
    rtol: 1e-4,
    atol: 1e-6,
    ...(firstStep === undefined ? {} : { firstStep }),
  });
  const solve = (p: Params, start: Tensor, ts: Tensor): Tensor =>
    ode.odeint((_, y: Tensor) => matmul(matmul(y, p.w).add(p.b).tanh(), p.v), start, ts).ys;
  return {
    solve: ode.compile(solve),
    train: ode.compile((p: Params, start: Tensor, ts: Tensor) =>
      valueAndGrad((given: Params) => solve(given, start, ts).square().mean())(p),
    ),
  };
}

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

describe('results', () => {
  it.each([
    ['adjoint', adjoint()],
    ['backprop', backprop()],
  ])('of a training step with %s are those of the reference engine', async (_, gradient) => {
    const device = fakeDevice();
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

describe('memory', () => {
  it('does not grow with the number of steps', async () => {
    const peaks: number[] = [];
    const values: number[] = [];
    for (const end of [1, 8]) {
      const device = fakeDevice();
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
      const device = fakeDevice();
      const { train } = programs(device, backprop());
      const { result, stats } = await train.run(params, y0, array([0, end]));
      [result.value, ...Object.values(result.grad)].forEach((x) => {
        x.dispose();
      });
      train.dispose();
      expect(device.log.live).toBe(0);
      return { bytes: stats.counters!.peakBytes, entries: stats.counters!.tapeEntries };
    };
    const [short, long] = [await measure(1), await measure(8)];
    // Of each step: the state and its derivative, [5, 2] in f32.
    expect((long.bytes - short.bytes) / (long.entries - short.entries)).toBeLessThanOrEqual(2 * 5 * 2 * 4);
  });
});

/** A graph of a training step, with values for its inputs. */
async function trainingStep(device: FakeDevice, gradient: GradientMethod) {
  const { train } = programs(device, gradient);
  const graph: Graph = train.graph(params, y0, array([0, 1, 2]));
  const rng = random(3);
  const inputs = graph.inputs.map(({ type }) => {
    const { shape, dtype } = type as TensorType;
    const size = shape.reduce((a, b) => a * b, 1);
    const isTimes = shape.length === 1 && size === 3;
    const data = Float32Array.from({ length: size }, (_, i) => (isTimes ? i : rng.normal()));
    return device.toValue(hostArray(data, shape, dtype));
  });
  return { graph, inputs };
}

describe('a run that ends early', () => {
  it.each([
    ['adjoint', adjoint()],
    ['backprop', backprop()],
  ])('leaves nothing behind, wherever it fails (%s)', async (_, gradient) => {
    const device = fakeDevice();
    const { graph, inputs } = await trainingStep(device, gradient);
    let runs = 0;
    let failAt = Infinity;
    const program = await device.compile(graph, () => {
      if (++runs === failAt) throw new Error('the device was lost');
    });
    const outputs = await program.run(inputs);
    const all = runs;
    for (const output of new Set(outputs)) if (!inputs.includes(output)) output.dispose();
    expect(device.log.live).toBe(inputs.length);
    for (failAt = 1; failAt <= all; failAt++) {
      runs = 0;
      await expect(program.run(inputs)).rejects.toThrow('the device was lost');
      expect(device.log.live, `after run ${failAt} of ${all}`).toBe(inputs.length);
    }
  });

  it('throws the reason of the signal within an iteration', async () => {
    const device = fakeDevice();
    const { graph, inputs } = await trainingStep(device, backprop());
    const abort = new AbortController();
    let runs = 0;
    const program = await device.compile(graph, () => {
      if (++runs === 4) abort.abort(new Error('enough'));
    });
    await expect(program.run(inputs, abort.signal)).rejects.toThrow('enough');
    expect(runs).toBeLessThanOrEqual(5);
    expect(device.log.live).toBe(inputs.length);
    await expect(program.run(inputs, abort.signal)).rejects.toThrow('enough');
    expect(runs).toBeLessThanOrEqual(5);
  });
});
