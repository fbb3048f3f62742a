/** Tensors between JavaScript's memory and the runtime's. */
import {
  ExecutionError,
  formatType,
  sizeOf,
  UnsupportedError,
  type DType,
  type HostArray,
  type TensorData,
  type TensorType,
} from '@node-ode/core';
import type { Provider } from '../lower/contract.ts';
import { elementTypeOf, irVersion, opset, type OnnxModel } from '../model/ir.ts';
import type { OrtValue, Session } from './contract.ts';
import type { OrtData, OrtModule, OrtType } from './ort.ts';
import type { Sessions } from './sessions.ts';

/** Moves arrays in and out. */
export interface Values {
  /** A copy of an array, in JavaScript's memory. */
  toValue(array: HostArray): OrtValue;
  /** A copy of an array where the provider computes. */
  toDevice(array: HostArray): Promise<OrtValue>;
  /** A copy of a value's elements. */
  toHost(value: OrtValue, type: TensorType): Promise<TensorData>;
}

const ortTypes = { f32: 'float32', f64: 'float64', i32: 'int32', bool: 'bool' } as const satisfies Record<
  DType,
  OrtType
>;

/**
 * Moves arrays for a backend. On webgpu, arrays of two or more elements go to the device when they are uploaded, so that
 * no run copies them again. Scalars stay in JavaScript's memory, where programs that are driven from the host read them; so do
 * booleans, which WebGPU can't copy.
 */
export function valuesOf(runtime: OrtModule, provider: Provider, sessions: Sessions): Values {
  const transfers = new Map<string, Promise<Session>>();
  /** The session of a transfer; it stays open as long as the backend. */
  const transfer = (dtype: DType, direction: 'up' | 'down'): Promise<Session> => {
    const key = `${direction} ${dtype}`;
    const known = transfers.get(key);
    if (known !== undefined) return known;
    const session = sessions.open(transferModel(dtype), { hostOutputs: new Set(direction === 'down' ? ['y'] : []) });
    transfers.set(key, session);
    // A failure is not kept.
    session.catch(() => transfers.delete(key));
    return session;
  };
  const move = async (value: OrtValue, dtype: DType, direction: 'up' | 'down'): Promise<OrtValue> => {
    const { y } = await (await transfer(dtype, direction)).run({ x: value });
    return y as OrtValue;
  };

  const toValue = ({ shape, dtype, data }: HostArray): OrtValue =>
    new runtime.Tensor(ortTypes[dtype], elementsOf(data, dtype), [...shape]);

  return {
    toValue,
    toDevice: async (array) => {
      const value = toValue(array);
      if (provider !== 'webgpu' || array.dtype === 'bool' || sizeOf(array.shape) < 2) return value;
      return move(value, array.dtype, 'up');
    },
    toHost: async (value, type) => {
      const here = value.location === 'cpu' ? value : await move(value, type.dtype, 'down');
      const data = elementsOf(here.data as OrtData, type.dtype);
      if (data.length !== sizeOf(type.shape)) {
        throw new ExecutionError('read', `ONNX Runtime gave ${data.length} elements for ${formatType(type)}`, {
          advice: 'Please report the graph.',
        });
      }
      return data;
    },
  };
}

/** A copy of elements in the typed array of their dtype; booleans are 0 or 1. */
function elementsOf(data: OrtData, dtype: DType): OrtData {
  switch (dtype) {
    case 'f32':
      return new Float32Array(data);
    case 'f64':
      return new Float64Array(data);
    case 'i32':
      return new Int32Array(data);
    case 'bool':
      return Uint8Array.from(data, (x) => (x === 0 ? 0 : 1));
  }
}

/** A model that gives what it takes, of any shape. WebGPU can't copy booleans, but can make integers of them. */
function transferModel(dtype: DType): OnnxModel {
  if (dtype === 'f64')
    throw new UnsupportedError('upload', "webgpu has no dtype 'f64'", { expected: 'f32, i32 or bool' });
  const isBool = dtype === 'bool';
  return {
    graph: {
      name: `transfer-${dtype}`,
      inputs: [{ name: 'x', elementType: elementTypeOf(dtype), dims: undefined }],
      outputs: [{ name: 'y', elementType: isBool ? 'int32' : elementTypeOf(dtype), dims: undefined }],
      initializers: [],
      nodes: [
        isBool
          ? {
              opType: 'Cast',
              inputs: ['x'],
              outputs: ['y'],
              // TensorProto.INT32
              attributes: { to: { kind: 'int', value: 6 } },
              origin: 'read',
            }
          : { opType: 'Identity', inputs: ['x'], outputs: ['y'], attributes: {}, origin: 'read' },
      ],
    },
    opset,
    irVersion,
    metadata: {},
  };
}
