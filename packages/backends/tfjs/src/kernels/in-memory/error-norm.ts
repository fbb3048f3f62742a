/** The scaled error norm of a step in one pass over the elements, summed in double precision. */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fill } from './memory.ts';

/** Inputs are (e, y0, y1, rtol, atol) for each leaf; tolerances have one element, or as many as the leaf. */
export const errorNormName = 'NodeOdeErrorNorm';

export const errorNormKernel = (backendName: string): TfKernelConfig => ({
  kernelName: errorNormName,
  backendName,
  kernelFunc: ({ inputs, backend }) =>
    fill(backend, inputs, [], ({ operands, result }) => {
      let sum = 0;
      let count = 0;
      for (let i = 0; i < operands.length; i += 5) {
        const leaf = operands.slice(i, i + 5) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
        sum += squares(...leaf);
        count += leaf[0].length;
      }
      result[0] = Math.sqrt(sum / count);
    }),
});

function squares(e: Float32Array, y0: Float32Array, y1: Float32Array, rtol: Float32Array, atol: Float32Array): number {
  let sum = 0;
  const [relative, absolute] = [rtol.length > 1 ? 1 : 0, atol.length > 1 ? 1 : 0];
  for (let j = 0; j < e.length; j++) {
    const larger = Math.max(Math.abs(y0[j]!), Math.abs(y1[j]!));
    const ratio = e[j]! / (atol[absolute * j]! + rtol[relative * j]! * larger);
    sum += ratio * ratio;
  }
  return sum;
}
