/** Runs vector functions on arrays, in a module with a loop over memory, and measures how far their results are off. */
import { countUp, get, load, splat } from '../src/encoder/code.ts';
import { ModuleBuilder } from '../src/encoder/module.ts';
import type { Constants, FloatLanes, VectorFunction, VectorFunction2 } from '../src/math/index.ts';

export type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type Apply = (x: Floats, y?: Floats) => Floats;

const bytesPerPage = 65536;

export const inlineConstants: Constants = (lanes, value) => splat(lanes, value);

/** A typed array of the lanes' type. */
export const floats = (lanes: FloatLanes, values: ArrayLike<number>): Floats =>
  lanes === 'f32x4' ? Float32Array.from(values) : Float64Array.from(values);

/**
 * Compiles a function of one or two numbers into a loop; the result of what this returns is valid until its next call. `capacity`
 * is the largest number of elements of an argument, a multiple of four.
 */
export function compileLoop(tested: VectorFunction | VectorFunction2, lanes: FloatLanes, capacity = 4096): Apply {
  const bytes = capacity * (lanes === 'f32x4' ? 4 : 8);
  const pages = Math.ceil((3 * bytes) / bytesPerPage);
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: pages, maximum: pages });
  const run = module.function('run', ['i32'], []);
  const address = run.local('i32');
  countUp(run, address, { start: (f) => f.i32(0), end: get(run.param(0)), step: 16 }, () => {
    const x = run.keep('v128', load('v128.load', get(address)));
    const y = run.keep('v128', load('v128.load', get(address), bytes));
    const result =
      tested.emit.length === 5
        ? (tested as VectorFunction2).emit(run, lanes, x, y, inlineConstants)
        : (tested as VectorFunction).emit(run, lanes, x, inlineConstants);
    run
      .get(address)
      .get(result)
      .memory('v128.store', 2 * bytes);
  });
  module.export(run);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const compiled = instance.exports['run'] as (bytes: number) => void;
  const view = (offset: number, length: number): Floats =>
    lanes === 'f32x4'
      ? new Float32Array(memory.buffer, offset, length)
      : new Float64Array(memory.buffer, offset, length);
  return (x, y) => {
    view(0, x.length).set(x);
    if (y !== undefined) view(bytes, y.length).set(y);
    compiled(Math.ceil(x.byteLength / 16) * 16);
    return view(2 * bytes, x.length);
  };
}
