import {
  array,
  DTypeError,
  random,
  ShapeError,
  stack,
  valueAndGrad,
  zerosLike,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run, runHost } from '../../test/harness.ts';
import type { Cell, CellParams } from './cell.ts';
import { gruCell } from './gru-cell.ts';
import { lstmCell, type LstmState } from './lstm-cell.ts';
import { rnnCell } from './rnn-cell.ts';
import { unroll, type UnrollOptions } from './unroll.ts';

/** Running sums: exact numbers, and the order of the steps shows in a weight on the past. */
const sums: Cell<readonly [], Tensor> = {
  name: 'sums',
  init: () => [],
  initialState: (x) => zerosLike(x),
  apply: (_, state, x) => state.mul(10).add(x),
  output: (state) => state,
};
const runSums = async (inputs: HostArray, options: UnrollOptions<Tensor> = {}) => {
  const { outputs, state } = await runHost((xs: Tensor) => unroll(sums, [], xs, options), inputs);
  return { outputs: Array.from(outputs.data), state: Array.from(state.data) };
};

type P = TensorsOf<CellParams>;
const [time, batch] = [5, 2];
const xs = noise([time, batch, 3], 1);
const bool = (nested: boolean[][]) => array(nested, { dtype: 'bool' });
/** Lengths 5 and 3. */
const ragged = bool([
  [true, true],
  [true, true],
  [true, true],
  [true, false],
  [true, false],
]);

const dtype = 'f64';
const gru = gruCell(3, 2, { dtype });
const lstm = lstmCell(3, 2, { dtype });
const params = gru.init(random(3));

/** A cell step by step, without a loop in the graph. */
function byHand<S>(cell: Cell<CellParams, S>, p: P, inputs: Tensor, reverse: boolean) {
  let state = cell.initialState(inputs.at(0));
  const outputs: Tensor[] = [];
  for (let i = 0; i < time; i++) {
    const at = reverse ? time - 1 - i : i;
    state = cell.apply(p, state, inputs.at(at));
    outputs[at] = cell.output(state);
  }
  return { outputs: stack(outputs), state };
}

describe('unroll', () => {
  it('runs forwards and backwards; outputs stay at the positions of their inputs', async () => {
    const column = f64([[1], [2], [3]]);
    expect(await runSums(column)).toEqual({ outputs: [1, 12, 123], state: [123] });
    expect(await runSums(column, { reverse: true })).toEqual({ outputs: [321, 32, 3], state: [321] });
  });

  it('starts from a given state', async () => {
    const f = (inputs: Tensor, initial: Tensor): Tensor => unroll(sums, [], inputs, { initial }).outputs;
    expect(await run(f, f64([[1], [2]]), f64([7]))).toEqual([[71], [712]]);
  });

  it('of no steps is the first state', async () => {
    const f = (p: P, inputs: Tensor) => unroll(gru, p, inputs.slice([0, 0, 0], [0, batch, 3]));
    const { outputs, state } = await runHost(f, params, xs);
    expect([outputs.shape, Array.from(state.data)]).toEqual([
      [0, 2, 2],
      [0, 0, 0, 0],
    ]);
  });

  it.each([false, true])('is the cell step by step, reverse %s', async (reverse) => {
    const both =
      <S>(cell: Cell<CellParams, S>) =>
      (p: P, inputs: Tensor) => ({
        loop: unroll(cell, p, inputs, { reverse }),
        steps: byHand(cell, p, inputs, reverse),
      });
    const rnn = rnnCell(3, 2, { dtype });
    const [ofGru, ofRnn, ofLstm] = [both(gru), both(rnn), both(lstm)];
    const short = await runHost(ofGru, params, xs);
    expect(short.loop.outputs.shape).toEqual([time, batch, 2]);
    expect(short.loop).toEqual(short.steps);
    const simple = await runHost(ofRnn, rnn.init(random(1)), xs);
    expect(simple.loop).toEqual(simple.steps);
    const long = await runHost(ofLstm, lstm.init(random(1)), xs);
    expect(Object.keys(long.loop.state)).toEqual(['cell', 'hidden']);
    expect(long.loop).toEqual(long.steps);
  });

  it('backwards is forwards along the reversed sequence', async () => {
    const backwards = (p: P, inputs: Tensor): Tensor => unroll(gru, p, inputs, { reverse: true }).outputs;
    const flip = (y: Tensor): Tensor => y.gather(array([4, 3, 2, 1, 0], { dtype: 'i32' }));
    const flipped = (p: P, inputs: Tensor): Tensor => flip(unroll(gru, p, flip(inputs)).outputs);
    expect(await run(backwards, params, xs)).toEqual(await run(flipped, params, xs));
  });

  it('takes inputs without a batch axis, and with two', async () => {
    const outputs = (p: P, inputs: Tensor): Tensor => unroll(gru, p, inputs).outputs;
    const all = await elements(outputs, params, xs);
    const alone = await elements((p: P, y: Tensor) => outputs(p, y.slice([0, 1, 0], [5, 1, 3]).squeeze(1)), params, xs);
    const second = Array.from({ length: time }, (_, i) => all.slice(4 * i + 2, 4 * i + 4)).flat();
    expectClose(alone, second, 1e-15);
    expect(await elements((p: P, y: Tensor) => outputs(p, y.expandDims(1)), params, xs)).toEqual(all);
  });

  it.each([false, true])('has the gradient of central differences, reverse %s', async (reverse) => {
    interface Case {
      readonly params: CellParams;
      readonly xs: HostArray;
      readonly initial: { readonly hidden: HostArray; readonly cell: HostArray };
    }
    const loss = ({ params: p, xs: inputs, initial }: TensorsOf<Case>): Tensor => {
      const { outputs, state } = unroll<CellParams, LstmState>(lstm, p, inputs, { initial, reverse, mask: ragged });
      return outputs.square().sum().add(state.cell.sin().sum());
    };
    await checkGradient(loss, {
      params: lstm.init(random(2)),
      xs,
      initial: { hidden: noise([batch, 2], 5), cell: noise([batch, 2], 6) },
    });
  });
});

describe('a mask', () => {
  it('keeps the state where it is false, in both directions', async () => {
    const mask = bool([[true], [false], [true], [false]]);
    const column = f64([[[1]], [[2]], [[3]], [[4]]]);
    expect(await runSums(column, { mask })).toEqual({ outputs: [1, 1, 13, 13], state: [13] });
    expect(await runSums(column, { mask, reverse: true })).toEqual({ outputs: [31, 3, 3, 0], state: [31] });
  });

  it('of true alone changes nothing', async () => {
    const full = array(new Array<number>(time * batch).fill(1), { shape: [time, batch], dtype: 'i32' });
    const plain = (p: P, inputs: Tensor) => unroll(gru, p, inputs);
    const masked = (p: P, inputs: Tensor, m: Tensor) => unroll(gru, p, inputs, { mask: m.notEqual(0) });
    expect(await runHost(masked, params, xs, full)).toEqual(await runHost(plain, params, xs));
  });

  it.each([false, true])('gives a padded sequence the result of the short one, reverse %s', async (reverse) => {
    const short = (p: P, inputs: Tensor): Tensor =>
      unroll(gru, p, inputs.slice([0, 1, 0], [3, 1, 3]), { reverse }).state;
    const padded = (p: P, inputs: Tensor): Tensor =>
      unroll(gru, p, inputs, { mask: ragged, reverse }).state.slice([1, 0], [1, 2]);
    expectClose(await elements(padded, params, xs), await elements(short, params, xs), 1e-15);
  });

  it('hides NaN in what it covers, from results and from gradients', async () => {
    const dirty = array(
      xs.data.map((v, i) => (i >= 3 * batch * 3 && Math.floor(i / 3) % batch === 1 ? NaN : v)),
      { shape: xs.shape, dtype },
    );
    expect(dirty.data.filter(Number.isNaN)).toHaveLength(6);
    const f = (p: P, inputs: Tensor) =>
      valueAndGrad((c: { readonly p: P; readonly inputs: Tensor }) => {
        const { outputs, state } = unroll(gru, c.p, c.inputs, { mask: ragged });
        return outputs.square().sum().add(state.sum());
      })({ p, inputs });
    const [clean, masked] = [await runHost(f, params, xs), await runHost(f, params, dirty)];
    expect(masked).toEqual(clean);
    const gradient = Array.from(masked.grad.inputs.data);
    expect(gradient.filter((v) => v === 0)).toHaveLength(6);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it('chooses in every leaf of a state, whatever their ranks', async () => {
    interface Counted {
      readonly sum: Tensor;
      readonly count: readonly [Tensor];
    }
    const counted: Cell<readonly [], Counted> = {
      name: 'counted',
      init: () => [],
      initialState: (x) => ({ sum: zerosLike(x), count: [zerosLike(x.sum({ axes: -1 })).cast('i32')] }),
      apply: (_, { sum, count: [n] }, x) => ({ sum: sum.add(x), count: [n.add(1)] }),
      output: ({ sum }) => sum,
    };
    const f = (inputs: Tensor) => unroll(counted, [], inputs, { mask: ragged }).state;
    const { count } = await runHost(f, xs);
    expect(Array.from(count[0].data)).toEqual([5, 3]);
  });
});

/**
 * What ONNX Runtime 1.31 gives for its operators RNN, GRU (linear_before_reset = 1) and LSTM in f32, with sequence_lens
 * [3, 2], inputs of `sines(5)` and the parameters of `sineParams` with their blocks in ONNX's order (z, r, h and i, o, f, c).
 * Its outputs behind the end of a sequence, which are 0, are left out.
 */
const onnx = [
  {
    make: rnnCell,
    forwards: [
      -0.60044521, -0.90114701, 0.68842113, -0.74833357, 0.83423483, 0.58816993, 0.050014496, -0.9264757, 0.19695687,
      -0.96267033,
    ],
    backwards: [
      -0.34115273, -0.96845692, 0.91945839, -0.23515677, 0.86117852, -0.22620881, -0.64383054, -0.86703563, 0.56886804,
      -0.8291598,
    ],
  },
  {
    make: gruCell,
    forwards: [
      0.65754378, 0.29132667, -0.50772065, 0.17391559, 0.65156561, 0.61540818, 0.53464884, 0.38228256, -0.16019577,
      0.61869377,
    ],
    backwards: [
      0.76519495, 0.63268876, -0.30296418, 0.53272486, 0.071495235, 0.491063, 0.72204077, 0.27393365, -0.46353149,
      0.19983384,
    ],
  },
  {
    make: lstmCell,
    forwards: [
      0.11446669, 0.026105899, 0.27256209, 0.13113371, 0.12091158, 0.12393156, 0.12274364, 0.050344206, 0.37117934,
      0.10342471,
    ],
    backwards: [
      0.13817026, 0.053614154, 0.32519254, 0.13097972, 0.19703355, 0.14468297, 0.091281816, 0.025012348, 0.33074588,
      0.099550471,
    ],
  },
] as const;

describe.each(onnx)('$make.name along a sequence, against ONNX Runtime', ({ make, forwards, backwards }) => {
  /** sin(start), sin(start + 1), … */
  const sines = (start: number, shape: readonly number[]): HostArray => {
    const length = shape.reduce((a, b) => a * b, 1);
    return array(
      Float64Array.from({ length }, (_, i) => Math.sin(start + i)),
      { shape, dtype },
    );
  };
  const cell = make(2, 2, { dtype }) as Cell<CellParams, unknown>;
  const { input, hidden } = cell.init(random(0));
  const sineParams = {
    input: { weight: sines(1, input.weight.shape), bias: sines(2, input.bias!.shape) },
    hidden: { weight: sines(3, hidden.weight.shape), bias: sines(4, hidden.bias!.shape) },
  };
  const mask = bool([
    [true, true],
    [true, true],
    [true, false],
  ]);

  it.each([
    ['forwards', forwards],
    ['backwards', backwards],
  ] as const)('%s', async (direction, expected) => {
    const f = (p: P, inputs: Tensor): Tensor =>
      unroll(cell, p, inputs, { mask, reverse: direction === 'backwards' }).outputs;
    // f32 there, f64 here.
    expectClose((await elements(f, sineParams, sines(5, [3, 2, 2]))).slice(0, 10), expected, 1e-6);
  });
});

describe('refusals', () => {
  const outputs = (p: P, inputs: Tensor): Tensor => unroll(gru, p, inputs).outputs;

  it('inputs without time', async () => {
    const result = run(outputs, params, noise([3]));
    await expect(result).rejects.toThrow(ShapeError);
    await expect(result).rejects.toThrow('unroll: inputs f64[3]; expected [time, ...batch, features].');
  });

  it('inputs of other features: the cell says so', async () => {
    await expect(run(outputs, params, noise([5, 2, 4]))).rejects.toThrow(
      'gruCell: an input f64[2,4]; expected a last axis of 3.',
    );
  });

  it('an initial state of another batch', async () => {
    const f = (p: P, inputs: Tensor, initial: Tensor): Tensor => unroll(gru, p, inputs, { initial }).outputs;
    await expect(run(f, params, xs, noise([3, 2]))).rejects.toThrow(
      'gruCell: a state f64[3,2] for an input f64[2,3]; expected a state of shape [2, 2].',
    );
  });

  it('a mask of another shape or dtype', async () => {
    const f = (p: P, inputs: Tensor, mask: Tensor): Tensor => unroll(gru, p, inputs, { mask }).outputs;
    const shape = run(f, params, xs, bool([[true, true]]));
    await expect(shape).rejects.toThrow(ShapeError);
    await expect(shape).rejects.toThrow(
      'unroll: a mask bool[1,2] for inputs f64[5,2,3]; expected a mask of shape [5, 2].',
    );
    const numbers = run(f, params, xs, noise([5, 2]));
    await expect(numbers).rejects.toThrow(DTypeError);
    await expect(numbers).rejects.toThrow(
      'unroll: a mask f64[5,2]; expected bool, true where there is an element. Compare numbers with .notEqual(0).',
    );
  });

  it('under a mask, a state that does not have the batch first', async () => {
    const odd: Cell<readonly [], Tensor> = { ...sums, initialState: (x) => zerosLike(x.sum()), apply: (_, s) => s };
    const f = (inputs: Tensor): Tensor => unroll(odd, [], inputs, { mask: ragged }).outputs;
    await expect(run(f, xs)).rejects.toThrow(
      "unroll: a leaf f64[] of the state under a mask; expected the batch's axes first: [2, ...].",
    );
  });
});
