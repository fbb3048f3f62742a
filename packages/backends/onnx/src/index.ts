/** @node-ode/backend-onnx: ONNX Runtime as an engine, and traced functions as ONNX files. */
export { onnx, onnxCpu, onnxCuda, onnxWebgpu } from './onnx.ts';
export type { Placement } from '@node-ode/host-driver';
export type { OnnxBackend, OnnxExecutable } from './runtime/backend.ts';
export type { CpuProviderOptions, CudaProviderOptions, OnnxOptions, WebGpuProviderOptions } from './runtime/options.ts';
export type { OrtModule } from './runtime/ort.ts';
export { exportOnnx, type ExportedParts } from './export/export-onnx.ts';
export type { ExportOptions, ExternalData } from './export/options.ts';
export { loadOnnx, type HostArgumentOf, type HostResultOf, type LoadedModel } from './export/load-onnx.ts';
export type { ModelTensor } from './export/check-inputs.ts';
export type { OnnxSpec, OnnxSpecLeaf, OnnxSpecsOf, TraceSizes } from './export/specs.ts';
