/** A backend of straight-line graphs: each is one segment. */
import {
  checkHostArray,
  checkInputs,
  hostArray,
  interfaceOf,
  type Backend,
  type DeviceArray,
  type HostArray,
  type TensorType,
} from '@node-ode/core';
import type { Device, DeviceValue } from '@node-ode/host-driver';

/** Makes a backend whose graphs may not loop. */
export function segmentBackend<V extends DeviceValue>(device: Device<V>): Backend {
  const values = new WeakMap<DeviceArray, V>();
  const arrayOf = (value: V, type: TensorType): DeviceArray => {
    const read = async (): Promise<HostArray> => hostArray(await device.toHost(value, type), type.shape, type.dtype);
    const array = { ...type, backend: device.name, read, dispose: () => value.dispose() };
    values.set(array, value);
    return array;
  };
  return {
    name: device.name,
    capabilities: { dtypes: ['f32', 'i32', 'bool'], composites: [] },
    compile: async (graph) => {
      const types = interfaceOf(graph);
      const results = graph.outputs.map((output) => ({ values: [output], isHost: false }));
      const segment = await device.load({ graph, results });
      return {
        run: async (inputs) => {
          checkInputs(graph, types.inputs, inputs, []);
          const outputs = await segment.run(inputs.map((x) => values.get(x)!));
          return outputs.map((value, i) => arrayOf(value as V, types.outputs[i]!));
        },
        dispose: () => void segment.release(),
      };
    },
    upload: async (array) => {
      checkHostArray(array);
      return arrayOf(device.toValue(array), { kind: 'tensor', shape: array.shape, dtype: array.dtype });
    },
    download: (array) => array.read(),
    dispose: async () => undefined,
  };
}
