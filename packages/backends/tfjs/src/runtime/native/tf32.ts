/**
 * Whether matrix products are rounded to TF32: TensorFlow has NVIDIA's GPUs since Ampere do so unless it is told otherwise. Its factors have 10 bits
 * behind the point, errors of 1e-3 that no tolerance of an adaptive solve survives.
 */
import { ExecutionError, UnsupportedError, type NodeOdeError } from '@node-ode/core';
import type { TfKernelBackend, TfModule } from '../tf-module.ts';

/** Products of matrices this large are certain to be done by the units that have TF32. */
const size = 256;

/** The least number above 1 that TF32 has not. */
const between = 1 + 2 ** -12;

/** Multiplies the identity by a number that TF32 rounds to 1. */
export async function roundsToTf32(tf: Pick<TfModule, 'getKernel'>, backend: TfKernelBackend): Promise<boolean> {
  const kernel = tf.getKernel('BatchMatMul', 'tensorflow');
  if (kernel === undefined) throw new UnsupportedError('tfjs', "tfjs's backend 'tensorflow' has no kernel BatchMatMul");
  const matrix = (element: (row: number, column: number) => number) => {
    const elements = Float32Array.from({ length: size * size }, (_, i) => element(Math.floor(i / size), i % size));
    return { dataId: backend.write(elements, [1, size, size], 'float32'), shape: [1, size, size], dtype: 'float32' };
  };
  const a = matrix(() => between);
  const b = matrix((row, column) => (row === column ? 1 : 0));
  const attrs = { transposeA: false, transposeB: false };
  try {
    const given = kernel.kernelFunc({ inputs: { a, b }, attrs, backend });
    const product = Array.isArray(given) ? given[0] : given;
    if (product === undefined) throw new ExecutionError('tfjs', 'BatchMatMul gave nothing');
    try {
      const elements = await backend.read(product.dataId);
      if (!(elements instanceof Float32Array)) throw new ExecutionError('tfjs', 'BatchMatMul gave no float32');
      return elements.some((x) => x !== between);
    } finally {
      backend.disposeData(product.dataId);
    }
  } finally {
    backend.disposeData(a.dataId);
    backend.disposeData(b.dataId);
  }
}

/** The error for products that are rounded so. */
export const roundedToTf32 = (): NodeOdeError =>
  new ExecutionError('tfjs', 'the GPU rounds matrix products to TF32, with errors of 1e-3', {
    expected: 'products in f32',
    advice:
      'Set NVIDIA_TF32_OVERRIDE=0 in the environment before @tensorflow/tfjs-node-gpu is loaded, or load it by loadTfjsNode({ gpu: true }); allow it by tf32: true.',
  });
