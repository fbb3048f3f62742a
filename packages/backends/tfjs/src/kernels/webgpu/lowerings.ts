/** Lowerings for tfjs's WebGPU backend that take the place of those for all backends. */
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { movement } from './movement.ts';

export const webGpuLowerings = { ...elementwise, ...movement, ...indexing };
