/**
 * Which kernels each execution provider of ONNX Runtime 1.30 has at opset 18, for the operators that lowering emits. `cpu` is
 * held to the runtime by a test; `webgpu` is what `scripts/probe-kernels.mjs` prints over SwiftShader; `cuda` is read from
 * the runtime's docs/OperatorKernels.md.
 */
import { UnsupportedError, type DType } from '@node-ode/core';
import { elementTypeOf, type ElementType } from '../model/ir.ts';
import type { Emitter, Provider } from './contract.ts';

type Types = readonly ElementType[];

const none: Types = [];
const float: Types = ['float'];
const floats: Types = ['float', 'double'];
const int32s: Types = ['float', 'int32'];
const words: Types = ['float', 'int32', 'bool'];
const numbers: Types = ['float', 'double', 'int32', 'int64'];
const bool: Types = ['bool'];
const every: Types = ['float', 'double', 'int32', 'int64', 'bool'];

/** Types of the data operands for which a provider has an operator. What follows an operator's name is in its attributes. */
const cpu = {
  Abs: numbers,
  Neg: numbers,
  Sign: numbers,
  Exp: floats,
  Log: floats,
  Sqrt: floats,
  Sin: floats,
  Cos: floats,
  Tan: float,
  Atan: float,
  Tanh: floats,
  Sigmoid: floats,
  Softplus: floats,
  Erf: float,
  Floor: floats,
  Ceil: floats,
  Round: floats,
  Reciprocal: floats,
  Relu: numbers,
  Identity: every,
  Not: bool,
  IsNaN: floats,
  IsInf: floats,
  Add: numbers,
  Sub: numbers,
  Mul: numbers,
  Div: numbers,
  Mod: numbers,
  Pow: numbers,
  Max: numbers,
  Min: numbers,
  Sum: floats,
  And: bool,
  Or: bool,
  Xor: bool,
  Equal: every,
  Less: numbers,
  LessOrEqual: numbers,
  Greater: numbers,
  GreaterOrEqual: numbers,
  Clip: numbers,
  Where: numbers,
  'Cast to float': every,
  'Cast to double': every,
  'Cast to int32': every,
  'Cast to int64': every,
  'Cast to bool': every,
  Expand: every,
  ConstantOfShape: every,
  Reshape: every,
  Squeeze: every,
  Unsqueeze: every,
  Flatten: every,
  Transpose: every,
  Slice: every,
  Pad: every,
  Concat: every,
  Split: every,
  Tile: every,
  Gather: every,
  GatherElements: every,
  GatherND: every,
  Compress: every,
  OneHot: float,
  ScatterElements: every,
  'ScatterElements add': every,
  ScatterND: every,
  'ScatterND add': every,
  Range: numbers,
  Shape: every,
  Size: every,
  ReduceSum: numbers,
  ReduceMean: numbers,
  ReduceMax: numbers,
  ReduceMin: numbers,
  ReduceProd: numbers,
  ReduceSumSquare: numbers,
  ReduceL2: numbers,
  ReduceL1: numbers,
  ReduceLogSumExp: numbers,
  ArgMax: numbers,
  CumSum: numbers,
  Softmax: floats,
  LogSoftmax: floats,
  MatMul: numbers,
  Gemm: floats,
  Einsum: numbers,
  Conv: float,
  ConvTranspose: float,
  MaxPool: floats,
  AveragePool: float,
  If: every,
  Loop: every,
  Scan: every,
} as const satisfies Record<string, Types>;

/** An operator; where its attributes decide which kernel it needs, they follow: `Cast to int32`, `ScatterND add`. */
export type Kernel = keyof typeof cpu;

type Table = Readonly<Record<Kernel, Types>>;

const cuda: Table = {
  ...cpu,
  Tan: none,
  Atan: none,
  Erf: floats,
  Relu: floats,
  Clip: ['float', 'double', 'int64'],
  Pad: ['float', 'double', 'bool'],
  Tile: numbers,
  GatherND: ['float', 'double', 'int64', 'bool'],
  OneHot: ['float', 'int64'],
  'ScatterElements add': numbers,
  'ScatterND add': numbers,
  ReduceMean: ['float', 'double', 'int32'],
  ReduceProd: ['float', 'double', 'int32'],
  ReduceSumSquare: floats,
  ReduceL2: ['float', 'double', 'int32'],
  ReduceL1: ['float', 'double', 'int32'],
  ReduceLogSumExp: floats,
  ArgMax: floats,
  MatMul: floats,
  Einsum: floats,
  Conv: floats,
  ConvTranspose: floats,
  AveragePool: floats,
};

const webgpu: Table = {
  Abs: float,
  Neg: float,
  Sign: none,
  Exp: float,
  Log: float,
  Sqrt: float,
  Sin: float,
  Cos: float,
  Tan: float,
  Atan: float,
  Tanh: float,
  Sigmoid: float,
  Softplus: float,
  Erf: float,
  Floor: float,
  Ceil: float,
  Round: none,
  Reciprocal: float,
  Relu: float,
  Identity: int32s,
  Not: bool,
  IsNaN: none,
  IsInf: none,
  Add: int32s,
  Sub: int32s,
  Mul: int32s,
  Div: int32s,
  Mod: none,
  Pow: int32s,
  Max: int32s,
  Min: int32s,
  Sum: none,
  And: bool,
  Or: none,
  Xor: none,
  Equal: int32s,
  Less: int32s,
  LessOrEqual: int32s,
  Greater: int32s,
  GreaterOrEqual: int32s,
  Clip: int32s,
  Where: words,
  'Cast to float': words,
  'Cast to double': none,
  'Cast to int32': words,
  'Cast to int64': words,
  'Cast to bool': words,
  Expand: words,
  ConstantOfShape: none,
  Reshape: words,
  Squeeze: int32s,
  Unsqueeze: words,
  Flatten: words,
  Transpose: int32s,
  Slice: float,
  Pad: int32s,
  Concat: int32s,
  Split: int32s,
  Tile: int32s,
  Gather: words,
  GatherElements: float,
  GatherND: int32s,
  Compress: none,
  OneHot: none,
  ScatterElements: int32s,
  'ScatterElements add': int32s,
  ScatterND: int32s,
  'ScatterND add': int32s,
  Range: int32s,
  Shape: every,
  Size: none,
  ReduceSum: int32s,
  ReduceMean: int32s,
  ReduceMax: int32s,
  ReduceMin: int32s,
  ReduceProd: int32s,
  ReduceSumSquare: int32s,
  ReduceL2: int32s,
  ReduceL1: int32s,
  ReduceLogSumExp: int32s,
  ArgMax: int32s,
  CumSum: int32s,
  Softmax: float,
  LogSoftmax: none,
  MatMul: float,
  Gemm: int32s,
  Einsum: float,
  Conv: float,
  ConvTranspose: float,
  MaxPool: float,
  AveragePool: float,
  If: every,
  Loop: none,
  Scan: none,
};

const tables: Readonly<Record<Provider, Table>> = { cpu, cuda, webgpu };

/**
 * Whether a provider has an operator for data of an element type.
 *
 * @example
 * hasKernel('cpu', 'Erf', 'double'); // false
 */
export const hasKernel = (provider: Provider, kernel: Kernel, type: ElementType): boolean =>
  tables[provider][kernel].includes(type);

/**
 * Demands an operator of the provider that a model is made for.
 *
 * @throws UnsupportedError naming the primitive, the dtype and the provider.
 * @example
 * requireKernel(emitter, 'cumsum', 'CumSum', 'f32');
 */
export function requireKernel({ provider }: Emitter, primitive: string, kernel: Kernel, dtype: DType): void {
  if (hasKernel(provider, kernel, elementTypeOf(dtype))) return;
  const others = (['f32', 'f64', 'i32', 'bool'] as const).filter((other) =>
    hasKernel(provider, kernel, elementTypeOf(other)),
  );
  throw new UnsupportedError(primitive, `ONNX Runtime's provider '${provider}' has no ${kernel} for ${dtype}`, {
    ...(others.length > 0 ? { expected: others.join(' or ') } : {}),
    advice:
      provider === 'cpu'
        ? 'Use another dtype, or another engine for this graph.'
        : "Use another dtype, or the provider 'cpu' for this graph.",
  });
}
