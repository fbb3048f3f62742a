/** The smallest model of each operator that lowering emits, for asking a provider whether it has the kernel. */
import {
  irVersion,
  opset,
  type Attribute,
  type ElementType,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type ValueInfo,
} from '../src/model/ir.ts';
import type { Kernel } from '../src/lower/kernels.ts';

export const elementTypes: readonly ElementType[] = ['float', 'double', 'int32', 'int64', 'bool'];

/** One operator on operands that are inputs of the model: its result's type and shape too. */
interface Probe {
  readonly inputs: readonly ValueInfo[];
  readonly output: ValueInfo;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** How many of the inputs are operands; the rest is captured. All by default. */
  readonly operands?: number;
  /** Further operands, which are constants: vectors of int64. */
  readonly ints?: readonly (readonly number[])[];
}

const input = (name: string, elementType: ElementType, ...dims: number[]): ValueInfo => ({ name, elementType, dims });
const result = (elementType: ElementType, ...dims: number[]): ValueInfo => input('y', elementType, ...dims);
const int = (value: number): Attribute => ({ kind: 'int', value });

type Make = (type: ElementType) => Probe;

const unary: Make = (type) => ({ inputs: [input('a', type, 3)], output: result(type, 3) });
const binary: Make = (type) => ({ inputs: [input('a', type, 3), input('b', type, 3)], output: result(type, 3) });
const toBool =
  (make: Make): Make =>
  (type) => ({ ...make(type), output: result('bool', 3) });
const castTo =
  (to: ElementType): Make =>
  (type) => ({ inputs: [input('a', type, 3)], output: result(to, 3), attributes: { to: int(dataTypes[to]) } });
const dataTypes: Record<ElementType, number> = { float: 1, double: 11, int32: 6, int64: 7, bool: 9 };
const reduction: Make = (type) => ({
  inputs: [input('a', type, 2, 3)],
  ints: [[1]],
  attributes: { keepdims: int(0) },
  output: result(type, 2),
});
const softmax: Make = (type) => ({
  inputs: [input('a', type, 2, 3)],
  attributes: { axis: int(1) },
  output: result(type, 2, 3),
});
const add = { reduction: { kind: 'string', value: 'add' } } as const;
const scatterElements: Make = (type) => ({
  inputs: [input('a', type, 4), input('i', 'int32', 2), input('b', type, 2)],
  output: result(type, 4),
});
const scatterND: Make = (type) => ({
  inputs: [input('a', type, 4, 2), input('i', 'int64', 1, 1), input('b', type, 1, 2)],
  output: result(type, 4, 2),
});

const convolution = (type: ElementType, kernel: readonly number[], y: readonly number[]): Probe => ({
  inputs: [input('a', type, 1, 2, 4, 3), input('b', type, ...kernel)],
  output: result(type, ...y),
});
const pooling: Make = (type) => ({
  inputs: [input('a', type, 1, 2, 4, 3)],
  attributes: { kernel_shape: { kind: 'ints', value: [2, 2] } },
  output: result(type, 1, 2, 3, 2),
});

const probes: { readonly [K in Kernel]: Make } = {
  Abs: unary,
  Neg: unary,
  Sign: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Sin: unary,
  Cos: unary,
  Tan: unary,
  Atan: unary,
  Tanh: unary,
  Sigmoid: unary,
  Softplus: unary,
  Erf: unary,
  Floor: unary,
  Ceil: unary,
  Round: unary,
  Reciprocal: unary,
  Relu: unary,
  Identity: unary,
  Not: unary,
  IsNaN: toBool(unary),
  IsInf: toBool(unary),
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Mod: (type) => ({ ...binary(type), attributes: { fmod: int(1) } }),
  Pow: binary,
  Max: binary,
  Min: binary,
  Sum: binary,
  And: binary,
  Or: binary,
  Xor: binary,
  Equal: toBool(binary),
  Less: toBool(binary),
  LessOrEqual: toBool(binary),
  Greater: toBool(binary),
  GreaterOrEqual: toBool(binary),
  Clip: (type) => ({
    inputs: [input('a', type, 3), input('low', type), input('high', type)],
    output: result(type, 3),
  }),
  Where: (type) => ({
    inputs: [input('c', 'bool', 3), input('a', type, 3), input('b', type, 3)],
    output: result(type, 3),
  }),
  'Cast to float': castTo('float'),
  'Cast to double': castTo('double'),
  'Cast to int32': castTo('int32'),
  'Cast to int64': castTo('int64'),
  'Cast to bool': castTo('bool'),
  Expand: (type) => ({ inputs: [input('a', type)], ints: [[3]], output: result(type, 3) }),
  ConstantOfShape: (type) => ({
    inputs: [input('a', 'int64', 1)],
    attributes: { value: { kind: 'tensor', value: one(type) } },
    output: result(type, 3),
  }),
  Reshape: (type) => ({ inputs: [input('a', type, 2, 3)], ints: [[3, 2]], output: result(type, 3, 2) }),
  Squeeze: (type) => ({ inputs: [input('a', type, 1, 3)], ints: [[0]], output: result(type, 3) }),
  Unsqueeze: (type) => ({ inputs: [input('a', type, 3)], ints: [[0]], output: result(type, 1, 3) }),
  Flatten: (type) => ({ inputs: [input('a', type, 2, 3)], output: result(type, 2, 3) }),
  Transpose: (type) => ({
    inputs: [input('a', type, 2, 3)],
    attributes: { perm: { kind: 'ints', value: [1, 0] } },
    output: result(type, 3, 2),
  }),
  Slice: (type) => ({ inputs: [input('a', type, 4)], ints: [[1], [3], [0]], output: result(type, 2) }),
  Pad: (type) => ({ inputs: [input('a', type, 3)], ints: [[1, 1]], output: result(type, 5) }),
  Concat: (type) => ({
    inputs: [input('a', type, 3), input('b', type, 2)],
    attributes: { axis: int(0) },
    output: result(type, 5),
  }),
  Split: (type) => ({
    inputs: [input('a', type, 3)],
    attributes: { axis: int(0), num_outputs: int(1) },
    output: result(type, 3),
  }),
  Tile: (type) => ({ inputs: [input('a', type, 3)], ints: [[2]], output: result(type, 6) }),
  Gather: (type) => ({ inputs: [input('a', type, 4), input('i', 'int32', 2)], output: result(type, 2) }),
  GatherElements: (type) => ({ inputs: [input('a', type, 4), input('i', 'int32', 2)], output: result(type, 2) }),
  GatherND: (type) => ({ inputs: [input('a', type, 4), input('i', 'int64', 2, 1)], output: result(type, 2) }),
  Compress: (type) => ({
    inputs: [input('a', type, 3), input('c', 'bool', 3)],
    attributes: { axis: int(0) },
    output: { ...result(type), dims: ['n'] },
  }),
  OneHot: (type) => ({
    inputs: [input('i', 'int32', 2), input('depth', 'int32'), input('a', type, 2)],
    output: { ...result(type), dims: [2, 'n'] },
  }),
  ScatterElements: scatterElements,
  'ScatterElements add': (type) => ({ ...scatterElements(type), attributes: add }),
  ScatterND: scatterND,
  'ScatterND add': (type) => ({ ...scatterND(type), attributes: add }),
  Range: (type) => ({
    inputs: [input('start', type), input('limit', type), input('delta', type)],
    output: { ...result(type), dims: ['n'] },
  }),
  Shape: (type) => ({ inputs: [input('a', type, 2, 3)], output: result('int64', 2) }),
  Size: (type) => ({ inputs: [input('a', type, 2, 3)], output: result('int64') }),
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSumSquare: reduction,
  ReduceL2: reduction,
  ReduceL1: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: (type) => ({
    inputs: [input('a', type, 2, 3)],
    attributes: { axis: int(1), keepdims: int(0) },
    output: result('int64', 2),
  }),
  CumSum: (type) => ({ inputs: [input('a', type, 3), input('axis', 'int32')], output: result(type, 3) }),
  Softmax: softmax,
  LogSoftmax: softmax,
  MatMul: (type) => ({ inputs: [input('a', type, 2, 3), input('b', type, 3, 4)], output: result(type, 2, 4) }),
  Gemm: (type) => ({
    inputs: [input('a', type, 2, 3), input('b', type, 3, 4), input('c', type, 4)],
    output: result(type, 2, 4),
  }),
  Einsum: (type) => ({
    inputs: [input('a', type, 2, 3), input('b', type, 3, 4)],
    attributes: { equation: { kind: 'string', value: 'ij,jk->ik' } },
    output: result(type, 2, 4),
  }),
  Conv: (type) => convolution(type, [3, 2, 2, 2], [1, 3, 3, 2]),
  ConvTranspose: (type) => convolution(type, [2, 3, 2, 2], [1, 3, 5, 4]),
  MaxPool: pooling,
  AveragePool: pooling,
  If: (type) => ({
    inputs: [input('c', 'bool'), input('a', type, 3)],
    operands: 1,
    attributes: { then_branch: branch('then', type), else_branch: branch('else', type) },
    output: result(type, 3),
  }),
  Loop: (type) => ({
    inputs: [input('trips', 'int64'), input('c', 'bool'), input('a', type, 3)],
    attributes: { body: loopBody(type) },
    output: result(type, 3),
  }),
  Scan: (type) => ({
    inputs: [input('a', type, 3), input('b', type, 4, 3)],
    attributes: { body: scanBody(type), num_scan_inputs: int(1) },
    output: result(type, 3),
  }),
};

const one = (elementType: ElementType) => {
  const dims = [1];
  switch (elementType) {
    case 'float':
      return { elementType, dims, data: Float32Array.of(1) };
    case 'double':
      return { elementType, dims, data: Float64Array.of(1) };
    case 'int32':
      return { elementType, dims, data: Int32Array.of(1) };
    case 'int64':
      return { elementType, dims, data: BigInt64Array.of(1n) };
    case 'bool':
      return { elementType, dims, data: Uint8Array.of(1) };
  }
};

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ opType, inputs, outputs, attributes, origin: 'probe' });

const identity = (from: string, to: string): OnnxNode => node('Identity', [from], [to]);

const subgraph = (
  name: string,
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
  nodes: readonly OnnxNode[],
): Attribute => ({ kind: 'graph', value: { name, inputs, outputs, nodes, initializers: [] } });

const branch = (name: string, type: ElementType): Attribute =>
  subgraph(name, [], [input(`${name}_y`, type, 3)], [identity('a', `${name}_y`)]);

const loopBody = (type: ElementType): Attribute =>
  subgraph(
    'body',
    [input('trip', 'int64'), input('go', 'bool'), input('carry', type, 3)],
    [input('more', 'bool'), input('next', type, 3)],
    [identity('go', 'more'), identity('carry', 'next')],
  );

const scanBody = (type: ElementType): Attribute =>
  subgraph(
    'body',
    [input('carry', type, 3), input('element', type, 3)],
    [input('next', type, 3)],
    [identity('carry', 'next')],
  );

/** Every operator that is probed. */
export const kernels = Object.keys(probes) as readonly Kernel[];

/** A model of one application of an operator; `type` is that of its data. */
export function probeModel(kernel: Kernel, type: ElementType): OnnxModel {
  const { inputs, operands = inputs.length, output, attributes = {}, ints = [] } = probes[kernel](type);
  const constants = ints.map((values, i) => ({
    name: `ints_${i}`,
    tensor: { elementType: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) } as const,
    origin: 'probe',
  }));
  const names = [...inputs.slice(0, operands), ...constants].map(({ name }) => name);
  // 'Cast to bool' is Cast, 'ScatterND add' is ScatterND: what follows tells what the attributes say.
  const opType = kernel.replace(/ .*/, '');
  const graph: OnnxGraph = {
    name: kernel,
    inputs,
    outputs: [output],
    initializers: constants,
    nodes: [node(opType, names, ['y'], attributes)],
  };
  return { graph, opset, irVersion, metadata: {} };
}
