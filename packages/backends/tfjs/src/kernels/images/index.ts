/** The lowerings of convolutions and pooling. Average pooling is decomposed: a convolution of planes, which are laid out already. */
import type { BasicLowerings, CompositeLowerings, Lowerings } from '../contract.ts';
import { conv2d } from './convolution.ts';
import { conv2dKernelGrad } from './gradients.ts';
import { inMemoryImages } from './in-memory.ts';
import { maxPool2d, maxPool2dGrad } from './pooling.ts';

export const imageLowerings: Pick<BasicLowerings, 'conv2d'> = { conv2d };

export const imageComposites: CompositeLowerings = { conv2dKernelGrad, maxPool2d, maxPool2dGrad };

/**
 * Convolution's gradient for images stays whole on `cpu` alone. Elsewhere it is a convolution with turned kernels, which are turned
 * once before a loop that doesn't change them, not in each of its iterations.
 */
export const specialImages: { readonly cpu: Lowerings } = { cpu: inMemoryImages };
