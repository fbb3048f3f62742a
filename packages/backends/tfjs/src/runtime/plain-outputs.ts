/** The JavaScript backend, whose kernel Abs makes tensors of tfjs's engine. */
import type { TfElements, TfKernelBackend, TfTensorInfo } from './tf-module.ts';

/** How that backend makes results: by `makeOutput` a tensor of the engine's, by `makeTensorInfo` a plain handle. */
interface Maker extends TfKernelBackend {
  makeOutput(values: TfElements, shape: number[], dtype: string): TfTensorInfo;
  makeTensorInfo(shape: number[], dtype: string, values: TfElements): TfTensorInfo;
}

const isMaker = (backend: TfKernelBackend): backend is Maker => 'makeOutput' in backend && 'makeTensorInfo' in backend;

/**
 * The same backend, whose kernels all give plain handles: a tensor that tfjs's engine counts would be counted for ever, as nobody
 * disposes of it there. Other backends are given as they are.
 */
export function withPlainOutputs(backend: TfKernelBackend, name: string): TfKernelBackend {
  if (name !== 'cpu' || !isMaker(backend)) return backend;
  const makeOutput: Maker['makeOutput'] = (values, shape, dtype) => backend.makeTensorInfo(shape, dtype, values);
  const plain: TfKernelBackend = Object.create(backend, { makeOutput: { value: makeOutput } });
  return plain;
}
