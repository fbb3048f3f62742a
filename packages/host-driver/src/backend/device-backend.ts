/** An engine around programs: its arrays, what is under way in it, and its end. */
import {
  checkHostArray,
  ExecutionError,
  interfaceOf,
  type Backend,
  type BackendCapabilities,
  type DeviceArray,
  type Graph,
  type HostArray,
  type Shape,
  type TensorData,
  type TensorType,
} from '@node-ode/core';
import type { DeviceValue } from '../device.ts';
import { sharedArrays, shareOf } from './device-array.ts';
import { disposeProgram, executable, type ExecutableHost, type PlacedExecutable } from './executable.ts';
import type { Program } from './program.ts';

/** An engine whose executables tell where they run. */
export interface DeviceBackend extends Backend {
  compile(graph: Graph): Promise<PlacedExecutable>;
}

/** What an engine is made of. */
export interface DeviceBackendParts<V extends DeviceValue> {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  /**
   * Makes the program of a lowered graph that was found to be in order.
   *
   * @throws UnsupportedError naming an operation or a dtype that the engine does not have.
   */
  compileProgram(graph: Graph): Program<V> | Promise<Program<V>>;
  /** A value with the elements of an array that was found to be in order, copied. */
  toDevice(array: HostArray): V | Promise<V>;
  /** The elements of a value, copied. */
  toHost(value: V, type: TensorType): TensorData | Promise<TensorData>;
  /** The shape of a value, where values know it: results of another one than was compiled are an ExecutionError then. */
  readonly shapeOf?: (value: V) => Shape;
  /** Frees what the engine itself holds, when nothing is under way in it any more. Called once. */
  readonly close?: () => void | Promise<void>;
}

/**
 * An engine of programs and values. Inputs are kept while they are read and freed when their last user has let go, results that
 * are inputs share their values, donated inputs are given up when a run has succeeded; arrays and programs that were forgotten
 * are freed; after `dispose` everything is refused with an ExecutionError.
 *
 * @example
 * const backend = deviceBackend({
 *   name: 'mine',
 *   capabilities: { dtypes: ['f32', 'i32', 'bool'], composites: [] },
 *   compileProgram: (graph) => hostProgram(graph, device),
 *   toDevice: (array) => device.toValue(array),
 *   toHost: (value, type) => device.toHost(value, type),
 * });
 */
export function deviceBackend<V extends DeviceValue>(parts: DeviceBackendParts<V>): DeviceBackend {
  const { name, capabilities, shapeOf } = parts;
  let closing: Promise<void> | undefined;
  const demandOpen = (operation: string): void => {
    if (closing === undefined) return;
    throw new ExecutionError(operation, `the ${name} backend was disposed`, { advice: 'Make another one.' });
  };
  const underWay = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const forget = (): void => {
      underWay.delete(done);
    };
    const done: Promise<void> = work.then(forget, forget);
    underWay.add(done);
    return work;
  };
  const arrays = sharedArrays<V>({ name, demandOpen, toHost: (value, type) => parts.toHost(value, type) });
  const host: ExecutableHost<V> = {
    arrays,
    shapeOf,
    demandOpen,
    track,
    forgotten: new FinalizationRegistry((owner) => {
      disposeProgram(owner, { track });
    }),
  };

  const compile = async (graph: Graph): Promise<PlacedExecutable> => {
    demandOpen('compile');
    const types = interfaceOf(graph);
    return executable(graph, types, await parts.compileProgram(graph), host);
  };
  const toDevice = async (array: HostArray): Promise<V> => parts.toDevice(array);
  const download = async (array: DeviceArray): Promise<HostArray> => arrays.download('download', array);
  const close = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay);
    await parts.close?.();
  };

  return {
    name,
    capabilities,
    compile: (graph) => track(compile(graph)),
    upload: async (array) => {
      demandOpen('upload');
      checkHostArray(array);
      const value = await track(toDevice(array));
      return arrays.make(shareOf(value), [...array.shape], array.dtype);
    },
    download: (array) => track(download(array)),
    dispose: () => (closing ??= close()),
  };
}
