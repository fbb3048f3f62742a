/**
 * Kernels in WGSL, run by tfjs's WebGPU backend beside its own. tfjs's compute integers in f32, lose NaN in shader compilers and
 * stop at rank 4 to 6; ours read and write the elements as they are stored, whatever the shape.
 */
import { sizeOf, type Shape } from '@node-ode/core';
import type { TfKernelArguments, TfKernelConfig, TfTensorInfo } from '../../runtime/tf-module.ts';
import type { KernelBuilder, Register, TfDType } from '../contract.ts';
import { functionsFor } from './functions.ts';

/** The name under which lowerings call it; no kernel of tfjs's. */
const wgslKernel = 'NodeOdeWgsl';

/** Storage buffers that a shader may have beside its result: WebGPU promises eight in all. */
export const mostOperands = 7;

/** tfjs's description of a program, as far as it is used. */
interface WebGpuProgram {
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  readonly shaderKey: string;
  readonly size: true;
  getUserCode(): string;
}

/** What tfjs's WebGPU backend has beside what all backends have. */
interface WebGpuBackend {
  runWebGPUProgram(program: WebGpuProgram, inputs: readonly TfTensorInfo[], dtype: string): TfTensorInfo;
}

const isWebGpu = (backend: object): backend is WebGpuBackend => 'runWebGPUProgram' in backend;

const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'] as const;
const workgroup = 128;

interface WgslAttributes {
  readonly code: string;
  readonly shape: Shape;
  readonly dtype: TfDType;
  readonly threads: number;
}

/**
 * A call of a program of our own. Its body sees the operands as the flat arrays `A`, `B`, … of `f32`, or of `i32` for integers and
 * booleans, and `index`; it assigns to elements of `result`, by default the one at `index`.
 *
 * @param threads How often the body runs, `index` from 0; by default once for each element of the result.
 */
export function wgsl(
  builder: KernelBuilder,
  operands: readonly Register[],
  body: string,
  result: { readonly shape: Shape; readonly dtype: TfDType },
  threads = sizeOf(result.shape),
): Register {
  // A shader that does not read the uniforms has no place for them, and tfjs always gives them.
  const isInRange =
    threads === sizeOf(result.shape) ? 'index < uniforms.size' : `index < min(uniforms.size, ${threads})`;
  const code = `${functionsFor(body)}
fn main(index : i32) {
  if (${isInRange}) { ${body} }
}`;
  const attributes = { code, shape: result.shape, dtype: result.dtype, threads } satisfies WgslAttributes;
  return builder.call(wgslKernel, operands, { ...attributes }, result);
}

const isWgsl = (attrs: TfKernelArguments['attrs']): attrs is WgslAttributes & Record<string, unknown> =>
  typeof attrs?.['code'] === 'string';

/** The kernel function of `wgslKernel`. */
function runWgsl({ inputs, attrs, backend }: TfKernelArguments): TfTensorInfo {
  if (!isWgsl(attrs) || !isWebGpu(backend) || !Array.isArray(inputs)) {
    throw new TypeError(`${wgslKernel}: expected a list of operands, code, and tfjs's WebGPU backend`);
  }
  const { code, shape, dtype, threads } = attrs;
  const program: WebGpuProgram = {
    variableNames: names.slice(0, inputs.length),
    outputShape: [sizeOf(shape)],
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(threads / workgroup), 1, 1],
    shaderKey: code,
    size: true,
    getUserCode: () => code,
  };
  const flat = inputs.map(({ dataId, shape: own, dtype: type }) => ({ dataId, shape: [sizeOf(own)], dtype: type }));
  const { dataId } = backend.runWebGPUProgram(program, flat, dtype);
  return { dataId, shape: [...shape], dtype };
}

/** Kernels of our own for tfjs's WebGPU backend, by name. */
export const webGpuKernels: Readonly<Record<string, TfKernelConfig>> = {
  [wgslKernel]: { kernelName: wgslKernel, backendName: 'webgpu', kernelFunc: runWgsl },
};
