/**
 * Convolution and its gradients on `cpu`, each as a product of matrices for each group: a fraction of the time of tfjs's kernels, and
 * no tensor is laid out anew for them. Padding is zeros: an infinite weight times one is NaN, as on most engines.
 */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../../runtime/tf-module.ts';
import { isNumbers } from '../attributes.ts';
import { fill } from '../memory.ts';
import { framed, framedSize, unframe } from './frame.ts';
import { layoutOf, type Layout } from './layout.ts';
import { addProduct, type Matrix } from './product.ts';

/** Takes a list of images and kernels. */
export const conv2dName = 'NodeOdeConv2d';

/** Takes a list of the result's cotangent and kernels. */
export const conv2dInputGradName = 'NodeOdeConv2dInputGrad';

/** Takes a list of images and the result's cotangent. */
export const conv2dKernelGradName = 'NodeOdeConv2dKernelGrad';

type Compute = (first: Float32Array, second: Float32Array, result: Float32Array, layout: Layout) => void;

/** A kernel of two tensors; attributes are those of a layout, in which `gives` names the result. */
const kernelOf = (kernelName: string, gives: 'image' | 'kernel' | 'result', compute: Compute): TfKernelConfig => ({
  kernelName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const shape = attrs?.[gives];
    if (!isNumbers(shape)) throw new ExecutionError(kernelName, `no ${gives}`, { expected: 'a shape' });
    return fill(backend, inputs, shape, ({ operands: [first, second], result }) => {
      compute(first!, second!, result, layoutOf(attrs, kernelName));
    });
  },
});

export const conv2dKernels: readonly TfKernelConfig[] = [
  kernelOf(conv2dName, 'result', (images, kernels, result, layout) => {
    const image = framed(images, layout.frame);
    for (let group = 0; group < layout.groups; group++) {
      addProduct({
        left: kernelsIn(kernels, layout, group),
        right: patchesIn(image, layout, group),
        target: resultsIn(result, layout, group),
      });
    }
  }),
  kernelOf(conv2dInputGradName, 'image', (ct, kernels, result, layout) => {
    const sums = new Float64Array(framedSize(layout.frame));
    for (let group = 0; group < layout.groups; group++) {
      addProduct({
        left: transposed(kernelsIn(kernels, layout, group)),
        right: resultsIn(ct, layout, group),
        target: patchesIn(sums, layout, group),
      });
    }
    unframe(sums, layout.frame, result);
  }),
  kernelOf(conv2dKernelGradName, 'kernel', (images, ct, result, layout) => {
    const image = framed(images, layout.frame);
    for (let group = 0; group < layout.groups; group++) {
      addProduct({
        left: resultsIn(ct, layout, group),
        right: transposed(patchesIn(image, layout, group)),
        target: kernelsIn(result, layout, group),
      });
    }
  }),
];

/** The kernels of a group, [output, tap]. */
const kernelsIn = (data: Float32Array, { kernel, apart }: Layout, group: number): Matrix<Float32Array> => ({
  data,
  start: group * apart.kernel,
  rows: kernel.outputs,
  columns: kernel.taps,
});

/** What the windows of a group see, [tap, window]: elements that several see are there several times. */
const patchesIn = <A extends Float32Array | Float64Array>(
  data: A,
  { image, apart }: Layout,
  group: number,
): Matrix<A> => ({ data, start: group * apart.image, rows: image.taps, columns: image.windows });

/** The results of a group, [output, window]. */
const resultsIn = (data: Float32Array, { result, apart }: Layout, group: number): Matrix<Float32Array> => ({
  data,
  start: group * apart.result,
  rows: result.outputs,
  columns: result.windows,
});

const transposed = ({ data, start, rows, columns }: Matrix<Float32Array>): Matrix<Float32Array> => ({
  data,
  start,
  rows: columns,
  columns: rows,
});
