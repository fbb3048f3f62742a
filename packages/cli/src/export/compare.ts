/** A file of ONNX beside the engine that trained the model: the same inputs, the results next to each other. */
import { flattenTree, isHostArray, random, type HostArray, type Ode, type Tensor } from '@node-ode/core';
import type { LoadedModel } from '@node-ode/backend-onnx';
import type { ExportedFunction } from './functions.ts';

/** What a comparison showed. */
export interface Comparison {
  /** Largest difference of two results, in units of the largest result. */
  readonly difference: number;
  /** What rounding and the tolerances allow. */
  readonly allowed: number;
  readonly batches: readonly number[];
  /** Evaluations of the file and of the engine in the last run. */
  readonly nfe: readonly [number | undefined, number];
}

/** Tolerances to compare at. */
export interface Tolerances {
  readonly rtol: number;
  readonly atol: number;
}

const batches = [1, 7] as const;

/** The tolerances that are tried are those of training, and these times as large. */
const loosest = 10;

/**
 * Runs a loaded file and the function that it was made of on random data, for two sizes of a batch, and at two tolerances where
 * the file takes them.
 */
export async function compare(
  model: LoadedModel,
  fn: (...args: readonly Tensor[]) => Readonly<Record<string, Tensor>>,
  {
    ode,
    exported,
    tolerances,
  }: { readonly ode: Ode; readonly exported: ExportedFunction; readonly tolerances: Tolerances | undefined },
): Promise<Comparison> {
  const compiled = ode.compile(fn);
  const source = random(0);
  let difference = 0;
  let nfe: Comparison['nfe'] = [undefined, 0];
  const settings =
    tolerances === undefined
      ? [[]]
      : [loosest, 1].map((factor) => [tolerances.rtol * factor, tolerances.atol * factor]);
  try {
    for (const batch of batches) {
      const inputs = exported.inputs.map(({ example }) => example(batch, () => source.normal()));
      for (const setting of settings) {
        const own = await compiled.run(...inputs, ...setting);
        const expected = await Promise.all(
          Object.entries(own.result).map(async ([name, value]) => [name, await value.read()] as const),
        );
        Object.values(own.result).forEach((value) => value.dispose());
        const found = await model.run(...inputs, ...setting);
        difference = Math.max(difference, differenceOf(Object.fromEntries(expected), found.result));
        nfe = [found.nfe, own.stats.nfe];
      }
    }
  } finally {
    compiled.dispose();
  }
  const rounding = ode.backend.capabilities.dtypes.includes('f64') && isDouble(exported) ? 1e-9 : 1e-4;
  return { difference, allowed: rounding + loosest * (tolerances?.rtol ?? 0), batches, nfe };
}

const isDouble = ({ inputs }: ExportedFunction): boolean => inputs[0]?.example(1, () => 0).dtype === 'f64';

/** The largest difference of two trees of arrays, in units of the largest element; NaN where one has it alone. */
export function differenceOf(expected: unknown, found: unknown): number {
  const [a, b] = [expected, found].map((tree) => flattenTree('export', tree, isHostArray, 'an array').leaves);
  const pairs = (a ?? []).map((leaf, i): readonly [HostArray, HostArray | undefined] => [leaf, b?.[i]]);
  return Math.max(
    ...pairs.map(([x, y]) => {
      if (y === undefined || y.data.length !== x.data.length) return Infinity;
      const largest = Array.from(x.data, Math.abs).reduce((most, value) => Math.max(most, value), Number.MIN_VALUE);
      const distances = Array.from(x.data, (value, i) => Math.abs(value - (y.data[i] ?? NaN)));
      return distances.some(Number.isNaN) ? Infinity : Math.max(...distances, 0) / largest;
    }),
  );
}
