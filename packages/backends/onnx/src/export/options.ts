/** Options of `exportOnnx`, and what they and its arguments are checked against. */
import { OptionError, type DType } from '@node-ode/core';
import { boolean, checkAgainst, integerFrom, object, oneOf, show, text, type Rule } from '../option-rules.ts';
import type { TraceSizes } from './specs.ts';

/** Where large constants are written instead of into the model. */
export interface ExternalData {
  /** Name of the file that they will be in, beside the model. */
  readonly location: string;
  /** Constants of at least this many bytes; 1024 by default. */
  readonly threshold?: number;
}

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** Written into the file as its `metadata_props`, beside what `loadOnnx` needs (under `node_ode.`). */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of the model's graph; that of the function by default. */
  readonly name?: string;
  /** Names of the arguments: those of the inputs begin with them. `input0`, `input1`, … by default. */
  readonly names?: readonly string[];
  /** Adds the int32 scalar output `nfe`: the function evaluations of the forward solves. */
  readonly nfe?: boolean;
  /** Dtype of JavaScript numbers, and of specs that name none; f32 by default. */
  readonly dtype?: DType;
  /** Three sizes for a named extent at which the function can be traced; primes above ten by default. */
  readonly sizes?: Readonly<Record<string, TraceSizes>>;
}

const rules = {
  metadata: object('an object of strings'),
  name: text('a name'),
  names: {
    expected: 'a list of strings, one for each argument',
    accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  },
  nfe: boolean,
  dtype: oneOf('f32', 'f64', 'i32', 'bool' satisfies DType),
  sizes: object('an object with three sizes for a named extent'),
  externalData: object('an object { location, threshold? }'),
} as const satisfies Record<keyof ExportOptions | 'externalData', Rule>;

const externalDataRules = {
  location: text('the name of a file beside the model'),
  threshold: integerFrom(0, Number.MAX_SAFE_INTEGER),
} as const satisfies Record<keyof ExternalData, Rule>;

/**
 * Checks the arguments of `exportOnnx` as far as that is possible without looking into them.
 *
 * @throws OptionError naming an option that is not known, or whose value is not what is expected; OptionError for a function
 * that is none, or specs that are no list.
 */
export function checkExport(fn: unknown, specs: unknown, options: { readonly externalData?: unknown }): void {
  const refuse = (problem: string, expected: string, advice?: string): OptionError =>
    new OptionError('exportOnnx', problem, { expected, ...(advice === undefined ? {} : { advice }) });
  if (typeof fn !== 'function') throw refuse(`the function is ${show(fn)}`, 'a function of tensors');
  if (!Array.isArray(specs)) {
    throw refuse(`the specs are ${show(specs)}`, 'a list with a spec for each argument', 'Pass [{ shape: […] }].');
  }
  if (typeof options !== 'object' || options === null) throw refuse(`the options are ${show(options)}`, 'an object');
  checkAgainst('exportOnnx', rules, options);
  if (options.externalData === undefined) return;
  const externalData = { location: undefined, ...(options.externalData as object) };
  checkAgainst('exportOnnx', externalDataRules, externalData, { prefix: 'externalData.' });
  if (externalData.location === undefined) {
    throw refuse('externalData has no location', externalDataRules.location.expected);
  }
}
