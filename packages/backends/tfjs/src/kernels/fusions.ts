/**
 * Several nodes of a segment that are one kernel: found before it is lowered. The last node of a pattern stands for all of it; the
 * others are absorbed, as nothing else uses them.
 */
import { sizeOf, type Graph, type Node, type Primitive, type Shape, type TensorType, type Value } from '@node-ode/core';
import type { KernelBuilder, Register } from './contract.ts';
import { denseName } from './in-memory/dense.ts';
import { ungrouped, type Epilogue } from './images/convolution.ts';
import { mostInOneSum } from './reduction.ts';
import { filled, reshape, transpose } from './shaping.ts';
import { isTooNarrow } from './webgpu/convolution.ts';
import { smallProduct } from './webgpu/product.ts';

/** How a pattern is lowered; its inputs are values of the segment. */
export interface Fusion {
  readonly inputs: readonly Value[];
  lower(builder: KernelBuilder, operands: readonly Register[]): Register;
}

/** The fusions of a segment: by their last nodes, and the nodes that they absorb. */
export interface Fusions {
  readonly at: ReadonlyMap<Node, Fusion>;
  readonly absorbed: ReadonlySet<Node>;
}

/** What a backend's fused kernels apply behind the bias, by the name of it. */
type Activations = ReadonlySet<string>;

/**
 * Backends where a fused kernel is one kernel. `cpu` and TensorFlow call the parts one after the other. `wasm` makes 0 of NaN where
 * it applies a relu, WebGPU where it applies a sigmoid: those stay apart.
 */
const fusing: Readonly<Record<string, Activations>> = {
  wasm: new Set(['sigmoid']),
  webgpu: new Set(['relu']),
};

/** The kernel that multiplies matrices and adds a bias. */
const productKernel = (has: Surroundings['has']): string | undefined =>
  [denseName, '_FusedMatMul'].find((kernel) => has(kernel));

type NodeWith<P extends Primitive> = Extract<Node, { op: P }>;

/** Finds the patterns of a segment for a backend. */
export function findFusions(graph: Graph, backendName: string, has: (kernel: string) => boolean): Fusions {
  const at = new Map<Node, Fusion>();
  const absorbed = new Set<Node>();
  const activations = fusing[backendName];
  if (activations === undefined) return { at, absorbed };
  const around = surroundingsOf(graph, absorbed, has, backendName === 'webgpu');
  // From the end: an activation takes its sum before the sum takes its product alone.
  for (const node of [...graph.nodes].reverse()) {
    if (absorbed.has(node)) continue;
    const match = activated(node, around, activations) ?? biased(node, 'linear', around);
    if (match === undefined) continue;
    at.set(node, match.fusion);
    for (const inner of match.absorbs) absorbed.add(inner);
  }
  return { at, absorbed };
}

interface Match {
  readonly fusion: Fusion;
  readonly absorbs: readonly Node[];
}

/** What a pattern looks around with. */
interface Surroundings {
  readonly isWebGpu: boolean;
  has(kernel: string): boolean;
  /** The node that makes a value, if it applies `op`. */
  made<P extends Primitive>(op: P, x: Value | undefined): NodeWith<P> | undefined;
  /** The same, if the value has no other use and its node is nobody's yet. */
  sole<P extends Primitive>(op: P, x: Value | undefined): NodeWith<P> | undefined;
  /** Whether a value is made by the segment, and is no constant. */
  isComputed(x: Value): boolean;
}

function surroundingsOf(
  graph: Graph,
  absorbed: ReadonlySet<Node>,
  has: Surroundings['has'],
  isWebGpu: boolean,
): Surroundings {
  const uses = new Map<Value, number>();
  const use = (x: Value): void => void uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  const producers = new Map<Value, Node>(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const made: Surroundings['made'] = (op, x) => {
    const node = x === undefined ? undefined : producers.get(x);
    return isApplication(node, op) ? node : undefined;
  };
  return {
    isWebGpu,
    has,
    made,
    isComputed: (x) => (producers.get(x)?.op ?? 'constant') !== 'constant',
    sole: (op, x) => {
      const node = made(op, x);
      return node !== undefined && x !== undefined && uses.get(x) === 1 && !absorbed.has(node) ? node : undefined;
    },
  };
}

const isApplication = <P extends Primitive>(node: Node | undefined, op: P): node is NodeWith<P> => node?.op === op;

/** sigmoid(product + bias), maximum(product + bias, 0) */
function activated(node: Node, around: Surroundings, activations: Activations): Match | undefined {
  const found = activationOf(node, around);
  if (found === undefined || !activations.has(found.name)) return undefined;
  const add = around.sole('add', found.x);
  const match = add === undefined ? undefined : biased(add, found.name, around);
  return match === undefined || add === undefined ? undefined : { ...match, absorbs: [add, ...match.absorbs] };
}

interface Activation {
  readonly name: string;
  readonly x: Value | undefined;
}

function activationOf(node: Node, { made }: Surroundings): Activation | undefined {
  if (node.op === 'sigmoid') return { name: 'sigmoid', x: node.inputs[0] };
  if (node.op !== 'maximum') return undefined;
  const isZero = (x: Value | undefined): boolean => made('constant', x)?.params.value === 0;
  const [a, b] = node.inputs;
  const x = isZero(b) ? a : isZero(a) ? b : undefined;
  return x !== undefined && sizeOf(shapeOf(x)) === sizeOf(shapeOf(node.outputs[0])) ? { name: 'relu', x } : undefined;
}

const shapeOf = (x: Value | undefined): Shape => (x?.type.kind === 'tensor' ? x.type.shape : []);

/** product + bias, or convolution + bias. */
function biased(node: Node, activation: string, around: Surroundings): Match | undefined {
  if (node.op !== 'add') return undefined;
  const type = node.outputs[0]?.type as TensorType;
  if (type.dtype !== 'f32' || sizeOf(type.shape) === 0) return undefined;
  const [a, b] = node.inputs;
  for (const [product, bias] of [
    [a, b],
    [b, a],
  ] as const) {
    const match = biasedProduct(product, bias, activation, around) ?? biasedImages(product, bias, activation, around);
    if (match !== undefined) return match;
  }
  return undefined;
}

function biasedProduct(
  product: Value | undefined,
  bias: Value | undefined,
  activation: string,
  around: Surroundings,
): Match | undefined {
  const kernel = productKernel(around.has);
  const matmul = kernel === undefined ? undefined : around.sole('matmul', product);
  const shape = shapeOf(product);
  const vector = vectorOf(bias, shape, shape.length - 1, around);
  if (kernel === undefined || matmul === undefined || vector === undefined) return undefined;
  const [a, b] = matmul.inputs as readonly [Value, Value];
  const { transposeA, transposeB } = matmul.params;
  const isPlain = shapeOf(b).length === 2 && (!transposeA || shapeOf(a).length === 2);
  const inner = shapeOf(b)[transposeB ? 1 : 0] ?? 0;
  if (!isPlain || inner === 0 || inner > mostInOneSum) return undefined;
  const extents = [sizeOf(shape.slice(0, -1)), inner, shape[shape.length - 1] ?? 0] as const;
  const lower: Fusion['lower'] = (builder, operands) => {
    const [x, y, z] = operands as readonly [Register, Register, Register];
    if (around.isWebGpu) {
      const whole = shape.length === 2 ? x : reshape(builder, x, [extents[0], inner]);
      const small = smallProduct(builder, { a: whole, b: y, transposeA, transposeB, bias: z, activation });
      if (small !== undefined) return reshape(builder, small, shape);
    }
    const left = transposeA ? transpose(builder, x, [1, 0]) : x;
    const right = transposeB ? transpose(builder, y, [1, 0]) : y;
    return fusedProduct(builder, { kernel, operands: [left, right, z], extents, shape, activation });
  };
  return { fusion: { inputs: [a, b, vector], lower }, absorbs: [matmul, ...vectorNodes(bias, around)] };
}

interface FusedProduct {
  readonly kernel: string;
  readonly operands: readonly [Register, Register, Register];
  readonly extents: readonly [rows: number, inner: number, columns: number];
  readonly shape: Shape;
  readonly activation: string;
}

function fusedProduct(
  builder: KernelBuilder,
  { kernel, operands, extents, shape, activation }: FusedProduct,
): Register {
  if (kernel === denseName) {
    return builder.call(kernel, operands, { extents, shape, activation }, { shape, dtype: 'float32' });
  }
  const [a, b, bias] = operands;
  const [rows, inner, columns] = extents;
  const fused = builder.call(
    kernel,
    {
      a: reshape(builder, a, [1, rows, inner]),
      b: reshape(builder, b, [1, inner, columns]),
      bias: reshape(builder, bias, [columns]),
    },
    { transposeA: false, transposeB: false, activation },
    { shape: [1, rows, columns], dtype: 'float32' },
  );
  return reshape(builder, fused, shape);
}

function biasedImages(
  images: Value | undefined,
  bias: Value | undefined,
  activation: string,
  around: Surroundings,
): Match | undefined {
  const conv = around.has('FusedConv2D') ? around.sole('conv2d', images) : undefined;
  const vector = vectorOf(bias, shapeOf(images), 1, around);
  if (conv === undefined || vector === undefined || conv.params.groups !== 1) return undefined;
  const [x, kernel] = conv.inputs as readonly [Value, Value];
  if (shapeOf(x)[1] === 0) return undefined;
  const lower: Fusion['lower'] = (builder, operands) => {
    const [image, filter, z] = operands as readonly [Register, Register, Register];
    // tfjs's kernel fails with so few outputs.
    if (builder.backendName === 'webgpu' && isTooNarrow(filter)) {
      const y = builder.lower('conv2d', [image, filter], conv.params);
      const sum = builder.lower('add', [y, reshape(builder, z, [sizeOf(z.shape), 1, 1])], {});
      return activation === 'relu' ? builder.lower('maximum', [sum, filled(builder, 0, [])], {}) : sum;
    }
    const epilogue: Epilogue = { bias: ownVector(builder, z), activation };
    return ungrouped(builder, { x: image, kernel: filter, params: conv.params }, epilogue);
  };
  return { fusion: { inputs: [x, kernel, vector], lower }, absorbs: [conv, ...vectorNodes(bias, around)] };
}

/** `wasm` looks at the shape that a vector had when it was made, so that it is made as one. */
function ownVector(builder: KernelBuilder, x: Register): Register {
  const size = sizeOf(x.shape);
  const vector = reshape(builder, x, [size]);
  if (builder.backendName !== 'wasm') return vector;
  return builder.call('Slice', { x: vector }, { begin: [0], size: [size] }, { shape: [size], dtype: 'float32' });
}

/**
 * A bias that has an element for each position along `axis` and is the same along the others: what holds its elements. One that the
 * segment computes is none, as `wasm` packs the weights anew for each.
 */
function vectorOf(
  bias: Value | undefined,
  shape: Shape,
  axis: number,
  { made, isComputed }: Surroundings,
): Value | undefined {
  const wide = made('broadcastTo', bias)?.inputs[0] ?? bias;
  const own = shapeOf(wide);
  const missing = shape.length - own.length;
  const isAlong = own.every((extent, i) => extent === (i + missing === axis ? shape[axis] : 1));
  if (!isAlong || missing > axis || sizeOf(own) !== shape[axis]) return undefined;
  const source = made('reshape', wide)?.inputs[0] ?? wide;
  return source === undefined || isComputed(source) ? undefined : source;
}

/** What gives a bias its shape, where nothing else uses that. */
function vectorNodes(bias: Value | undefined, { sole }: Surroundings): readonly Node[] {
  const wide = sole('broadcastTo', bias);
  const reshaped = sole('reshape', wide === undefined ? bias : wide.inputs[0]);
  return [wide, reshaped].filter((node) => node !== undefined);
}
