/** The engine around ONNX Runtime: its sessions, its arrays, and the programs that graphs are compiled into. */
import type { DType, Graph } from '@node-ode/core';
import { deviceBackend, type DeviceBackend, type PlacedExecutable } from '@node-ode/host-driver';
import type { Provider } from '../lower/contract.ts';
import { nativeComposites } from '../lower/rules.ts';
import { channelBlockOf, hasConvolution } from './channel-block.ts';
import type { OrtValue, Runtime } from './contract.ts';
import type { OptimizedModels } from './optimized-models.ts';
import type { Settings } from './options.ts';
import { describeRuntime, type OrtModule } from './ort.ts';
import type { CompileProgram } from './programs.ts';
import { sessions as sessionsOf } from './sessions.ts';
import { valuesOf } from './values.ts';

/**
 * A compiled graph of the ONNX Runtime engine; `placement` tells which part of it runs where.
 *
 * @example
 * const executable = await backend.compile(graph);
 * for (const { part, provider, nodes } of executable.placement) console.log(part, provider, nodes);
 */
export type OnnxExecutable = PlacedExecutable;

/** The ONNX Runtime engine. */
export interface OnnxBackend extends DeviceBackend {
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
  const sessions = sessionsOf(module, settings, optimized);
  const values = valuesOf(module, provider, sessions);
  const runtime: Runtime = { open: sessions.open, toValue: values.toValue, toHost: values.toHost };

  let channelBlock: Promise<number> | undefined;
  /** Asked of the runtime when the first graph wants to know. */
  const blockFor = (graph: Graph): Promise<number> | number =>
    hasConvolution(graph) ? (channelBlock ??= channelBlockOf(module, settings)) : 0;

  const backend = deviceBackend<OrtValue>({
    name: `onnx-${provider}`,
    capabilities: { dtypes: dtypes[provider], composites: nativeComposites },
    compileProgram: async (graph) =>
      compileProgram(graph, runtime, { provider, portable: false, channelBlock: await blockFor(graph) }),
    toDevice: (array) => values.toDevice(array),
    toHost: (value, type) => values.toHost(value, type),
    shapeOf: ({ dims }) => dims,
    close: () => sessions.close(),
  });
  return { ...backend, runtime: describeRuntime(module) };
}
