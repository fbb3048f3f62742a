import {
  array,
  asTensor,
  asTensors,
  concat,
  OptionError,
  random,
  ShapeError,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { gruCell, linear, lstmCell, mlp, rnnCell } from '@node-ode/nn';
import { describe, expect, it } from 'vitest';
import { checkGradient, expectClose, f64, run, someSeries, type HostSeries } from '../test/harness.ts';
import { gapRnn, type GapRnn, type GapRnnBatch, type GapRnnParams } from './gap-rnn.ts';
import type { SeriesBatch } from './series.ts';

const dtype = 'f64';
const [dimensions, hidden] = [2, 3];
const decoder = linear(hidden, dimensions, { dtype });
const model = gapRnn({ dimensions, hidden, cell: gruCell, decoder, sigma: 0.5, dtype });
const params = model.init(random(1));

const predict = (observed: HostSeries): Promise<HostArray> =>
  run((b: GapRnnBatch) => model.apply(asTensors(params), b), [{ observed }]);
const lossOf = async (batch: { observed: HostSeries; target?: HostSeries }): Promise<number> =>
  (await run((b: GapRnnBatch) => model.loss(asTensors(params), b), [batch])).data[0]!;

/** One series: observed in part, not at all, in whole. */
const times = [0.5, 0.9, 2];
const one: HostSeries = {
  t: f64(times),
  y: f64([[[1, 5], [7, 8], [0.3, -0.4]]]), // prettier-ignore
  mask: f64([[[1, 0], [0, 0], [1, 1]]]), // prettier-ignore
};

/** What the network makes of inputs [y ⊙ m, m, Δt], one after another: its predictions. */
const byHand = (inputs: readonly (readonly number[])[]): Promise<HostArray> =>
  run(
    (p: TensorsOf<typeof params>) => {
      const cell = gruCell(2 * dimensions + 1, hidden, { dtype });
      let state = asTensor(f64([[0, 0, 0]]));
      return concat(
        inputs.map((input) => {
          state = cell.apply(p.cell, state, asTensor(f64([input])));
          return decoder.apply(p.decoder, state);
        }),
      );
    },
    [params],
  );

describe('predictions', () => {
  it('come from the observation before, and the time since then', async () => {
    const predicted = await predict(one);
    const first = await byHand([[0, 0, 0, 0, 0]]);
    const second = await byHand([[0, 0, 0, 0, 0], [1, 0, 1, 0, times[1]! - times[0]!]]); // prettier-ignore
    const third = await byHand([[0, 0, 0, 0, 0], [1, 0, 1, 0, times[2]! - times[0]!]]); // prettier-ignore
    expect(predicted.shape).toEqual([1, 3, 2]);
    expectClose(predicted.data, [...first.data, ...second.data.slice(2), ...third.data.slice(2)], 1e-14);
  });

  it('go on behind the observations from what was predicted', async () => {
    const future = f64([2.5, 3.25]);
    const forecast = await run((s: SeriesBatch, t: Tensor) => model.forecast(asTensors(params), s, t), [one, future]);
    const start = [
      [0, 0, 0, 0, 0],
      [1, 0, 1, 0, 1.5],
      [0.3, -0.4, 1, 1, 0.5],
    ];
    const next = Array.from((await byHand(start)).data.slice(4));
    const last = Array.from((await byHand([...start, [...next, 1, 1, 0.75]])).data.slice(6));
    expect(forecast.shape).toEqual([1, 2, 2]);
    expectClose(forecast.data, [...next, ...last], 1e-14);
    // times of each series
    const each = await run(
      (s: SeriesBatch, t: Tensor) => model.forecast(asTensors(params), s, t),
      [one, f64([[2.5, 3.25]])],
    );
    expect(each.data).toEqual(forecast.data);
  });

  it('know nothing of what is not observed, nor of what comes later', async () => {
    const series = someSeries(3, 5);
    const before = await predict(series);
    const y = array(
      Array.from(series.y.data, (v, i) => (series.mask.data[i] === 1 ? v : NaN)),
      { shape: series.y.shape, dtype },
    );
    expect((await predict({ ...series, y })).data).toEqual(before.data);
    const changed = array(
      Array.from(series.y.data, (v, i) => (i % 10 >= 6 ? v + 1 : v)),
      { shape: series.y.shape, dtype },
    );
    const after = await predict({ ...series, y: changed });
    // Values at times 3 and 4 have changed: predictions for those up to 3 stay.
    const upTo = ({ data }: HostArray): number[] =>
      [0, 1, 2].flatMap((i) => Array.from(data.slice(10 * i, 10 * i + 8)));
    expect(upTo(after)).toEqual(upTo(before));
    expect(after.data).not.toEqual(before.data);
  });
});

describe('the loss', () => {
  it('is −log likelihood of the targets behind the first observation', async () => {
    const [, , , , ...third] = (await predict(one)).data;
    const log = (error: number): number => -0.5 * (error / 0.5) ** 2 - Math.log(0.5 * Math.sqrt(2 * Math.PI));
    expectClose([await lossOf({ observed: one })], [-(log(0.3 - third[0]!) + log(-0.4 - third[1]!))], 1e-12);
    // … or at times that the network has not seen
    const target = { ...one, mask: f64([[[1, 1], [0, 1], [0, 0]]]) }; // prettier-ignore
    const second = (await predict(one)).data[3]!;
    expectClose([await lossOf({ observed: one, target })], [-log(8 - second)], 1e-12);
  });

  const differences =
    <C, D>(of: GapRnn<C, D>) =>
    async (): Promise<void> => {
      const { t, y, mask } = someSeries(2, 4, { seed: 2 });
      const observed = (): SeriesBatch => ({ t: asTensor(t), y: asTensor(y), mask: asTensor(mask) });
      await checkGradient(
        (p: TensorsOf<GapRnnParams<C, D>>) => of.loss(p, { observed: observed() }),
        of.init(random(4)),
        {
          tolerance: 1e-8,
        },
      );
    };

  it.each([
    ['GRU', differences(gapRnn({ dimensions, hidden, cell: gruCell, decoder, sigma: 0.5, dtype }))],
    ['simple cell', differences(gapRnn({ dimensions, hidden, cell: rnnCell, decoder, sigma: 0.5, dtype }))],
    [
      'LSTM and an MLP',
      differences(
        gapRnn({
          dimensions,
          hidden,
          cell: lstmCell,
          decoder: mlp({ sizes: [3, 4, 2], dtype }),
          sigma: [0.5, 1],
          dtype,
        }),
      ),
    ],
  ])('has the gradients that differences give, for a %s', (_, check) => check());
});

describe('what does not fit', () => {
  it('is refused with the reason', async () => {
    expect(() => gapRnn({ dimensions: 0, hidden, cell: gruCell, decoder, sigma: 1 })).toThrow(OptionError);
    expect(() => gapRnn({ dimensions, hidden, cell: gruCell, decoder, sigma: -1 })).toThrow(
      'gapRnn: sigma -1; expected',
    );
    await expect(predict({ ...one, mask: f64([[[1]]]) })).rejects.toThrow(ShapeError);
    await expect(lossOf({ observed: one, target: someSeries(1, 2) })).rejects.toThrow(ShapeError);
  });
});
