/** Matrix products: `Gemm` for two matrices, which transposes in place, and `MatMul` for batches of them. */
import { sizeOf, type TensorType } from '@node-ode/core';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { requireKernel } from './kernels.ts';
import { filled, int, range } from './shaping.ts';

export const matmulRules: { readonly matmul: Lowering<'matmul'> } = {
  matmul: (emitter, { params, outputs }, operands) => {
    const [a, b] = operands as readonly [Operand, Operand];
    const { transposeA, transposeB } = params;
    const { shape, dtype } = a.type;
    requireKernel(emitter, 'matmul', 'MatMul', dtype);
    const result = outputs[0]?.type as TensorType;
    const inner = shape.at(transposeA ? -2 : -1);
    // Sums of nothing, or no sums: the WebGPU kernel crashes on the ones, CPU's fused one refuses the others.
    if (inner === 0 || sizeOf(result.shape) === 0) return filled(emitter, 0, result.shape, dtype);
    if (shape.length === 2 && b.type.shape.length === 2) {
      const attributes = { transA: int(transposeA ? 1 : 0), transB: int(transposeB ? 1 : 0) };
      return emitter.emit('Gemm', [a.name, b.name], attributes);
    }
    return emitter.emit('MatMul', [transposed(emitter, a, transposeA), transposed(emitter, b, transposeB)]);
  },
};

/** A batch of matrices with its last two axes swapped; the runtime fuses it with the product where it can. */
function transposed(emitter: Emitter, { name, type }: Operand, isTransposed: boolean): string {
  if (!isTransposed) return name;
  const rank = type.shape.length;
  const perm = [...range(0, rank - 2), rank - 1, rank - 2];
  return emitter.emit('Transpose', [name], { perm: { kind: 'ints', value: perm } });
}
