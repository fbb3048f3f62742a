/** Single steps of the cells, held against their equations written out on plain arrays. */
import { OptionError, random, ShapeError, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run, runHost } from '../../test/harness.ts';
import { affine, rowsOf, sigmoid } from '../../test/plain.ts';
import { full, normal, zeros } from '../initializers/initializer.ts';
import type { Cell, CellParams } from './cell.ts';
import { gruCell } from './gru-cell.ts';
import { lstmCell, type LstmState } from './lstm-cell.ts';
import { rnnCell } from './rnn-cell.ts';

const options = { dtype: 'f64', weightInit: normal(), biasInit: normal() } as const;
const hiddenFeatures = 2;
type P = TensorsOf<CellParams>;

/** What gradients are checked for. */
interface Case {
  readonly params: CellParams;
  readonly h: HostArray;
  readonly x: HostArray;
}

/** x·W + b and h·U + c, cut into blocks of `hiddenFeatures`. */
function blocks(params: CellParams, x: readonly number[], h: readonly number[]) {
  const cut = (all: readonly number[]): number[][] =>
    Array.from({ length: all.length / hiddenFeatures }, (_, k) =>
      all.slice(k * hiddenFeatures, (k + 1) * hiddenFeatures),
    );
  return { input: cut(affine(params.input, x)), hidden: cut(affine(params.hidden, h)) };
}

function plainRnn(params: CellParams, h: readonly number[], x: readonly number[]): number[] {
  const { input, hidden } = blocks(params, x, h);
  return h.map((_, j) => Math.tanh(input[0]![j]! + hidden[0]![j]!));
}

function plainGru(params: CellParams, h: readonly number[], x: readonly number[]): number[] {
  const { input, hidden } = blocks(params, x, h);
  return h.map((old, j) => {
    const r = sigmoid(input[0]![j]! + hidden[0]![j]!);
    const z = sigmoid(input[1]![j]! + hidden[1]![j]!);
    const n = Math.tanh(input[2]![j]! + r * hidden[2]![j]!);
    return (1 - z) * n + z * old;
  });
}

function plainLstm(params: CellParams, h: readonly number[], c: readonly number[], x: readonly number[]) {
  const { input, hidden } = blocks(params, x, h);
  const gate = (k: number, j: number): number => input[k]![j]! + hidden[k]![j]!;
  const cell = c.map((old, j) => sigmoid(gate(1, j)) * old + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)));
  return { cell, hidden: cell.map((v, j) => sigmoid(gate(3, j)) * Math.tanh(v)) };
}

const [x, h, c] = [noise([4, 3], 1), noise([4, 2], 2), noise([4, 2], 3)];
const expectedRows = (step: (row: { x: number[]; h: number[]; c: number[] }) => readonly number[]): number[] =>
  rowsOf(x).flatMap((row, i) => step({ x: row, h: rowsOf(h)[i]!, c: rowsOf(c)[i]! }));

describe('rnnCell', () => {
  const cell = rnnCell(3, hiddenFeatures, options);
  const params = cell.init(random(0));
  const step = (p: P, state: Tensor, input: Tensor): Tensor => cell.apply(p, state, input);

  it('is tanh(x·W + b + h·U + c)', async () => {
    const expected = expectedRows((row) => plainRnn(params, row.h, row.x));
    expectClose(await elements(step, params, h, x), expected, 1e-14);
  });

  it('takes another activation, by name or as a function', async () => {
    for (const activation of ['relu', (y: Tensor) => y.maximum(0)] as const) {
      const other = rnnCell(1, 1, { activation, weightInit: full(1), biasInit: zeros(), dtype: 'f64' });
      const apply = (p: P, state: Tensor, input: Tensor): Tensor => other.apply(p, state, input);
      const states = f64([[1], [1]]);
      expect(await run(apply, other.init(random(0)), states, f64([[2], [-5]]))).toEqual([[3], [0]]);
    }
    expect(() => rnnCell(1, 1, { activation: 'no' as 'tanh' })).toThrow(OptionError);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(({ params: p, h: s, x: i }: TensorsOf<Case>) => cell.apply(p, s, i).square().sum(), {
      params,
      h,
      x,
    });
  });
});

describe('gruCell', () => {
  const cell = gruCell(3, hiddenFeatures, options);
  const params = cell.init(random(0));
  const step = (p: P, state: Tensor, input: Tensor): Tensor => cell.apply(p, state, input);

  it('is (1 − z) ⊙ n + z ⊙ h, blocks r, z, n, reset after the product', async () => {
    const expected = expectedRows((row) => plainGru(params, row.h, row.x));
    expectClose(await elements(step, params, h, x), expected, 1e-14);
  });

  it('keeps its state where the update gate is open, and forgets it where it is shut', async () => {
    const gatesAt = (update: number): CellParams => ({
      input: { weight: zeros()(random(0), [3, 6], 'f64'), bias: f64([0, 0, update, update, 0.5, 0.5]) },
      hidden: { weight: zeros()(random(0), [2, 6], 'f64') },
    });
    // σ(±100) is 1 or 4e-44: h + (h − n)·0 and n + (h − n)·1 round once.
    expectClose(await elements(step, gatesAt(100), h, x), Array.from(h.data), 1e-15);
    const forgotten = Array.from(h.data, () => Math.tanh(0.5));
    expectClose(await elements(step, gatesAt(-100), h, x), forgotten, 1e-15);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(({ params: p, h: s, x: i }: TensorsOf<Case>) => cell.apply(p, s, i).square().sum(), {
      params,
      h,
      x,
    });
  });
});

describe('lstmCell', () => {
  const cell = lstmCell(3, hiddenFeatures, options);
  const params = cell.init(random(0));
  const step = (p: P, state: LstmState, input: Tensor): LstmState => cell.apply(p, state, input);
  const state = { hidden: h, cell: c };

  it('is o ⊙ tanh(f ⊙ c + i ⊙ g), blocks i, f, g, o', async () => {
    const next = await runHost(step, params, state, x);
    const plain = (row: { x: number[]; h: number[]; c: number[] }) => plainLstm(params, row.h, row.c, row.x);
    expectClose(
      Array.from(next.hidden.data),
      expectedRows((row) => plain(row).hidden),
      1e-14,
    );
    expectClose(
      Array.from(next.cell.data),
      expectedRows((row) => plain(row).cell),
      1e-14,
    );
  });

  it('carries its cell unchanged with the forget gate open and the input gate shut', async () => {
    const carrying: CellParams = {
      input: { weight: zeros()(random(0), [3, 8], 'f64'), bias: f64([-1000, -1000, 100, 100, 3, 3, 0, 0]) },
      hidden: { weight: zeros()(random(0), [2, 8], 'f64') },
    };
    const next = await runHost(step, carrying, state, x);
    expect(Array.from(next.cell.data)).toEqual(Array.from(c.data));
    expectClose(
      Array.from(next.hidden.data),
      Array.from(c.data, (v) => 0.5 * Math.tanh(v)),
      1e-15,
    );
  });

  it('has the gradient of central differences, of both parts of its state', async () => {
    const f = ({ params: p, h: hidden, c: kept, x: i }: TensorsOf<Case & { readonly c: HostArray }>): Tensor => {
      const next = cell.apply(p, { hidden, cell: kept }, i);
      return next.hidden.square().sum().add(next.cell.sin().sum());
    };
    await checkGradient(f, { params, h, c, x });
  });

  it('refuses a cell state of another shape', async () => {
    const result = runHost(step, params, { hidden: h, cell: noise([4, 3]) }, x);
    await expect(result).rejects.toThrow(
      'lstmCell: a state f64[4,3] for an input f64[4,3]; expected a state of shape [4, 2].',
    );
  });
});

/** The output after one step from zeros. */
const fromZeros =
  <S>(cell: Cell<CellParams, S>) =>
  (p: P, input: Tensor): Tensor =>
    cell.output(cell.apply(p, cell.initialState(input), input));

/** The cells with what their tests have in common. */
const cases = [
  { name: 'rnnCell', make: rnnCell, gates: 1, step: fromZeros(rnnCell(3, 2, options)) },
  { name: 'gruCell', make: gruCell, gates: 3, step: fromZeros(gruCell(3, 2, options)) },
  { name: 'lstmCell', make: lstmCell, gates: 4, step: fromZeros(lstmCell(3, 2, options)) },
] as const;

describe.each(cases)('$name', ({ name, make, gates, step }) => {
  const params = make(3, 2, options).init(random(4));

  it("starts as PyTorch's: everything uniform on ±1/√hiddenFeatures", () => {
    const { input, hidden } = make(3, 100).init(random(1));
    const wide = 100 * gates;
    expect([input.weight.shape, input.bias?.shape]).toEqual([[3, wide], [wide]]);
    expect([hidden.weight.shape, hidden.bias?.shape]).toEqual([[100, wide], [wide]]);
    for (const { data, dtype } of [input.weight, input.bias!, hidden.weight, hidden.bias!]) {
      expect(dtype).toBe('f32');
      expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.1));
      expect(Math.max(...data)).toBeGreaterThan(0.09);
      expect(Math.min(...data)).toBeLessThan(-0.09);
    }
    expect(make(3, 4).init(random(5))).toEqual(make(3, 4).init(random(5)));
  });

  it('takes a vector and several leading axes: each sample by itself', async () => {
    const all = await elements(step, params, x);
    expect(all).toHaveLength(8);
    expectClose(await elements(step, params, f64(rowsOf(x)[2]!)), all.slice(4, 6), 1e-15);
    expectClose(await elements((p: P, y: Tensor) => step(p, y.reshape([2, 2, 3])), params, x), all, 1e-15);
  });

  it('without biases is the cell whose biases are zero', async () => {
    const bare = make(3, 2, { ...options, bias: false }).init(random(4));
    expect([Object.keys(bare.input), Object.keys(bare.hidden)]).toEqual([['weight'], ['weight']]);
    const nothing = zeros()(random(0), [2 * gates], 'f64');
    const zeroed = { input: { ...bare.input, bias: nothing }, hidden: { ...bare.hidden, bias: nothing } };
    expect(await run(step, bare, x)).toEqual(await run(step, zeroed, x));
  });

  it('refuses what does not fit', async () => {
    expect(() => make(0, 2)).toThrow(OptionError);
    expect(() => make(0, 2)).toThrow(`${name}: inFeatures is 0; expected an integer of at least 1.`);
    expect(() => make(2, 2.5)).toThrow(`${name}: hiddenFeatures is 2.5`);
    const input = run(step, params, noise([4, 2]));
    await expect(input).rejects.toThrow(ShapeError);
    await expect(input).rejects.toThrow(`${name}: an input f64[4,2]; expected a last axis of 3.`);
  });
});

it.each([[[3]], [[4, 3]], [[2]], [[1, 4, 2]]])('a state of shape %j is refused', async (shape) => {
  const cell = gruCell(3, 2, options);
  const result = run(
    (p: P, state: Tensor, input: Tensor) => cell.apply(p, state, input),
    cell.init(random(0)),
    noise(shape),
    x,
  );
  await expect(result).rejects.toThrow(ShapeError);
  await expect(result).rejects.toThrow(
    `gruCell: a state f64[${shape.join(',')}] for an input f64[4,3]; expected a state of shape [4, 2].`,
  );
});
