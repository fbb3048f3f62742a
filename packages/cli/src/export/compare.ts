/** A file of ONNX beside the engine that trained the model: the same inputs, the results next to each other. */
import { isHostArray, random, type FloatDType, type HostArray, type Ode, type Tensor } from '@node-ode/core';
import type { LoadedModel } from '@node-ode/backend-onnx';
import { isRecord } from '../plugins/package-info.ts';
import type { ExportedFunction } from './functions.ts';

/** What a comparison showed: the run whose difference is the largest part of what it is allowed. */
export interface Comparison {
  /** Largest difference of two results, in units of the largest one of all runs. */
  readonly difference: number;
  /** What rounding and a change of steps allow. */
  readonly allowed: number;
  readonly batches: readonly number[];
  /** Evaluations of the file and of the engine. */
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
  const runs: Run[] = [];
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
        const nfe: Comparison['nfe'] = [found.nfe, own.stats.nfe];
        runs.push({ expected: Object.fromEntries(expected), found: found.result, rtol: setting[0] ?? 0, nfe });
      }
    }
  } finally {
    compiled.dispose();
  }
  const isF64 = ode.backend.capabilities.dtypes.includes('f64') && isDouble(exported);
  return { ...worstOf(runs, isF64 ? 'f64' : 'f32'), batches };
}

/** The results of both for the same inputs and tolerances. */
export interface Run {
  readonly expected: Readonly<Record<string, HostArray>>;
  readonly found: unknown;
  readonly rtol: number;
  readonly nfe: Comparison['nfe'];
}

/** The run that is nearest to its bound, or furthest beyond it. */
export function worstOf(runs: readonly Run[], dtype: FloatDType): Omit<Comparison, 'batches'> {
  const scales = largestOf(runs.map(({ expected }) => expected));
  const all = runs.map(({ expected, found, rtol, nfe }) => ({
    difference: differenceOf(expected, found, scales),
    allowed: allowedFor({ rtol, nfe }, dtype),
    nfe,
  }));
  const none = { difference: 0, allowed: 0, nfe: [undefined, 0] } as const;
  return all.reduce(
    (worst, one) => (one.difference * worst.allowed >= worst.difference * one.allowed ? one : worst),
    all[0] ?? none,
  );
}

/**
 * How far two solves may be apart that are one solver in one precision on the same inputs.
 *
 * - What each rounds differently (a product of matrices, a tanh), amplified by the dynamics: 512 roundings of f32; 1e-9 in f64, in
 *   which ONNX Runtime's functions are not all exact to the last digits.
 * - Rounding of an error estimate changes the sizes of steps a little, and the solution by that part of its error, which is within rtol
 *   of the state's scale: a tenth of it.
 * - Where an estimate is so near the bound that one accepts a step and the other does not, they are different approximations, each within
 *   rtol: then the numbers of evaluations differ, and rtol is allowed.
 */
export function allowedFor({ rtol, nfe: [file, engine] }: Pick<Run, 'rtol' | 'nfe'>, dtype: FloatDType): number {
  const rounding = dtype === 'f64' ? 1e-9 : 512 * 2 ** -23;
  return rounding + (file === undefined || file === engine ? rtol / 10 : rtol);
}

const isDouble = ({ inputs }: ExportedFunction): boolean => inputs[0]?.example(1, () => 0).dtype === 'f64';

/** The largest elements of arrays by name: a small batch may have results near zero alone. */
function largestOf(results: readonly Readonly<Record<string, HostArray>>[]): ReadonlyMap<string, number> {
  const largest = new Map<string, number>();
  for (const [name, { data }] of results.flatMap((one) => Object.entries(one))) {
    largest.set(
      name,
      Array.from(data, Math.abs).reduce((most, value) => Math.max(most, value), largest.get(name) ?? 0),
    );
  }
  return largest;
}

/** The largest difference of results, in units of their scales; infinite where one has an array or a NaN alone. */
export function differenceOf(
  expected: Readonly<Record<string, HostArray>>,
  found: unknown,
  scales = largestOf([expected]),
): number {
  const others = new Map(isRecord(found) ? Object.entries(found) : []);
  return Math.max(
    ...Object.entries(expected).map(([name, x]) => {
      const y = others.get(name);
      if (!isHostArray(y) || y.data.length !== x.data.length) return Infinity;
      const distances = Array.from(x.data, (value, i) => Math.abs(value - (y.data[i] ?? NaN)));
      if (distances.some(Number.isNaN)) return Infinity;
      return Math.max(...distances, 0) / Math.max(scales.get(name) ?? 0, Number.MIN_VALUE);
    }),
  );
}
