/** Kernels as functions of a module, each written once for all products that need it. */
import { get } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import type { Callable, ModuleBuilder } from '../encoder/module.ts';
import { emitBlock, type DotBlock, type OuterBlock } from './block.ts';
import { packColumns, packRows } from './pack.ts';
import type { Packing } from './plan.ts';
import type { VectorType } from './vector.ts';

const functions = new WeakMap<ModuleBuilder, Map<string, Callable>>();

/** The module's function of addresses that is described by `what`, written by `write` if it is not there yet. */
export function shared(
  module: ModuleBuilder,
  name: string,
  what: readonly unknown[],
  params: number,
  write: (f: FunctionBuilder) => void,
): Callable {
  let known = functions.get(module);
  if (known === undefined) functions.set(module, (known = new Map()));
  const key = JSON.stringify([name, ...what]);
  let callable = known.get(key);
  if (callable === undefined) {
    const f = module.function(name, new Array<'i32'>(params).fill('i32'), []);
    write(f);
    known.set(key, (callable = f));
  }
  return callable;
}

/** The function (left, right, out) that computes a block. */
export function blockFunction(module: ModuleBuilder, type: VectorType, block: OuterBlock | DotBlock): Callable {
  const columns = block.kernel === 'outer' ? block.vectors * type.lanes : block.columns;
  const name = `matmul.${block.kernel}.${type.dtype}.${block.rows}x${block.k}x${columns}`;
  return shared(module, name, [block], 3, (f) => {
    emitBlock(f, type, block, { left: f.param(0), right: f.param(1), out: f.param(2) });
  });
}

/** Packs an operand at `source` into `target`. */
export function emitPacking(
  f: FunctionBuilder,
  type: VectorType,
  { stored, strips }: Packing,
  source: Local,
  target: Local,
): void {
  const name = `matmul.pack.${stored}.${type.dtype}.${strips.k}x${strips.n}`;
  const pack = stored === 'rows' ? packRows : packColumns;
  const callable = shared(f.module, name, [strips], 2, (g) => {
    pack(g, type, strips, g.param(0), g.param(1));
  });
  f.emit(get(source)).emit(get(target)).call(callable);
}
