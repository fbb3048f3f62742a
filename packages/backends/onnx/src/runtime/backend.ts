/** The engine around ONNX Runtime: its sessions, its arrays, and the programs that graphs are compiled into. */
import { checkHostArray, ExecutionError, interfaceOf, type Backend, type DType, type Graph } from '@node-ode/core';
import type { Provider } from '../lower/contract.ts';
import { nativeComposites } from '../lower/rules.ts';
import { channelBlockOf, hasConvolution } from './channel-block.ts';
import type { Runtime } from './contract.ts';
import { deviceArrays, shareOf } from './device-array.ts';
import {
  disposeProgram,
  executable,
  type ExecutableHost,
  type OnnxExecutable,
  type ProgramOwner,
} from './executable.ts';
import type { OptimizedModels } from './optimized-models.ts';
import type { Settings } from './options.ts';
import { describeRuntime, type OrtModule } from './ort.ts';
import type { CompileProgram } from './programs.ts';
import { sessions as sessionsOf } from './sessions.ts';
import { valuesOf } from './values.ts';

/** The ONNX Runtime engine. */
export interface OnnxBackend extends Backend {
  compile(graph: Graph): Promise<OnnxExecutable>;
  /** The package that runs the models, with its version: `onnxruntime-node 1.30.0`. */
  readonly runtime: string;
}

const dtypes = {
  cpu: ['f32', 'f64', 'i32', 'bool'],
  cuda: ['f32', 'f64', 'i32', 'bool'],
  webgpu: ['f32', 'i32', 'bool'],
} as const satisfies Record<Provider, readonly DType[]>;

/** Makes the engine of a runtime that was found to have the provider: `onnx()` with the compiler as an argument. */
export function onnxBackend(
  module: OrtModule,
  settings: Settings,
  optimized: OptimizedModels | undefined,
  compileProgram: CompileProgram,
): OnnxBackend {
  const { provider } = settings;
  const name = `onnx-${provider}`;
  const sessions = sessionsOf(module, settings, optimized);
  const values = valuesOf(module, provider, sessions);
  const runtime: Runtime = { open: sessions.open, toValue: values.toValue, toHost: values.toHost };

  let isOpen = true;
  const demandOpen = (operation: string): void => {
    if (isOpen) return;
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
  const arrays = deviceArrays({ name, demandOpen, toHost: values.toHost });
  const host: ExecutableHost = {
    arrays,
    demandOpen,
    track,
    forgotten: new FinalizationRegistry<ProgramOwner>((owner) => {
      disposeProgram(owner, { track });
    }),
  };

  let channelBlock: Promise<number> | undefined;
  /** Asked of the runtime when the first graph wants to know. */
  const blockFor = (graph: Graph): Promise<number> | number =>
    hasConvolution(graph) ? (channelBlock ??= channelBlockOf(module, settings)) : 0;

  const compile = async (graph: Graph): Promise<OnnxExecutable> => {
    demandOpen('compile');
    const types = interfaceOf(graph);
    const target = { provider, portable: false, channelBlock: await blockFor(graph) };
    return executable(graph, types, await compileProgram(graph, runtime, target), host);
  };

  return {
    name,
    capabilities: { dtypes: dtypes[provider], composites: nativeComposites },
    runtime: describeRuntime(module),
    compile: (graph) => track(compile(graph)),
    upload: async (array) => {
      demandOpen('upload');
      checkHostArray(array);
      const value = await track(values.toDevice(array));
      return arrays.make(shareOf(value), { kind: 'tensor', shape: [...array.shape], dtype: array.dtype });
    },
    download: (array) => track(arrays.download('download', array)),
    dispose: async () => {
      isOpen = false;
      while (underWay.size > 0) await Promise.all(underWay);
      await sessions.close();
    },
  };
}
