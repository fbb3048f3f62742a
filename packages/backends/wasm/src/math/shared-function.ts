/** Functions that rare branches call. */
import type { FunctionBuilder } from '../encoder/function.ts';
import type { Callable, ModuleBuilder, WasmType } from '../encoder/module.ts';

/**
 * A function that a module gets when the first of its other functions asks for it.
 *
 * @example
 * const half = sharedFunction('half', ['f64'], ['f64'], (f) => f.get(f.param(0)).f64(0.5).op('f64.mul'));
 * f.call(half(f.module));
 */
export function sharedFunction(
  name: string,
  params: readonly WasmType[],
  results: readonly WasmType[],
  write: (f: FunctionBuilder) => void,
): (module: ModuleBuilder) => Callable {
  const written = new WeakMap<ModuleBuilder, Callable>();
  return (module) => {
    const known = written.get(module);
    if (known !== undefined) return known;
    const f = module.function(name, params, results);
    write(f);
    written.set(module, f);
    return f;
  };
}
