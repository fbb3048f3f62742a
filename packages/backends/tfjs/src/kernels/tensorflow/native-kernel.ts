/** What kernels that call operations of TensorFlow by their names share. */
import { UnsupportedError } from '@node-ode/core';
import { isNativeBackend, type NativeBackend, type OpAttribute } from '../../runtime/native/native-backend.ts';

/** TensorFlow's number for a dtype of tfjs. */
function typeOf({ binding }: NativeBackend, dtype: string): number {
  const types: Readonly<Record<string, number>> = {
    float32: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    bool: binding.TF_BOOL,
  };
  const type = types[dtype];
  if (type === undefined)
    throw new UnsupportedError('tfjs', `a tensor of dtype ${dtype}`, { expected: 'float32, int32 or bool' });
  return type;
}

/**
 * The backend of a call.
 *
 * @throws UnsupportedError if it is none of tfjs-node's.
 */
export function nativeOf(kernelName: string, backend: object): NativeBackend {
  if (isNativeBackend(backend)) return backend;
  throw new UnsupportedError(kernelName, "the backend is none of tfjs-node's");
}

/** The attribute that tells an operation a type, of a dtype of tfjs. */
export const typeAttribute = (native: NativeBackend, name: string, dtype: string): OpAttribute => ({
  name,
  type: native.binding.TF_ATTR_TYPE,
  value: typeOf(native, dtype),
});
