/** How many elements of the image windows hold: what means are divided by. */
import { f32, f64, get, i32, load, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { Axis } from '../convolution/axis.ts';
import { align } from '../convolution/regions.ts';
import { placeOf, shifted } from '../kernels/rows.ts';
import { elementOps, fillElements, storeTo } from '../kernels/runs.ts';
import { range, vectorBytes, type VectorType } from '../matmul/vector.ts';
import type { PlaneWindows, PositionVector } from './windows.ts';

/** Elements of the image in the windows along one axis. */
function countsOf({ positions, step, source, phases }: Axis): readonly number[] {
  return range(positions).map(
    (t) =>
      phases.flat().filter(({ offset }) => {
        const at = step * t + offset;
        return at >= 0 && at < source;
      }).length,
  );
}

/** Divides vectors of positions by the number of elements of their windows. */
export interface Divisor {
  /** Bytes of memory that it needs. */
  readonly bytes: number;
  /** Writes what has to be in that memory. */
  readonly prepare: (f: FunctionBuilder, memory: Local) => void;
  readonly divide: (memory: Local, dividend: Code, at: PositionVector) => Code;
}

/** The same number for all windows if padding counts, or there is none. */
export function divisorOf({ type, axes, lanes }: PlaneWindows, countIncludePad: boolean): Divisor {
  const [down, across] = axes.map(countsOf) as [readonly number[], readonly number[]];
  const [high, wide] = axes.map(({ phases }) => phases.flat().length) as [number, number];
  const isEven = [...down.map((n) => n === high), ...across.map((n) => n === wide)].every(Boolean);
  if (countIncludePad || isEven) {
    return {
      bytes: 0,
      prepare: () => undefined,
      divide: (_, dividend) => op(`${lanes}.div`, dividend, splat(lanes, high * wide)),
    };
  }
  // A table for the lines and one for the columns; vectors may end behind it.
  const acrossAt = align(down.length * type.bytes);
  return {
    bytes: acrossAt + align(across.length * type.bytes) + vectorBytes,
    prepare: (f, memory) => {
      writeNumbers(f, type, get(memory), down, high);
      writeNumbers(f, type, op('i32.add', get(memory), i32(acrossAt)), across, wide);
    },
    divide: (memory, dividend, { line, column }) => {
      const at = (index: Local): Code => op('i32.add', get(memory), op('i32.mul', get(index), i32(type.bytes)));
      const count = op(`${lanes}.mul`, load(type.loadSplat, at(line)), load('v128.load', at(column), acrossAt));
      return op(`${lanes}.div`, dividend, count);
    },
  };
}

/** Writes numbers most of which are equal. */
function writeNumbers(
  f: FunctionBuilder,
  { dtype, bytes }: VectorType,
  address: Code,
  numbers: readonly number[],
  usual: number,
): void {
  fillElements(f, address, dtype, usual, numbers.length);
  numbers.forEach((number, i) => {
    if (number === usual) return;
    const value = dtype === 'f32' ? f32(number) : f64(number);
    storeTo(f, elementOps[dtype].store, shifted(placeOf({ address }), i * bytes), value);
  });
}
