/**
 * Who holds a tensor of tfjs. Kernels give plain handles, which only their backend counts, but all of tfjs-node's and some of the
 * JavaScript backend's (Abs) make tensors of tfjs's engine, which `tf.memory()` counts too: those are given back to the engine,
 * and protected from the scopes of `tf.tidy`.
 */
import type { TfKernelBackend, TfModule, TfTensorInfo } from './tf-module.ts';

export interface Ownership {
  /** Takes over what a kernel or a copy gave. */
  adopt(info: TfTensorInfo): TfTensorInfo;
  /** Another reference to the same elements. */
  share(info: TfTensorInfo): TfTensorInfo;
  /** Lets go of a reference; the last one frees the memory. */
  release(info: TfTensorInfo): void;
}

/** References that the backend alone counts. */
export const plainOwnership = (backend: TfKernelBackend): Ownership => ({
  adopt: (info) => info,
  share: (info) => {
    backend.incRef(info.dataId);
    return info;
  },
  release: (info) => {
    backend.disposeData(info.dataId);
  },
});

/** References that tfjs's engine counts where kernels made them, and the backend alone otherwise. */
export function engineOwnership(tf: TfModule, backend: TfKernelBackend): Ownership {
  const releasePlain = ({ dataId }: TfTensorInfo): void => {
    if (backend.disposeData(dataId)) tf.engine().removeDataId(dataId, backend);
  };
  return {
    adopt: (info) => {
      if (isEngineTensor(info)) info.kept = true;
      return info;
    },
    share: ({ dataId, shape, dtype }) => {
      backend.incRef(dataId);
      return { dataId, shape, dtype };
    },
    release: (info) => {
      if (!isEngineTensor(info)) {
        releasePlain(info);
        return;
      }
      const references = backend.refCount(info.dataId);
      info.dispose();
      // tfjs-node gives its results to the current backend. Where that is another one, the elements are still there.
      if (backend.refCount(info.dataId) === references) releasePlain(info);
    },
  };
}

/** A tensor of tfjs's engine. */
export interface EngineTensor extends TfTensorInfo {
  /** Whether `tf.tidy` leaves it alone. */
  kept: boolean;
  dispose(): void;
}

const isEngineTensor = (info: TfTensorInfo): info is EngineTensor => 'dispose' in info && 'kept' in info;
