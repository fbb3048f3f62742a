/** Tries an engine: it is made, told apart, and solves something whose solution is known. */
import { createOde, NodeOdeError, type Backend, type Tensor } from '@node-ode/core';
import type { Io } from '../io.ts';
import { bestDType, fineTolerances } from '../ode/engine.ts';
import { makePlugin, type PluginSpec } from '../plugins/make.ts';

/** What trying an engine showed. */
export interface EngineReport {
  /** As `--backend` takes it. */
  readonly name: string;
  readonly works: boolean;
  readonly package?: string;
  /** What it computes on, as far as it says. */
  readonly device?: string;
  /** The library that it is built on. */
  readonly runtime?: string;
  readonly dtypes?: readonly string[];
  /** Of a solve of an oscillator once round, tolerances as `solve` has them. */
  readonly error?: number;
  /** Milliseconds of that solve, the second of its kind. */
  readonly milliseconds?: number;
  /** Why it does not work, and what to do. */
  readonly problem?: string;
}

/** Tries the engine of a name; what is wrong with it is in the report. */
export async function probe(spec: PluginSpec, name: string, io: Io): Promise<EngineReport> {
  let backend: Backend | undefined;
  try {
    const made = await makePlugin('backend', spec, io, { path: 'backends' });
    backend = made.value;
    const solved = await oscillate(backend, io);
    const { capabilities } = backend;
    return { name, works: true, package: made.found.source, ...about(backend), dtypes: capabilities.dtypes, ...solved };
  } catch (error) {
    return { name, works: false, problem: problemOf(error) };
  } finally {
    await backend?.dispose().catch(() => undefined);
  }
}

/** Where an oscillator is after one period: where it began. */
async function oscillate(backend: Backend, io: Io): Promise<{ readonly error: number; readonly milliseconds: number }> {
  const dtype = bestDType(backend);
  const { value: solver } = await makePlugin('solver', 'dopri5', io);
  const ode = createOde({ backend, solver, dtype, ...fineTolerances(dtype) });
  const period = ode.compile((x0: Tensor) => {
    const f = (_t: Tensor, [x, v]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => [v, x.neg()];
    const { ys } = ode.odeint(f, [x0, x0.mul(0)] as const, [0, 2 * Math.PI]);
    return [ys[0].at(-1), ys[1].at(-1)] as const;
  });
  const once = async (): Promise<number> => {
    const [x, v] = await period(1);
    const [atX, atV] = [(await x.read()).data[0] ?? NaN, (await v.read()).data[0] ?? NaN];
    x.dispose();
    v.dispose();
    return Math.max(Math.abs(atX - 1), Math.abs(atV));
  };
  const error = await once();
  const bound = dtype === 'f64' ? 1e-4 : 1e-2;
  if (!(error < bound))
    throw new Error(`it computes something else: an oscillator is off by ${error} after one period`);
  const begin = performance.now();
  await once();
  const milliseconds = performance.now() - begin;
  period.dispose();
  return { error, milliseconds };
}

/** What engines may say of themselves. */
function about(backend: Backend): Pick<EngineReport, 'device' | 'runtime'> {
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(backend, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [device, runtime] = [text('device'), text('runtime')];
  return { ...(device === undefined ? {} : { device }), ...(runtime === undefined ? {} : { runtime }) };
}

const problemOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error instanceof NodeOdeError ? error.message : (error.message.split('\n')[0] ?? '');
};
