/**
 * Kernels in WGSL, run by tfjs's WebGPU backend beside its own. tfjs's compute integers in f32, lose NaN in shader compilers and
 * stop at rank 4 to 6; ours read and write the elements as they are stored, whatever the shape.
 */
import { sizeOf, type Shape } from '@node-ode/core';
import type { TfKernelArguments, TfKernelConfig, TfTensorInfo } from '../../runtime/tf-module.ts';
import type { KernelBuilder, Register, TfDType } from '../contract.ts';
import { code, programOf, type Code, type Program } from './code.ts';
import { functionsFor } from './functions.ts';

/** The name under which lowerings call it; no kernel of tfjs's. */
const wgslKernel = 'NodeOdeWgsl';

/** Storage buffers that a shader may have beside its result: WebGPU promises eight in all. */
export const mostOperands = 7;

/** Threads in a workgroup. */
export const workgroup = 128;

/** tfjs's description of a program, as far as it is used. */
interface WebGpuProgram {
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  readonly shaderKey: string;
  readonly uniforms: string;
  getUserCode(): string;
}

/** What tfjs's WebGPU backend has beside what all backends have. */
interface WebGpuBackend {
  makeTensorInfo(shape: readonly number[], dtype: string): TfTensorInfo;
  runWebGPUProgram(
    program: WebGpuProgram,
    inputs: readonly TfTensorInfo[],
    dtype: string,
    uniforms: Program['values'],
    output: TfTensorInfo,
  ): TfTensorInfo;
}

const isWebGpu = (backend: object): backend is WebGpuBackend => 'runWebGPUProgram' in backend;

const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'] as const;

interface WgslAttributes {
  readonly program: Program;
  /** Stands for the program's text in the key by which tfjs finds what it has compiled. */
  readonly key: string;
  readonly shape: Shape;
  readonly dtype: TfDType;
  readonly workgroups: number;
}

/** The type of what a program writes. */
export type ResultType = Pick<Register, 'shape' | 'dtype'>;

/**
 * A call of a program of our own. Its body sees the operands as the flat arrays `A`, `B`, … of `f32`, or of `i32` for integers and
 * booleans, and `index`; it assigns to elements of `result`, by default the one at `index`.
 *
 * @param threads How often the body runs, `index` from 0; by default once for each element of the result.
 */
export function wgsl(
  builder: KernelBuilder,
  operands: readonly Register[],
  body: Code,
  result: ResultType,
  threads = sizeOf(result.shape),
): Register {
  const main = code`
fn main(index : i32) {
  if (index < ${threads}) { ${body} }
}`;
  return launch(builder, operands, main, result, Math.ceil(threads / workgroup));
}

/** A call of a program with its own `main`, run by so many workgroups. */
export function launch(
  builder: KernelBuilder,
  operands: readonly Register[],
  main: Code,
  { shape, dtype }: ResultType,
  workgroups: number,
): Register {
  const { text, ...uniforms } = programOf(main);
  const program = { ...uniforms, text: functionsFor(text) + text };
  const attributes: WgslAttributes = { program, key: keyOf(program), shape, dtype, workgroups };
  return builder.call(wgslKernel, operands, { ...attributes }, { shape, dtype });
}

/** Short names of programs: tfjs looks one up by its key at each call. */
const keys = new Map<string, string>();

function keyOf({ text }: Program): string {
  const key = keys.get(text) ?? `${wgslKernel}${keys.size}`;
  keys.set(text, key);
  return key;
}

const isWgsl = (attrs: TfKernelArguments['attrs']): attrs is WgslAttributes & Record<string, unknown> =>
  typeof attrs?.['program'] === 'object';

/** The shape that tfjs is told of all tensors: it compiles a program anew for other ranks, and where they are broadcast. */
const anyShape = [1];

/** The kernel function of `wgslKernel`. */
function runWgsl({ inputs, attrs, backend }: TfKernelArguments): TfTensorInfo {
  if (!isWgsl(attrs) || !isWebGpu(backend) || !Array.isArray(inputs)) {
    throw new TypeError(`${wgslKernel}: expected a list of operands, a program, and tfjs's WebGPU backend`);
  }
  const { program, key, shape, dtype, workgroups } = attrs;
  const result = backend.makeTensorInfo([...shape], dtype);
  const description: WebGpuProgram = {
    variableNames: names.slice(0, inputs.length),
    outputShape: anyShape,
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [workgroups, 1, 1],
    shaderKey: key,
    uniforms: program.members,
    getUserCode: () => program.text,
  };
  const operands = inputs.map(({ dataId, dtype: type }) => ({ dataId, shape: anyShape, dtype: type }));
  backend.runWebGPUProgram(description, operands, dtype, program.values, { ...result, shape: anyShape });
  return result;
}

/** Kernels of our own for tfjs's WebGPU backend, by name. */
export const webGpuKernels: Readonly<Record<string, TfKernelConfig>> = {
  [wgslKernel]: { kernelName: wgslKernel, backendName: 'webgpu', kernelFunc: runWgsl },
};
