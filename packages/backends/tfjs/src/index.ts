/** @node-ode/backend-tfjs: TensorFlow.js as an engine. */
export type { BasicLowerings } from './kernels/contract.ts';
