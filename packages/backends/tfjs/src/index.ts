/** @node-ode/backend-tfjs: TensorFlow.js as an engine. */
export { tfjs } from './tfjs.ts';
export { tfjsCpu, tfjsNode, tfjsNodeGpu, tfjsWasm, tfjsWebgpu } from './named-engines.ts';
export { ownKernels } from './kernels/own-kernels.ts';
export type { TfjsOptions } from './option-rules.ts';
export { loadTfjsNode, type TfjsNodeOptions } from './runtime/native/load.ts';
export type { TfjsBackend } from './runtime/backend.ts';
export type {
  TfElements,
  TfEngine,
  TfKernelArguments,
  TfKernelBackend,
  TfKernelConfig,
  TfKernelInputs,
  TfModule,
  TfTensorInfo,
} from './runtime/tf-module.ts';
