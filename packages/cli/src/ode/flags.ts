/** The flags that say how equations are solved, which several commands have, and what is made of them. */
import {
  createOde,
  pid,
  type Backend,
  type DType,
  type Ode,
  type OdeOptions,
  type Solver,
  type StepController,
} from '@node-ode/core';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { PluginKind } from '../plugins/kinds.ts';
import { makePlugin, type PluginSpec } from '../plugins/make.ts';

/** How equations are solved, as flags say it. */
export interface OdeFlags {
  readonly solver: string;
  readonly backend: string;
  readonly controller?: string;
  readonly dtype?: 'f32' | 'f64';
  readonly rtol?: number;
  readonly atol?: number;
  readonly h?: number;
  readonly maxStep?: number;
  readonly maxSteps?: number;
  readonly solverOption?: PluginOptions;
  readonly backendOption?: PluginOptions;
  readonly controllerOption?: PluginOptions;
}

type PluginOptions = Readonly<Record<string, unknown>>;

/** A number; with `atLeast`, none below it. */
export const numberFlag =
  ({ atLeast = -Infinity, integer = false }: { readonly atLeast?: number; readonly integer?: boolean } = {}) =>
  (text: string): number => {
    const value = Number(text);
    const isRight =
      text.trim() !== '' && Number.isFinite(value) && value >= atLeast && (!integer || Number.isInteger(value));
    if (isRight) return value;
    const bound = atLeast === -Infinity ? '' : ` from ${atLeast} on`;
    throw new InvalidArgumentError(`Expected ${integer ? 'an integer' : 'a number'}${bound}.`);
  };

/** `key=value`, several of them; values are JSON where they can be, else text. */
const pluginOption = (text: string, before: PluginOptions = {}): PluginOptions => {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === '') throw new InvalidArgumentError('Expected key=value.');
  return { ...before, [key]: jsonOrText(value) };
};

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Adds the flags to a command. */
export function addOdeFlags(command: Command): Command {
  const positive = numberFlag({ atLeast: Number.MIN_VALUE });
  const option = (flags: string, description: string): Option => new Option(flags, description).argParser(pluginOption);
  return command
    .option('--solver <name>', 'a short name, a package or a path', 'dopri5')
    .option('--backend <name>', 'the engine: a short name, a package or a path', 'wasm')
    .option('--rtol <number>', 'relative tolerance (1e-6; 1e-4 in f32)', numberFlag({ atLeast: 0 }))
    .option('--atol <number>', 'absolute tolerance (1e-9; 1e-6 in f32)', numberFlag({ atLeast: 0 }))
    .option('--h <number>', 'steps of this size, whatever the error', positive)
    .option('--max-step <number>', 'the largest step tried', positive)
    .option('--max-steps <n>', 'steps tried before giving up (100000)', numberFlag({ atLeast: 1, integer: true }))
    .addOption(new Option('--dtype <dtype>', 'precision (f64 where the engine has it)').choices(['f32', 'f64']))
    .option('--controller <name>', 'what chooses steps (pid; constantStep with --h)')
    .addOption(option('--solver-option <key=value>', 'an option of the solver; several times for several'))
    .addOption(option('--backend-option <key=value>', 'an option of the engine, such as provider=cuda'))
    .addOption(option('--controller-option <key=value>', 'an option of the controller, such as pCoefficient=0.4'));
}

/** An engine, a solver and a controller put together. */
export interface MadeOde {
  readonly ode: Ode;
  readonly backend: Backend;
  readonly dtype: 'f32' | 'f64';
  /** “dopri5 on wasm, f64, rtol 1e-6, atol 1e-9” */
  readonly description: string;
}

const spec = (name: string, options: PluginOptions = {}): PluginSpec => ({ ...options, name });

/** A plugin of a kind, which `makePlugin` has looked at. */
const plugin = async <T>(kind: PluginKind, given: PluginSpec, io: Io): Promise<T> =>
  (await makePlugin(kind, given, io, { path: `--${kind}` })).value as T;

/** The engine that is named. */
export const makeBackend = (name: string, options: PluginOptions | undefined, io: Io): Promise<Backend> =>
  plugin<Backend>('backend', spec(name, options), io);

/** The solver that is named. */
export const makeSolver = (name: string, options: PluginOptions | undefined, io: Io): Promise<Solver> =>
  plugin<Solver>('solver', spec(name, options), io);

/** Tolerances where none are given: near what the dtype allows without asking for its last digits. */
export const defaultTolerances = (dtype: DType): { readonly rtol: number; readonly atol: number } =>
  dtype === 'f64' ? { rtol: 1e-6, atol: 1e-9 } : { rtol: 1e-4, atol: 1e-6 };

/**
 * What the flags say, put together. The engine is the caller's to dispose of.
 *
 * @throws PluginError for what is not installed; CompositionError, OptionError and UsageError for what does not go together.
 */
export async function makeOde(flags: OdeFlags, io: Io): Promise<MadeOde> {
  const solver = await makeSolver(flags.solver, flags.solverOption, io);
  const backend = await makeBackend(flags.backend, flags.backendOption, io);
  const dtype = flags.dtype ?? (backend.capabilities.dtypes.includes('f64') ? 'f64' : 'f32');
  const { rtol, atol } = { ...defaultTolerances(dtype), ...given(flags) };
  const common = { backend, solver, dtype, maxSteps: flags.maxSteps ?? 100_000 };
  const how = (detail: string): string => `${solver.name} on ${backend.name}, ${dtype}, ${detail}`;
  try {
    const controller = await controllerOf(flags, dtype, io);
    if (controller !== undefined) {
      return { ode: createOde({ ...common, controller }), backend, dtype, description: how(controller.name) };
    }
    if (flags.h !== undefined) {
      return { ode: createOde({ ...common, h: flags.h }), backend, dtype, description: how(`h ${flags.h}`) };
    }
    if (!solver.hasErrorEstimate) {
      throw new UsageError(
        '--solver',
        `${solver.name} has no error estimate to choose its steps by, and no step is given`,
        {
          expected: '--h, such as --h 0.01, or a solver such as dopri5',
        },
      );
    }
    const { maxStep } = flags;
    const adaptive: OdeOptions = {
      ...common,
      controller: pid({ rtol, atol, ...(maxStep === undefined ? {} : { maxStep }) }),
    };
    return {
      ode: createOde(adaptive),
      backend,
      dtype,
      description: how(`rtol ${inShort(rtol)}, atol ${inShort(atol)}`),
    };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

const given = ({ rtol, atol }: OdeFlags): { readonly rtol?: number; readonly atol?: number } => ({
  ...(rtol === undefined ? {} : { rtol }),
  ...(atol === undefined ? {} : { atol }),
});

async function controllerOf(flags: OdeFlags, dtype: DType, io: Io): Promise<StepController | undefined> {
  const { controller, controllerOption, h, maxStep } = flags;
  if (h !== undefined) {
    const other = (['rtol', 'atol', 'maxStep', 'controller', 'controllerOption'] as const).find(
      (name) => flags[name] !== undefined,
    );
    if (other === undefined) return undefined;
    throw new UsageError('--h', `steps of one size, and --${dashed(other)}`, { expected: 'one of them' });
  }
  if (controller === undefined && controllerOption === undefined) return undefined;
  const tolerances = controller === undefined || controller === 'pid' ? defaultTolerances(dtype) : {};
  const options = {
    ...tolerances,
    ...given(flags),
    ...(maxStep === undefined ? {} : { maxStep }),
    ...controllerOption,
  };
  return plugin<StepController>('controller', spec(controller ?? 'pid', options), io);
}

/** 1e-6, and 0.01. */
export const inShort = (x: number): string => (x !== 0 && x < 1e-2 ? x.toExponential() : String(x));

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
