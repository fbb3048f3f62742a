/** From a node that gives one tensor to what computes it: nothing for a view or a constant, a scalar, a member of a loop, a kernel. */
import { isElementwise, sizeOf, tensorType, UnsupportedError, type Node, type Shape } from '@node-ode/core';
import { convolutionSpec } from '../convolution/index.ts';
import type { StepBuilder } from './step-builder.ts';
import type { KernelStep, Operation } from './steps.ts';
import { isDense, Variable } from './variable.ts';
import { rearranged, reshaped, withLastAxesSwapped, withTrailingAxes, type Rearrangement } from './views.ts';

type NodesOf<P extends Node['op']> = Extract<Node, { readonly op: P }>;

/** A node without functions of its own. */
export type TensorNode = Exclude<Node, NodesOf<'call' | 'cond' | 'whileLoop' | 'scan' | 'customVjp' | 'stopGradient'>>;

/** What a node gives, with the steps that it takes added to the builder's. */
export function scheduleTensor(builder: StepBuilder, node: TensorNode, inputs: readonly Variable[]): Variable {
  const type = node.outputs[0]!.type;
  if (type.kind !== 'tensor') throw new UnsupportedError('compile', `'${node.op}' of a tape`, { expected: 'tensors' });
  const [x, y] = inputs;
  if (node.op === 'constant') return new Variable(type, { constant: node.params.value });
  if (sizeOf(type.shape) === 0) return new Variable(type, { constant: 0 });
  const output = new Variable(type);
  const kernel = (operation: KernelStep['operation']): Variable =>
    builder.kernel(
      operation,
      inputs.map((input) => builder.inMemory(input)),
      output,
    );
  switch (node.op) {
    case 'size':
      return new Variable(type, { constant: sizeOf(node.params.axes.map((axis) => x!.shape[axis]!)) });
    case 'reshape':
      return reshape(builder, x!, type.shape);
    case 'transpose':
    case 'slice':
    case 'broadcastTo':
      return rearrange(builder, node, x!, output);
    case 'matmul':
      return matmul(builder, node, x!, y!, output);
    case 'conv2d':
    case 'conv2dInputGrad':
      return convolution(builder, node, x!, y!, output);
    case 'errorNorm':
      return errorNorm(builder, inputs, output);
    case 'sum':
    case 'mean':
    case 'reduceMax':
    case 'reduceMin':
      return reduce(builder, node, x!, output);
    case 'gather': {
      const isPick = x!.shape.length === 1 && !x!.isScalar && x!.constant === undefined && y!.isScalar;
      return isPick ? builder.scalar({ op: 'pick' }, [builder.inMemory(x!), y!], output) : kernel(node);
    }
    case 'concat':
    case 'pad':
    case 'scatterAdd':
    case 'cumsum':
    case 'argMax':
    case 'iota':
    case 'linearSolve':
      return kernel(node);
    case 'conv2dKernelGrad':
    case 'maxPool2d':
    case 'maxPool2dGrad':
    case 'avgPool2d':
    case 'avgPool2dGrad':
      if (inputs.some(({ shape }) => sizeOf(shape) === 0)) return new Variable(type, { constant: 0 });
      return kernel(node);
    case 'setRow': {
      // The buffer becomes the result: a constant one is written there at once.
      const [buffer, index, row] = inputs;
      const operands = [builder.inMemoryOrConstant(buffer!), builder.inMemory(index!), builder.inMemory(row!)];
      return builder.kernel(node, operands, output);
    }
    default:
      if (
        isElementwise(node) ||
        node.op === 'select' ||
        node.op === 'cast' ||
        node.op === 'softplus' ||
        node.op === 'linearCombination'
      ) {
        if (output.isScalar) return builder.scalar(node, inputs, output);
        // Weights of a linear combination lie along the leading axes of its terms.
        const operands =
          node.op === 'linearCombination' ? inputs.map((input) => withTrailingAxes(input, type.shape)) : inputs;
        return builder.join(node, operands, output, type.shape);
      }
      throw new UnsupportedError('compile', `operation '${node.op}'`, {
        expected: 'basic primitives and the composites that the engine lists',
        advice: 'Lower the graph with the capabilities of this backend.',
      });
  }
}

function reshape(builder: StepBuilder, x: Variable, shape: Shape): Variable {
  return reshaped(x.isScalar ? x : builder.inMemoryOrConstant(x), shape);
}

function rearrange(builder: StepBuilder, node: Rearrangement, x: Variable, output: Variable): Variable {
  const view = rearranged(node, x, output.shape);
  const isElement = view.isScalar && view.view !== undefined && !view.view.of.isScalar;
  return isElement ? builder.scalar({ op: 'element' }, [view], output) : view;
}

function reduce(
  builder: StepBuilder,
  node: NodesOf<'sum' | 'mean' | 'reduceMax' | 'reduceMin'>,
  x: Variable,
  output: Variable,
): Variable {
  if (x.isScalar) return reshape(builder, x, output.shape);
  if (sizeOf(x.shape) === 0) return new Variable(output.type, { constant: 0 });
  return builder.join(node, [x], output, x.shape, node.params.axes);
}

/** Operands of `errorNorm` for each leaf: error, y0, y1, rtol, atol. */
const operandsOfLeaf = 5;

function errorNorm(builder: StepBuilder, inputs: readonly Variable[], output: Variable): Variable {
  const operation = { op: 'scaledSquares' } as const;
  const partial: Variable[] = [];
  let count = 0;
  for (let leaf = 0; leaf < inputs.length; leaf += operandsOfLeaf) {
    const operands = inputs.slice(leaf, leaf + operandsOfLeaf);
    const { shape, dtype, isScalar } = operands[0]!;
    const size = sizeOf(shape);
    count += size;
    if (size === 0) continue;
    const sum = new Variable(tensorType([], dtype));
    const axes = shape.map((_, axis) => axis);
    partial.push(
      isScalar ? builder.scalar(operation, operands, sum) : builder.join(operation, operands, sum, shape, axes),
    );
  }
  return builder.scalar({ op: 'rootMeanSquare', count }, partial, output);
}

function matmul(builder: StepBuilder, node: NodesOf<'matmul'>, a: Variable, b: Variable, output: Variable): Variable {
  const { transposeA, transposeB } = node.params;
  const k = a.shape.at(transposeA ? -2 : -1)!;
  if (k === 0) return new Variable(output.type, { constant: 0 });
  const multiply: Operation = { op: 'mul', params: {} };
  // A product of a scalar is a scaling, and one that gives a scalar a dot product.
  if (a.isScalar || b.isScalar) {
    const factors = [a, b].map((x) => reshape(builder, x, x.isScalar ? [] : output.shape));
    if (output.isScalar) return builder.scalar(multiply, factors, output);
    return builder.join(multiply, factors, output, output.shape);
  }
  if (output.isScalar) {
    const factors = [a, b].map((x) => reshape(builder, x, [k]));
    const products = builder.join(multiply, factors, new Variable(tensorType([k], output.dtype)), [k]);
    return builder.join({ op: 'sum', params: { axes: [0], keepDims: false } }, [products], output, [k], [0]);
  }
  const [left, right] = [asMatrix(builder, a, transposeA), asMatrix(builder, b, transposeB)];
  return builder.product({
    kind: 'matmul',
    a: left.matrix,
    b: right.matrix,
    transposeA: left.isTransposed,
    transposeB: right.isTransposed,
    output,
  });
}

/** A matrix that a product can read: dense, or the transpose of a dense one. */
function asMatrix(
  builder: StepBuilder,
  x: Variable,
  isTransposed: boolean,
): { readonly matrix: Variable; readonly isTransposed: boolean } {
  if (x.constant === undefined && !isDense(x)) {
    const swapped = withLastAxesSwapped(x);
    if (isDense(swapped)) return { matrix: swapped, isTransposed: !isTransposed };
  }
  return { matrix: builder.inMemory(x), isTransposed };
}

function convolution(
  builder: StepBuilder,
  node: NodesOf<'conv2d' | 'conv2dInputGrad'>,
  a: Variable,
  kernel: Variable,
  output: Variable,
): Variable {
  if (sizeOf(a.shape) * sizeOf(kernel.shape) === 0) return new Variable(output.type, { constant: 0 });
  const isInputGrad = node.op === 'conv2dInputGrad';
  const [x, y] = isInputGrad ? [output, a] : [a, output];
  const shapes = { x: x.shape, kernel: kernel.shape, y: y.shape };
  return builder.product({
    kind: 'convolution',
    spec: convolutionSpec(output.dtype === 'f64' ? 'f64' : 'f32', shapes, node.params),
    isInputGrad,
    a: builder.inMemory(a),
    b: builder.inMemory(kernel),
    output,
  });
}
