/** Both packages are what the engine takes for ONNX Runtime. */
import type * as node from 'onnxruntime-node';
import type * as web from 'onnxruntime-web';
import { onnx } from '../onnx.ts';
import type { OnnxBackend } from './backend.ts';
import type { OnnxOptions } from './options.ts';
import type { OrtModule } from './ort.ts';

const accept = (runtime: OrtModule): OrtModule => runtime;
declare const ofNode: typeof node;
declare const ofWeb: typeof web;
accept(ofNode);
accept(ofWeb);
// @ts-expect-error a promise of the module is none
accept(import('onnxruntime-node'));

const options: readonly OnnxOptions[] = [
  {},
  { provider: 'cpu', threads: 2, runtime: ofNode },
  { providerOptions: { memoryArena: false } },
  { provider: 'cuda', providerOptions: { deviceId: 1 } },
  { provider: 'webgpu', runtime: ofWeb, providerOptions: { preferredLayout: 'NHWC', validationMode: 'disabled' } },
];
export const backend: Promise<OnnxBackend> = onnx(options[0]);

// @ts-expect-error no such provider
void onnx({ provider: 'tensorrt' });
// @ts-expect-error an option of webgpu
void onnx({ provider: 'cuda', providerOptions: { validationMode: 'full' } });
// @ts-expect-error an option of cuda
void onnx({ providerOptions: { deviceId: 0 } });
// @ts-expect-error no such option
void onnx({ thread: 1 });
// @ts-expect-error no such level
void onnx({ optimization: 'most' });
