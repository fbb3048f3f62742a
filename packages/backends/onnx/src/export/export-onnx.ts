/** Export: a traced function, adaptive solves and all, as one ONNX file that any runtime runs. */
import {
  isFailureReport,
  optimize,
  OptionError,
  ShapeError,
  traceFunction,
  TreeError,
  type Graph,
  type HostArray,
  type Tensor,
  type TracedFunction,
} from '@node-ode/core';
import { emitModel } from '../lower/emit-model.ts';
import { nativeComposites } from '../lower/rules.ts';
import { encodeModel } from '../model/encode.ts';
import type { OnnxModel } from '../model/ir.ts';
import { formatSizes, planSizes, type SizePlan, type Sizes } from './extents.ts';
import { withInterface } from './file-interface.ts';
import { mergeSizes } from './merge-sizes.ts';
import { inputNames, outputNames } from './names.ts';
import { checkExport, type ExportOptions, type ExternalData } from './options.ts';
import { chooseSizes, numbersOf, readSpecs, tracedAt, type OnnxSpecsOf } from './specs.ts';

/** A model and the constants beside it. */
export interface ExportedParts {
  readonly model: Uint8Array<ArrayBuffer>;
  /** The content of the file at `location`; empty if no constant was large enough. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Writes a function of tensors as an ONNX file: operator set 18, standard operators only, loops as `Loop`, so that any ONNX
 * Runtime runs it, and `loadOnnx`. Host arrays that the function captures, such as trained parameters, are baked in.
 *
 * Inputs are the leaves of the arguments and are named by their paths (`params.w`, behind the name of their argument);
 * outputs are the leaves of the result. An extent in a spec may be a name: `{ shape: ['batch', 2] }`. The function is then
 * traced at several sizes; what differs must be affine in each name. What it does at other sizes alone, because it looks at
 * `x.shape`, can't be seen.
 *
 * A file in which a solve can fail has the output `status` (if there are solves of several kinds one for each: `status.f32`,
 * `status.f64`, and `status.samples.f32` for solves with steps for each sample), four numbers
 * `[code, t, h, steps]`: code 0 if every solve reached its last time, 1 for too many steps, 2 for a step too small to change
 * the time, 3 for a state that is not finite, 4 for times that are not in order, 5 for tolerances that are negative or not
 * finite, 6 for an implicit step that did not converge, 7 for an event function that is NaN; then the time that was reached, the last step and the number of steps tried, and with steps for each sample which sample
 * failed first and how many did. **With any other code than 0 the
 * other outputs are worthless.** `loadOnnx` throws.
 *
 * @throws TreeError, ShapeError or DTypeError for specs that are none, or that the function does not take; OptionError for
 * an option that is unknown or out of range, names that occur twice, or fewer specs than the function takes; ShapeError if the function is not the same for every size of a named
 * extent, naming the operation; UnsupportedError for what ONNX has no operator for.
 * @example
 * const file = exportOnnx(
 *   (y0: Tensor, rtol: Tensor) => ode.odeint(f, y0, [0, 1], { rtol, atol: 1e-7 }).ys,
 *   [{ shape: ['batch', 2] }, { shape: [] }],
 *   { names: ['y0', 'rtol'], nfe: true, metadata: { author: 'me' } },
 * );
 * await writeFile('model.onnx', file);
 */
export function exportOnnx<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  specs: { readonly [I in keyof A]: OnnxSpecsOf<A[I]> },
  options: ExportOptions & { readonly externalData: ExternalData },
): ExportedParts;
export function exportOnnx<A extends readonly unknown[]>(
  fn: (...args: A) => unknown,
  specs: { readonly [I in keyof A]: OnnxSpecsOf<A[I]> },
  options?: ExportOptions & { readonly externalData?: undefined },
): Uint8Array<ArrayBuffer>;
export function exportOnnx(
  fn: (...args: never) => unknown,
  specs: readonly unknown[],
  options: ExportOptions & { readonly externalData?: ExternalData | undefined } = {},
): Uint8Array<ArrayBuffer> | ExportedParts {
  checkExport(fn, specs, options);
  const { externalData } = options;
  const model = exportedModel(fn, specs, options);
  if (externalData === undefined) return encodeModel(model).bytes;
  const encoded = encodeModel(model, { externalData });
  return { model: encoded.bytes, data: encoded.externalData ?? new Uint8Array() };
}

function exportedModel(fn: (...args: never) => unknown, specs: readonly unknown[], options: ExportOptions): OnnxModel {
  const { dtype = 'f32', metadata = {} } = options;
  const named = readSpecs(specs);
  const planWithout = (numbers: ReadonlySet<number>): SizePlan =>
    planSizes(chooseSizes(named.extents, numbers, options.sizes ?? {}));
  const inputs = inputNames(named.structure, options.names);
  const traceAt = (sizes: Sizes): TracedFunction =>
    tracedAt(sizes, { arity: fn.length, specs: specs.length, extents: named.extents }, () =>
      traceFunction(fn as (...args: readonly Tensor[]) => unknown, named.at(sizes), {
        composites: nativeComposites,
        dtype,
        operation: 'exportOnnx',
      }),
    );
  const traced = traceAtAll(numbersOf(specs), planWithout, traceAt);
  const { plan } = traced;
  const first = traced.functions[0] as TracedFunction;
  requireSameResult(plan, traced.functions);
  const results = outputNames(first.result, inputs);
  const diagnostics = diagnosticsOf(first, options.nfe === true, [...inputs, ...results]);
  const models = traced.functions.map((each) => emit(each, inputs, results, diagnostics, options.name));
  const merged = mergeSizes(
    plan,
    models,
    named.sources.map(({ leaf, ...source }) => ({ ...source, input: inputs[leaf] as string })),
  );
  const position = (_: unknown, i: number): number => i;
  const nfe = diagnostics.find(({ report }) => report === 'nfe');
  const failures = diagnostics.filter(({ report }) => isFailureReport(report));
  return withInterface(
    merged,
    {
      arguments: named.structure.rebuild(inputs.map(position)),
      result: first.result.rebuild(results.map(position)),
      failures: Object.fromEntries(failures.map(({ name, report }) => [name, report])),
      ...(nfe === undefined ? {} : { nfe: nfe.name }),
    },
    metadata,
  );
}

/** Traces a function at every point of a plan whose sizes are no extents of what it captures, of weights for one. */
function traceAtAll(
  numbers: ReadonlySet<number>,
  planWithout: (numbers: ReadonlySet<number>) => SizePlan,
  traceAt: (sizes: Sizes) => TracedFunction,
): { readonly plan: SizePlan; readonly functions: readonly TracedFunction[] } {
  const base = planWithout(numbers).points[0] ?? {};
  const first = traceAt(base);
  const plan = planWithout(new Set([...numbers, ...first.constants.flatMap(({ shape }) => shape)]));
  const isTraced = (sizes: Sizes): boolean => formatSizes(sizes) === formatSizes(base);
  return { plan, functions: plan.points.map((sizes) => (isTraced(sizes) ? first : traceAt(sizes))) };
}

/** @throws TreeError if there is no result; ShapeError if it is another tree at another size. */
function requireSameResult({ points }: SizePlan, traced: readonly TracedFunction[]): void {
  const count = (i: number): number => traced[i]?.result.paths.length ?? 0;
  if (count(0) === 0) {
    throw new TreeError('exportOnnx', 'the function returns no tensor', { expected: 'at least one' });
  }
  const at = traced.findIndex(({ result }) => result.key !== traced[0]?.result.key);
  if (at === -1) return;
  const [here, there] = [points[0] ?? {}, points[at] ?? {}].map(formatSizes);
  throw new ShapeError(
    'exportOnnx',
    `the result is a tree of ${count(0)} tensors at ${here ?? ''}, and another of ${count(at)} at ${there ?? ''}`,
    {
      expected: 'the same tree for every size',
      advice: 'Return one tensor with an axis for it, such as stack(…) gives.',
    },
  );
}

/** An output beside the results. */
interface Diagnostic {
  readonly name: string;
  readonly report: string;
}

/** Which of the function's reports become outputs, and under which names. */
function diagnosticsOf(
  { reports }: TracedFunction,
  wantsNfe: boolean,
  taken: readonly string[],
): readonly Diagnostic[] {
  if (wantsNfe && !reports.includes('nfe')) {
    throw new OptionError('exportOnnx', 'nfe for a function that solves nothing', {
      expected: 'a function that calls odeint',
    });
  }
  const failures = reports.filter(isFailureReport);
  const status = (report: string): string =>
    failures.length === 1 ? 'status' : report.replace(/^solve\.failure/, 'status');
  const found = [
    ...(wantsNfe ? [{ name: 'nfe', report: 'nfe' }] : []),
    ...failures.map((report) => ({ name: status(report), report })),
  ];
  const clash = found.find(({ name }) => taken.includes(name));
  if (clash === undefined) return found;
  throw new OptionError('exportOnnx', `an input or a result has the name '${clash.name}'`, {
    expected: `another name: '${clash.name}' is the output that tells ${clash.report === 'nfe' ? 'the number of function evaluations' : 'whether a solve failed'}`,
    advice: 'Rename the key of the tree, or give the argument another name in `names`.',
  });
}

function emit(
  { graph, constants, result, reports }: TracedFunction,
  inputs: readonly string[],
  results: readonly string[],
  diagnostics: readonly Diagnostic[],
  name = graph.name,
): OnnxModel {
  const first = result.paths.length;
  const kept = diagnostics.map(({ report }) => graph.outputs[first + reports.indexOf(report)]);
  const outputs = [...graph.outputs.slice(0, first), ...kept] as Graph['outputs'];
  const constantNames = constants.map((_, i) => freeName(`captured_${i}`, [...inputs, ...results]));
  return emitModel(optimize({ ...graph, name, outputs }), {
    provider: 'cpu',
    inputNames: [...constantNames, ...inputs],
    outputNames: [...results, ...diagnostics.map((output) => output.name)],
    constants: new Map<number, HostArray>(constants.map((constant, i) => [i, constant])),
    portable: true,
  });
}

const freeName = (name: string, taken: readonly string[]): string =>
  taken.includes(name) ? freeName(`${name}_`, taken) : name;
