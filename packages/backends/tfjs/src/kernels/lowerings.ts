/** All lowerings, by primitive. */
import type { CompositePrimitive } from '@node-ode/core';
import { compositeLowerings } from './composites.ts';
import type { BasicLowerings, Lowerings } from './contract.ts';
import { elementwise } from './elementwise.ts';
import { imageLowerings, specialImages } from './images/index.ts';
import { indexing } from './indexing.ts';
import { matmul } from './matmul.ts';
import { movement } from './movement.ts';
import { reduction } from './reduction.ts';
import { listAttributeOf } from './tensorflow/list-operands.ts';
import { tensorflowLowerings } from './tensorflow/lowerings.ts';
import { webGpuLowerings } from './webgpu/lowerings.ts';

const basic: BasicLowerings = {
  ...elementwise,
  ...movement,
  ...indexing,
  ...reduction,
  ...matmul,
  ...imageLowerings,
};

const common: Lowerings = { ...compositeLowerings, ...basic };

/** Lowerings that a backend needs instead of those that all have. */
const special: Readonly<Record<string, Lowerings>> = {
  cpu: specialImages.cpu,
  tensorflow: tensorflowLowerings,
  webgpu: webGpuLowerings,
};

/** The lowerings for a backend. */
export const loweringsFor = (backendName: string): Lowerings => ({ ...common, ...special[backendName] });

/** What tells of a kernel which attribute, integers, a backend's has as its last operand. */
export const listAttributesFor = (backendName: string): ((kernel: string) => string | undefined) =>
  backendName === 'tensorflow' ? listAttributeOf : () => undefined;

/** Composites that the engine lowers itself on a backend. */
export const nativeComposites = (backendName: string): readonly CompositePrimitive[] => {
  const all = loweringsFor(backendName);
  return compositeNames.filter((op) => all[op] !== undefined);
};

const compositeNames = Object.keys({
  mean: 0,
  softplus: 0,
  logSumExp: 0,
  softmax: 0,
  logSoftmax: 0,
  linearCombination: 0,
  errorNorm: 0,
  allFinite: 0,
  conv2dInputGrad: 0,
  conv2dKernelGrad: 0,
  maxPool2d: 0,
  maxPool2dGrad: 0,
  avgPool2d: 0,
  avgPool2dGrad: 0,
  linearSolve: 0,
} satisfies Record<CompositePrimitive, number>) as CompositePrimitive[];
