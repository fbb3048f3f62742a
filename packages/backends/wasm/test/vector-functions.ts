/** Runs vector functions on arrays, in a module of their own, and measures how far their results are off. */
import { countUp, get, i32, load } from '../src/encoder/code.ts';
import type { FunctionBuilder, Local } from '../src/encoder/function.ts';
import { ModuleBuilder } from '../src/encoder/module.ts';
import { binaryFunctions, inlineConstants, unaryFunctions, type FloatLanes } from '../src/math/index.ts';

export type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type UnaryName = keyof typeof unaryFunctions;
export type BinaryName = keyof typeof binaryFunctions;

/** Applies a function to each element, or each two. The result is a view of memory that the next call writes over. */
export type Apply = (x: Floats, y?: Floats) => Floats;

const bytesPerPage = 65536;

/** The largest number of elements that an argument may have; its size is a multiple of a vector's. */
export const capacity = 1 << 16;

/** A typed array of the lanes' type. */
export const floats = (lanes: FloatLanes, values: ArrayLike<number> | number): Floats =>
  typeof values === 'number'
    ? new (lanes === 'f32x4' ? Float32Array : Float64Array)(values)
    : lanes === 'f32x4'
      ? Float32Array.from(values)
      : Float64Array.from(values);

/**
 * A loop over arrays with the function's code in it, or with a call of a function that holds the code.
 */
export function compileLoop(
  name: UnaryName | BinaryName,
  lanes: FloatLanes,
  form: 'inline' | 'called' = 'inline',
): Apply {
  const write = (f: FunctionBuilder, x: Local, y: Local): Local =>
    name in unaryFunctions
      ? unaryFunctions[name as UnaryName].emit(f, lanes, x, inlineConstants)
      : binaryFunctions[name as BinaryName].emit(f, lanes, x, y, inlineConstants);

  const bytes = capacity * (lanes === 'f32x4' ? 4 : 8);
  const pages = Math.ceil((3 * bytes) / bytesPerPage);
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: pages, maximum: pages });
  const called = module.function(name, ['v128', 'v128'], ['v128']);
  called.get(write(called, called.param(0), called.param(1)));
  const run = module.function('run', ['i32'], []);
  const address = run.local('i32');
  countUp(run, address, { start: i32(0), end: get(run.param(0)), step: 16 }, () => {
    const x = run.keep('v128', load('v128.load', get(address)));
    const y = run.keep('v128', load('v128.load', get(address), bytes));
    const result = form === 'inline' ? write(run, x, y) : run.keep('v128', (f) => f.get(x).get(y).call(called));
    run
      .get(address)
      .get(result)
      .memory('v128.store', 2 * bytes);
  });
  module.export(run);

  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const execute = exports['run'] as (bytes: number) => void;
  const view = (offset: number, length: number): Floats =>
    lanes === 'f32x4'
      ? new Float32Array(memory.buffer, offset, length)
      : new Float64Array(memory.buffer, offset, length);
  return (x, y) => {
    view(0, x.length).set(x);
    if (y !== undefined) view(bytes, y.length).set(y);
    execute(x.byteLength);
    return view(2 * bytes, x.length);
  };
}

const ranges = {
  f32x4: { mantissaBits: 23, minExponent: -126, maxExponent: 127, round: Math.fround },
  f64x2: { mantissaBits: 52, minExponent: -1022, maxExponent: 1023, round: (x: number) => x },
} as const;

/** The distance between the numbers of a type around x. */
export function lastPlace(lanes: FloatLanes, x: number): number {
  const { mantissaBits, minExponent, maxExponent } = ranges[lanes];
  const magnitude = Math.abs(x);
  let exponent = Math.min(Math.max(Math.floor(Math.log2(magnitude)), minExponent), maxExponent);
  // The logarithm may round up to the next integer.
  if (2 ** exponent > magnitude && exponent > minExponent) exponent--;
  return 2 ** (exponent - mantissaBits);
}

/**
 * The distance of y from `exact` in units of the last place of `exact`: infinite where one of them is NaN alone, or zeros or
 * results that round to zero differ in sign. Infinity counts as the power of two after the largest number.
 */
export function unitsOff(lanes: FloatLanes, y: number, exact: number): number {
  const { maxExponent, round } = ranges[lanes];
  if (Object.is(y, exact) || (Object.is(y, round(exact)) && !Number.isFinite(y))) return 0;
  if (Number.isNaN(y) || Number.isNaN(exact)) return Infinity;
  const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
  if (isNegative(y) !== isNegative(exact)) return Infinity;
  const unit = lastPlace(lanes, exact);
  // In units first: 2^1024 is no double.
  const inUnits = (x: number): number =>
    Number.isFinite(x) ? Math.abs(x) / unit : 2 ** (maxExponent + 1 - Math.log2(unit));
  return Math.abs(inUnits(y) - inUnits(exact));
}

/** The worst of many results. */
export class Worst {
  units = 0;
  /** Where that was, and what came out. */
  at = '';

  add(lanes: FloatLanes, y: number, exact: number, ...args: readonly number[]): void {
    if (y === exact && y !== 0) return;
    const units = unitsOff(lanes, y, exact);
    if (units <= this.units) return;
    this.units = units;
    this.at = `(${args.join(', ')}) gives ${y} instead of ${exact}`;
  }
}

/**
 * Numbers whose bit patterns are spread evenly: every sign and exponent, subnormal numbers, infinities and NaNs too. In f32 all
 * patterns that are multiples of `stride`; in f64, `count` of them.
 */
export function* patterns(
  lanes: FloatLanes,
  spread: { readonly stride: number; readonly count: number },
): Generator<Floats> {
  const total = lanes === 'f32x4' ? Math.ceil(2 ** 32 / spread.stride) : spread.count;
  const block = floats(lanes, capacity);
  const words = new Uint32Array(block.buffer);
  for (let start = 0; start < total; start += capacity) {
    for (let i = 0; i < capacity; i++) {
      if (lanes === 'f32x4') {
        words[i] = (start + i) * spread.stride;
      } else {
        // Multiples of the golden ratio and of another irrational number, without their integer parts.
        words[2 * i] = Math.imul(start + i, 0x85ebca6b);
        words[2 * i + 1] = Math.imul(start + i, 0x9e3779b1);
      }
    }
    yield block;
  }
}

/** Numbers evenly from low to high. */
export const evenly = (lanes: FloatLanes, low: number, high: number, count = capacity): Floats =>
  floats(lanes, count).map((_, i) => low + ((high - low) * i) / (count - 1)) as Floats;
