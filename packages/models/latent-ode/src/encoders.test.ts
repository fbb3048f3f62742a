import { reference } from '@node-ode/backend-reference';
import {
  array,
  asTensor,
  asTensors,
  concat,
  createOde,
  grad,
  OptionError,
  random,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { gruCell, linear, lstmCell, mlp, rnnCell } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { checkGradient, expectClose, f64, run, someSeries, type HostSeries } from '../test/harness.ts';
import type { Encoder } from './encoder.ts';
import { odeRnnEncoder } from './ode-rnn-encoder.ts';
import { recurrentEncoder } from './recurrent-encoder.ts';
import type { SeriesBatch } from './series.ts';

const dtype = 'f64';
const backend = reference();
const byEuler = createOde({ backend, solver: euler(), h: 0.25, dtype });
const [dimensions, hidden] = [2, 3];
const dynamics = mlp({ sizes: [3, 4, 3], dtype });

/** An encoder with parameters: what series tell. */
const ready = <P>(encoder: Encoder<P>) => {
  const params = encoder.init(random(3));
  return {
    encoder,
    encode: (series: HostSeries, t0: HostArray): Promise<HostArray> =>
      run((s: SeriesBatch, t: Tensor) => encoder.apply(asTensors(params), s, t), [series, t0]),
    check: ({ t, y, mask }: HostSeries): Promise<void> =>
      checkGradient(
        (x: TensorsOf<{ params: P; y: HostArray }>) =>
          encoder
            .apply(x.params, { t: asTensor(t), y: x.y, mask: asTensor(mask) }, asTensor(f64(0)))
            .square()
            .sum(),
        { params, y },
        { tolerance: 1e-9 },
      ),
  };
};

/** Rows of [samples, times, features], by sample. */
const shapeOf = (x: HostArray): readonly [number, number, number] => [
  x.shape[0] ?? 0,
  x.shape[1] ?? 0,
  x.shape[2] ?? 0,
];

/** The array with each value replaced. */
const mapped = (x: HostArray, fn: (value: number, i: number) => number): HostArray =>
  array(Array.from(x.data, fn), { shape: x.shape, dtype });

/** The batch with `extra` times, at which nothing is observed, before the k-th. */
function padded({ t, y, mask }: HostSeries, k: number, extra: readonly number[]): HostSeries {
  const insert = (x: HostArray, value: number): HostArray => {
    const [samples, times, features] = shapeOf(x);
    const rows = Array.from({ length: samples }, (_, i) => {
      const own = Array.from(x.data.slice(i * times * features, (i + 1) * times * features));
      const fill = new Array<number>(extra.length * features).fill(value);
      return [...own.slice(0, k * features), ...fill, ...own.slice(k * features)];
    });
    return array(rows.flat(), { shape: [samples, times + extra.length, features], dtype });
  };
  const ts = Array.from(t.data);
  return { t: f64([...ts.slice(0, k), ...extra, ...ts.slice(k)]), y: insert(y, NaN), mask: insert(mask, 0) };
}

describe.each([
  ['a GRU', ready(recurrentEncoder({ dimensions, hidden, cell: gruCell, dtype }))],
  ['an LSTM', ready(recurrentEncoder({ dimensions, hidden, cell: lstmCell, dtype }))],
  ['an ODE-RNN', ready(odeRnnEncoder({ dimensions, hidden, cell: gruCell, dynamics, ode: byEuler, dtype }))],
])('%s', (_, { encoder, encode, check }) => {
  const series = someSeries(4, 6);
  const t0 = f64(0.05);

  it('gives features for each series', async () => {
    const features = await encode(series, t0);
    expect(features.shape).toEqual([4, encoder.features]);
    expect(new Set(features.data).size).toBe(12);
  });

  it('never sees what is not observed', async () => {
    const before = await encode(series, t0);
    for (const hole of [NaN, 1e6]) {
      const y = mapped(series.y, (value, i) => (series.mask.data[i] === 1 ? value : hole));
      expect((await encode({ ...series, y }, t0)).data).toEqual(before.data);
    }
    const seen = series.mask.data.indexOf(1);
    const y = mapped(series.y, (value, i) => (i === seen ? value + 1 : value));
    expect((await encode({ ...series, y }, t0)).data).not.toEqual(before.data);
    const isObserved = array(
      Array.from(series.mask.data, (m) => m === 1),
      { shape: series.mask.shape },
    );
    expect((await encode({ ...series, mask: isObserved }, t0)).data).toEqual(before.data);
  });

  it('never sees times without observations, wherever they are', async () => {
    const before = await encode(series, t0);
    const ts = series.t.data;
    const last = ts.at(-1)!;
    expectClose((await encode(padded(series, 6, [last + 1, last + 2]), t0)).data, before.data, 1e-15);
    expectClose((await encode(padded(series, 0, [0.06]), t0)).data, before.data, 1e-15);
    const middle = (ts[2]! + ts[3]!) / 2;
    expectClose((await encode(padded(series, 3, [middle]), t0)).data, before.data, 1e-15);
  });

  it('sees each series alone, whatever the order, with times of all or of its own', async () => {
    const before = await encode(series, t0);
    const order = [2, 0, 3, 1];
    const reordered = (x: HostArray): HostArray => {
      const [, times, features] = shapeOf(x);
      const rows = order.flatMap((i) => Array.from(x.data.slice(i * times * features, (i + 1) * times * features)));
      return array(rows, { shape: x.shape, dtype });
    };
    const times = f64(order.map(() => Array.from(series.t.data)));
    const batch = { t: times, y: reordered(series.y), mask: reordered(series.mask) };
    const after = await encode(batch, f64([0.05, 0.05, 0.05, 0.05]));
    const expected = order.flatMap((i) => Array.from(before.data.slice(3 * i, 3 * i + 3)));
    expectClose(after.data, expected, 1e-15);
  });

  it('depends on when t0 is, and on the gaps between observations', async () => {
    const before = await encode(series, t0);
    expect((await encode(series, f64(-0.5))).data).not.toEqual(before.data);
    const shifted = { ...series, t: mapped(series.t, (t) => t + 1) };
    expectClose((await encode(shifted, f64(1.05))).data, before.data, 1e-12);
    const slower = { ...series, t: mapped(series.t, (t) => 2 * t) };
    expect((await encode(slower, t0)).data).not.toEqual(before.data);
  });

  it('has the gradients that differences give', async () => {
    await check(someSeries(2, 4, { seed: 11 }));
  });
});

it('a recurrent encoder sees values, masks, gaps and times since t₀, from the last observation to the first', async () => {
  const encoder = recurrentEncoder({ dimensions, hidden, cell: rnnCell, dtype });
  const params = encoder.init(random(6));
  const y = f64([[[1, 2], [9, 9], [-0.5, 0.3], [0.7, -1]]]); // prettier-ignore
  const series = { t: f64([0.4, 0.6, 1, 1.7]), y, mask: f64([[[1, 1], [0, 0], [1, 0], [1, 1]]]) }; // prettier-ignore
  const actual = await run(
    (p: TensorsOf<typeof params>, s: SeriesBatch, t0: Tensor) => encoder.apply(p, s, t0),
    [params, series, f64(0.1)],
  );
  const byHand = await run(
    (p: TensorsOf<typeof params>) => {
      const cell = rnnCell(2 * dimensions + 2, hidden, { dtype });
      const inputs = [
        [0.7, -1, 1, 1, 0, 1.6],
        [-0.5, 0, 1, 0, 0.7, 0.9],
        [1, 2, 1, 1, 0.6, 0.3],
      ];
      const start = asTensor(f64([[0, 0, 0]]));
      return inputs.reduce((state, input) => cell.apply(p, state, asTensor(f64([input]))), start);
    },
    [params],
  );
  expectClose(actual.data, byHand.data, 1e-14);
});

describe('the ODE-RNN', () => {
  const cell = rnnCell;
  /** dh/dt = −h/2, whose flow is known. */
  const decay = { ...linear(hidden, hidden, { bias: false, dtype }), init: () => ({ weight: f64(diagonal(-0.5)) }) };
  const tight = createOde({ backend, solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype });

  it.each([
    ['backprop', tight],
    ['adjoint', tight.with({ gradient: adjoint() })],
  ])('moves the state between observations as the flow does, by %s too', async (_, ode) => {
    const encoder = odeRnnEncoder({ dimensions, hidden, cell, dynamics: decay, ode, dtype });
    const params = encoder.init(random(5));
    const times = [0.4, 1, 1.7];
    const y = f64([[[1, 2], [-0.5, 0.3], [0.7, -1]]]); // prettier-ignore
    const series = { t: f64(times), y, mask: f64([[[1, 1], [1, 0], [1, 1]]]) }; // prettier-ignore
    const encode = (p: TensorsOf<typeof params>, s: SeriesBatch, t0: Tensor): Tensor => encoder.apply(p, s, t0);
    const actual = await run(encode, [params, series, f64(0.1)]);
    // Algorithm 1 of the paper, written out
    const byHand = (p: TensorsOf<typeof params>, s: SeriesBatch): Tensor => {
      const inner = cell(2 * dimensions, hidden, { dtype });
      let state = inner.initialState(asTensor(f64([[0, 0, 0, 0]])));
      for (const k of [2, 1, 0]) {
        const values = concat([s.y.mul(s.mask).transpose([1, 0, 2]).at(k), s.mask.transpose([1, 0, 2]).at(k)], 1);
        state = inner.apply(p.cell, state, values).mul(Math.exp((times[k]! - (times[k - 1] ?? 0.1)) / 2));
      }
      return state;
    };
    expectClose(actual.data, (await run(byHand, [params, series])).data, 1e-8);
    const [gradient, expected] = await Promise.all([
      run(
        (p: TensorsOf<typeof params>, s: SeriesBatch) =>
          grad((q: typeof p) => encode(q, s, asTensor(f64(0.1))).sum())(p).cell,
        [params, series],
      ),
      run(
        (p: TensorsOf<typeof params>, s: SeriesBatch) => grad((q: typeof p) => byHand(q, s).sum())(p).cell,
        [params, series],
      ),
    ]);
    expectClose(gradient.input.weight.data, expected.input.weight.data, 1e-7);
    expectClose(gradient.hidden.weight.data, expected.hidden.weight.data, 1e-7);
  });
});

describe('what does not fit', () => {
  const encoder = recurrentEncoder({ dimensions, hidden, cell: gruCell, dtype });
  const encode = (series: HostSeries): Promise<HostArray> => {
    const params = encoder.init(random(0));
    return run((s: SeriesBatch, t: Tensor) => encoder.apply(asTensors(params), s, t), [series, f64(0)]);
  };
  const good = someSeries(3, 4);

  it('is refused with the reason', async () => {
    expect(() => recurrentEncoder({ dimensions: 0, hidden, cell: gruCell })).toThrow(OptionError);
    expect(() => odeRnnEncoder({ dimensions: 1.5, hidden, cell: gruCell, dynamics, ode: byEuler })).toThrow(
      OptionError,
    );
    expect(() => recurrentEncoder({ dimensions, hidden: 0, cell: gruCell })).toThrow('hiddenFeatures is 0');
    await expect(encode({ ...good, y: f64([[1, 2]]) })).rejects.toThrow(
      'recurrentEncoder: series y f64[1,2]; expected [samples, times, 2], at least one of each.',
    );
    await expect(encode({ ...good, mask: f64([[1, 1, 0, 1]]) })).rejects.toThrow(
      'recurrentEncoder: a mask f64[1,4] for series y f64[3,4,2]; expected the same shape',
    );
    await expect(encode({ ...good, t: f64([0, 1, 2]) })).rejects.toThrow(
      'recurrentEncoder: times t f64[3] for series y f64[3,4,2]; expected [4] for all series, or [3, 4].',
    );
  });
});

const diagonal = (value: number): number[][] =>
  Array.from({ length: hidden }, (_, i) => Array.from({ length: hidden }, (__, j) => (i === j ? value : 0)));
