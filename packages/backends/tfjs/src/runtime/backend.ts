/** The engine on a backend of tfjs. */
import { subgraphsOf, type Graph, type ValueType } from '@node-ode/core';
import { deviceBackend, hostProgram, type DeviceBackend } from '@node-ode/host-driver';
import { nativeComposites } from '../kernels/lowerings.ts';
import { describeDevice } from './describe-device.ts';
import { tfDevice } from './device.ts';
import { isNativeBackend } from './native/native-backend.ts';
import type { TfRuntime } from './runtime.ts';
import { tfDType } from '../dtypes.ts';
import type { TfValue } from './value.ts';

/** The tfjs engine. */
export interface TfjsBackend extends DeviceBackend {
  /** tfjs with its version: `tfjs-core 4.22.0`. */
  readonly runtime: string;
  /** tfjs's backend, and what it computes on as far as it says so: `wasm`, `webgpu (nvidia, ampere)`. */
  readonly device: string;
}

/** Makes the engine of a backend that is ready. */
export function tfjsBackend(runtime: TfRuntime): TfjsBackend {
  const device = tfDevice(runtime);
  const backend = deviceBackend<TfValue>({
    name: nameOf(runtime),
    capabilities: { dtypes: ['f32', 'i32', 'bool'], composites: nativeComposites(runtime.name) },
    compileProgram: (graph) => {
      demandDTypes(graph);
      return hostProgram(graph, device);
    },
    toDevice: (array) => device.toValue(array),
    toHost: (value, type) => device.toHost(value, type),
    shapeOf: ({ shape }) => shape,
  });
  return { ...backend, runtime: `tfjs-core ${runtime.version}`, device: describeDevice(runtime) };
}

/** The engine's name: by tfjs's name of the backend, or by the package of TensorFlow's library. */
function nameOf({ name, backend }: TfRuntime): string {
  if (!isNativeBackend(backend)) return `tfjs-${name}`;
  return backend.isGPUPackage ? 'tfjs-node-gpu' : 'tfjs-node';
}

/**
 * Refuses dtypes that tfjs does not have, those of scalars too, which JavaScript could compute.
 *
 * @throws UnsupportedError
 */
function demandDTypes(graph: Graph): void {
  const demand = (type: ValueType): void => {
    tfDType('compile', (type.kind === 'tape' ? type.element : type).dtype);
  };
  for (const { type } of graph.inputs) demand(type);
  for (const node of graph.nodes) {
    for (const { type } of node.outputs) demand(type);
    for (const inner of subgraphsOf(node)) demandDTypes(inner);
  }
}
