/** What `node-ode export` does. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ExecutionError, UnsupportedError, type ModelPlugin, type Ode, type Tensor } from '@node-ode/core';
import type { exportOnnx, loadOnnx } from '@node-ode/backend-onnx';
import { PluginError } from '../errors.ts';
import type { CommonOptions, Io } from '../io.ts';
import { openEngine, trainedDefaults } from '../ode/engine.ts';
import { writeWhole } from '../output/files.ts';
import { outputOf } from '../output/output.ts';
import { importInstalled } from '../plugins/find.ts';
import { makePlugin, nameOf } from '../plugins/make.ts';
import { readModel, type StoredModel } from '../trained/model-file.ts';
import { compare, type Comparison, type Tolerances } from './compare.ts';
import { exportedFunction, type ExportedFunction } from './functions.ts';

/** The flags of `export`. */
export interface ExportFlags extends CommonOptions {
  readonly out?: string;
  readonly what?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What is used of `@node-ode/backend-onnx`, which may not be installed. */
interface OnnxPackage {
  readonly exportOnnx: typeof exportOnnx;
  readonly loadOnnx: typeof loadOnnx;
}
type ModelFunction = (...args: readonly Tensor[]) => Readonly<Record<string, Tensor>>;

/**
 * Writes a trained model as a file of ONNX, reads it back, and holds it to the engine that trained it.
 *
 * @throws PluginError if `@node-ode/backend-onnx` is not installed; ExecutionError if the file computes something else.
 */
export async function exportModel(given: string, flags: ExportFlags, io: Io): Promise<void> {
  const onnx = await onnxPackage(io);
  const stored = await readModel(given, io.cwd);
  const { config } = stored;
  const { value: plugin }: { readonly value: ModelPlugin } = await makePlugin('model', config.model, io);
  const engine = await openEngine(config, trainedDefaults, io);
  try {
    const { ode, dtype } = engine;
    const exported = exportedFunction(stored, flags.what, { plugin, ode, dtype });
    const tolerances = tolerancesOf(stored, ode);
    const fn = functionOf(exported, tolerances);
    const names = [...exported.inputs.map(({ name }) => name), ...(tolerances === undefined ? [] : ['rtol', 'atol'])];
    const shapes = [...exported.inputs.map(({ shape }) => shape), ...(tolerances === undefined ? [] : [[], []])];
    const file = onnx.exportOnnx(
      fn,
      shapes.map((shape) => ({ shape, dtype })),
      {
        names,
        nfe: true,
        dtype,
        name: plugin.name,
        metadata: { ...metadataOf(stored, exported, tolerances), ...flags.metadata },
      },
    );
    const path = await writeWhole(io, flags.out ?? (await defaultPath(given, exported, io)), file);
    const compared = await check(path, onnx, fn, { ode, exported, tolerances }, io);
    await tell({ path, bytes: file.length, names, exported, compared }, flags, io);
  } finally {
    await engine.dispose();
  }
}

const isOnnxPackage = (module: object): module is OnnxPackage => 'exportOnnx' in module && 'loadOnnx' in module;

async function onnxPackage(io: Io): Promise<OnnxPackage> {
  const found = await importInstalled('@node-ode/backend-onnx', io);
  const module = Object.fromEntries(found ?? []);
  if (!isOnnxPackage(module)) {
    throw new PluginError('export', 'the package @node-ode/backend-onnx, which writes the file, is not installed', {
      expected: 'it beside your project or beside @node-ode/cli',
      advice: 'Run: npm install @node-ode/backend-onnx onnxruntime-node',
    });
  }
  return module;
}

/** Those that the model was trained with, where its steps are adaptive: inputs of the file. */
function tolerancesOf({ config }: StoredModel, ode: Ode): Tolerances | undefined {
  const isFixed = config.stepSize !== undefined || config.controller !== undefined || !ode.solver.hasErrorEstimate;
  if (isFixed) return undefined;
  const defaults = trainedDefaults.tolerancesOf();
  return { rtol: config.rtol ?? defaults.rtol, atol: config.atol ?? defaults.atol };
}

function functionOf({ inputs, apply }: ExportedFunction, tolerances: Tolerances | undefined): ModelFunction {
  return (...args) => {
    const [rtol, atol] = args.slice(inputs.length);
    const given = tolerances === undefined || rtol === undefined || atol === undefined ? undefined : { rtol, atol };
    return apply(args.slice(0, inputs.length), given);
  };
}

/** What the file says of itself. */
const metadataOf = (
  { info, config, made }: StoredModel,
  { what, inputs, outputs }: ExportedFunction,
  tolerances: Tolerances | undefined,
): Readonly<Record<string, string>> => ({
  task: info.task,
  what,
  model: `${made.model}${made.version === null ? '' : ` ${made.version}`}`,
  inputs: [
    ...inputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`),
    ...(tolerances === undefined ? [] : ['rtol', 'atol']),
  ].join('; '),
  outputs,
  columns: (info.task === 'forecast' ? info.values : info.features).join(', '),
  ...('classes' in info && info.classes.length > 0 ? { classes: info.classes.join(', ') } : {}),
  ...(tolerances === undefined ? {} : { trained_with: `rtol ${tolerances.rtol}, atol ${tolerances.atol}` }),
  solver: nameOf(config.solver ?? trainedDefaults.solver),
});

/** Beside the model's file. */
async function defaultPath(given: string, { what }: ExportedFunction, { cwd }: Io): Promise<string> {
  const isFolder = (await stat(resolve(cwd, given))).isDirectory();
  return join(isFolder ? given : dirname(given), what === 'predict' ? 'model.onnx' : `${what}.onnx`);
}

/** The file on disk beside the engine; undefined where no ONNX Runtime is installed to run it. */
async function check(
  path: string,
  { loadOnnx }: OnnxPackage,
  fn: ModelFunction,
  context: Parameters<typeof compare>[2],
  { cwd }: Io,
): Promise<Comparison | string> {
  try {
    const model = await loadOnnx(await readFile(resolve(cwd, path)));
    const compared = await compare(model, fn, context).finally(() => model.dispose());
    if (compared.difference <= compared.allowed) return compared;
    throw new ExecutionError(
      'export',
      `${path} differs from the engine that trained the model by ${compared.difference.toExponential(1)} of the largest result`,
      {
        expected: `at most ${compared.allowed.toExponential(1)}`,
        advice: 'Do not use the file, and tell the authors of @node-ode.',
      },
    );
  } catch (error) {
    if (
      error instanceof UnsupportedError ||
      (error instanceof Error && 'code' in error && error.code === 'UNSUPPORTED')
    ) {
      return error.message;
    }
    throw error;
  }
}

interface Written {
  readonly path: string;
  readonly bytes: number;
  readonly names: readonly string[];
  readonly exported: ExportedFunction;
  /** Or why the file was not run. */
  readonly compared: Comparison | string;
}

async function tell({ path, bytes, names, exported, compared }: Written, flags: ExportFlags, io: Io): Promise<void> {
  const isChecked = typeof compared !== 'string';
  const checked = isChecked
    ? `Run by ONNX Runtime on random batches of ${compared.batches.join(' and ')} it differs from the engine that trained it by ${compared.difference.toExponential(1)} (allowed: ${compared.allowed.toExponential(1)}).`
    : `It was not run: ${compared}`;
  const text = [
    `${path}: ${(bytes / 1024).toFixed(0)} kB, ${exported.what}, the solver inside.`,
    `Inputs: ${names.join(', ')}. Outputs: ${exported.outputs}; nfe.`,
    checked,
  ].join('\n');
  await outputOf(io, flags).result(
    {
      path,
      bytes,
      what: exported.what,
      inputs: names,
      outputs: exported.outputs,
      check: isChecked
        ? { difference: compared.difference, allowed: compared.allowed, batches: compared.batches }
        : null,
      ...(isChecked ? {} : { unchecked: compared }),
    },
    text,
  );
}
