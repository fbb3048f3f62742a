/** Kernels that go along one axis: cumsum, argMax. */
import { elementBytes, scalarType } from '../compile/types.ts';
import { f64, get, i32, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { WasmType } from '../encoder/module.ts';
import type { Kernel } from './kernel.ts';
import { around, baseOf, forEachRow, shifted, straightMoves, type Cursor, type Place } from './rows.ts';
import { elementOps, loadFrom, storeTo } from './runs.ts';

/** Sums over some neighbouring columns at once. */
interface Accumulator {
  readonly columns: number;
  readonly type: WasmType;
  readonly zero: Code;
  readonly add: (sum: Code, place: Place) => Code;
  readonly store: (f: FunctionBuilder, place: Place, sum: Code) => void;
}

const doubles: Pick<Accumulator, 'columns' | 'type' | 'zero'> = { columns: 2, type: 'v128', zero: splat('f64x2', 0) };
const double: Pick<Accumulator, 'columns' | 'type' | 'zero'> = { columns: 1, type: 'f64', zero: f64(0) };

/** From wide to narrow; f32 is summed in double precision and rounded where it is stored. */
const accumulators: { readonly [D in 'f32' | 'f64' | 'i32']: readonly Accumulator[] } = {
  f32: [
    {
      ...doubles,
      add: (sum, place) => op('f64x2.add', sum, op('f64x2.promote_low_f32x4', loadFrom('v128.load64_zero', place))),
      store: (f, { address, offset }, sum) => {
        f.emit(address).emit(op('f32x4.demote_f64x2_zero', sum)).memoryLane('v128.store64_lane', 0, offset);
      },
    },
    {
      ...double,
      add: (sum, place) => op('f64.add', sum, op('f64.promote_f32', loadFrom('f32.load', place))),
      store: (f, place, sum) => {
        storeTo(f, 'f32.store', place, op('f32.demote_f64', sum));
      },
    },
  ],
  f64: [
    {
      ...doubles,
      add: (sum, place) => op('f64x2.add', sum, loadFrom('v128.load', place)),
      store: (f, place, sum) => {
        storeTo(f, 'v128.store', place, sum);
      },
    },
    {
      ...double,
      add: (sum, place) => op('f64.add', sum, loadFrom('f64.load', place)),
      store: (f, place, sum) => {
        storeTo(f, 'f64.store', place, sum);
      },
    },
  ],
  i32: [
    {
      columns: 4,
      type: 'v128',
      zero: splat('i32x4', 0),
      add: (sum, place) => op('i32x4.add', sum, loadFrom('v128.load', place)),
      store: (f, place, sum) => {
        storeTo(f, 'v128.store', place, sum);
      },
    },
    {
      columns: 1,
      type: 'i32',
      zero: i32(0),
      add: (sum, place) => op('i32.add', sum, loadFrom('i32.load', place)),
      store: (f, place, sum) => {
        storeTo(f, 'i32.store', place, sum);
      },
    },
  ],
};

export const cumsum: Kernel<'cumsum'> = (f, { axis, reverse }, inputs, output) => {
  const { outer, extent, inner } = around(output.shape, axis);
  const size = elementBytes(output.dtype);
  const row = inner * size;
  const block: Omit<Cursor, 'start'> = { stride: extent * row };
  const [to, from] = [baseOf(f, output), baseOf(f, inputs[0]!)];
  forEachRow(
    f,
    { count: outer, cost: straightMoves },
    [
      { start: to, ...block },
      { start: from, ...block },
    ],
    (toBlock, fromBlock) => {
      let done = 0;
      for (const { columns, type, zero, add, store } of accumulators[scalarType(output.dtype)]) {
        const count = Math.floor((inner - done) / columns);
        const sum = f.local(type);
        const groups = [toBlock, fromBlock].map((place) => ({
          start: shifted(place, done * size),
          stride: columns * size,
        })) as [Cursor, Cursor];
        forEachRow(f, { count, cost: straightMoves }, groups, (toColumn, fromColumn) => {
          const along = [
            { start: toColumn, stride: row },
            { start: fromColumn, stride: row },
          ] as const;
          f.emit(zero).set(sum);
          forEachRow(f, { count: extent, cost: 2, reverse }, along, (target, source) => {
            f.emit(add(get(sum), source)).set(sum);
            store(f, target, get(sum));
          });
        });
        done += count * columns;
      }
    },
  );
};

/** The first largest element; a NaN counts as the largest. One element at a time: nothing hot calls it. */
export const argMax: Kernel<'argMax'> = (f, { axis }, inputs, output) => {
  const x = inputs[0]!;
  const { outer, extent, inner } = around(x.shape, axis);
  const dtype = scalarType(x.dtype);
  const size = elementBytes(x.dtype);
  const row = inner * size;
  const read = elementOps[dtype].load;
  const [to, from] = [baseOf(f, output), baseOf(f, x)];
  const [top, candidate] = [f.local(dtype), f.local(dtype)];
  const [index, best] = [f.local('i32'), f.local('i32')];
  const result = elementBytes('i32');
  const blocks = [
    { start: to, stride: inner * result },
    { start: from, stride: extent * row },
  ] as const;
  forEachRow(f, { count: outer, cost: straightMoves }, blocks, (toBlock, fromBlock) => {
    const columns = [
      { start: toBlock, stride: result },
      { start: fromBlock, stride: size },
    ] as const;
    forEachRow(f, { count: inner, cost: straightMoves }, columns, (target, column) => {
      f.emit(loadFrom(read, column)).set(top);
      f.i32(0).tee(index).set(best);
      forEachRow(f, { count: extent - 1, cost: 2 }, [{ start: shifted(column, row), stride: row }], (place) => {
        f.emit(op('i32.add', get(index), i32(1))).set(index);
        f.emit(loadFrom(read, place)).set(candidate);
        f.emit(isLarger(candidate, top)).if(() => {
          f.get(candidate).set(top).get(index).set(best);
        });
      });
      storeTo(f, 'i32.store', target, get(best));
    });
  });
};

/** Whether a candidate beats the largest so far: a NaN beats numbers, and nothing beats a NaN. */
function isLarger(candidate: Local, top: Local): Code {
  if (top.type === 'i32') return op('i32.gt_s', get(candidate), get(top));
  const float = top.type === 'f64' ? 'f64' : 'f32';
  const notBelow = op('i32.eqz', op(`${float}.le`, get(candidate), get(top)));
  return op('i32.and', notBelow, op(`${float}.eq`, get(top), get(top)));
}
