/** Lowerings for tfjs's WebGPU backend that take the place of those for all backends. */
import type { Lowerings } from '../contract.ts';
import { webGpuComposites } from './composites.ts';
import { conv2d, conv2dKernelGrad } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { movement } from './movement.ts';
import { product } from './product.ts';
import { reductions } from './reduction.ts';

export const webGpuLowerings: Lowerings = {
  ...elementwise,
  ...movement,
  ...indexing,
  ...reductions,
  ...webGpuComposites,
  matmul: product,
  conv2d,
  conv2dKernelGrad,
};
