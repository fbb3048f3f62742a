/** Composites that ONNX has an operator for, or that are cheaper in one piece than in their parts. */
import { tensorType, type ReduceParams } from '@node-ode/core';
import { allFinite } from './all-finite.ts';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { errorNorm } from './error-norm.ts';
import { hasKernel, requireKernel } from './kernels.ts';
import { linearCombination } from './linear-combination.ts';
import { reduce } from './reduction.ts';
import { int } from './shaping.ts';

type Composite =
  'mean' | 'softplus' | 'logSumExp' | 'softmax' | 'logSoftmax' | 'linearCombination' | 'errorNorm' | 'allFinite';

export const compositeRules: { readonly [P in Composite]: Lowering<P> } = {
  mean: (emitter, { params }, [x]) => reduce(emitter, 'mean', 'ReduceMean', x as Operand, params),
  softplus: (emitter, _, [operand]) => {
    const x = operand as Operand;
    const { name, type } = x;
    // The CPU's kernel takes 12 ns for an element; its parts together take 2.
    if (emitter.provider === 'cpu' || type.dtype === 'f64') return softplusByParts(emitter, x);
    requireKernel(emitter, 'softplus', 'Softplus', type.dtype);
    const result = emitter.emit('Softplus', [name]);
    if (emitter.provider !== 'webgpu') return result;
    // WebGPU's gives ∞ for NaN.
    return emitter.emit('Where', [emitter.emit('Equal', [name, name]), result, name]);
  },
  logSumExp: (emitter, { params }, [operand]) => {
    const x = operand as Operand;
    if (params.axes.length === 0) return x.name;
    // Other providers sum the exponentials as they are, which overflow.
    if (emitter.provider === 'cpu') return reduce(emitter, 'logSumExp', 'ReduceLogSumExp', x, params);
    const { axes, keepDims } = params;
    const top = emitter.lower('reduceMax', [x], { axes, keepDims: true });
    const zero = emitter.operand(emitter.scalar(0, x.type.dtype), tensorType([], x.type.dtype));
    const safe = emitter.lower('select', [emitter.lower('isFinite', [top], {}), top, zero], {});
    const sum = emitter.lower('sum', [emitter.lower('exp', [emitter.lower('sub', [x, safe], {})], {})], {
      axes,
      keepDims: true,
    });
    const total = emitter.lower('add', [emitter.lower('log', [sum], {}), safe], {});
    if (keepDims) return total.name;
    return emitter.emit('Squeeze', [total.name, emitter.ints(axes)]);
  },
  softmax: (emitter, { params: { axis } }, [x]) => {
    const { name, type } = x as Operand;
    requireKernel(emitter, 'softmax', 'Softmax', type.dtype);
    return emitter.emit('Softmax', [name], { axis: int(axis) });
  },
  logSoftmax: (emitter, { params: { axis } }, [operand]) => {
    const x = operand as Operand;
    // The runtime's kernel for f64 makes numbers of NaN.
    if (x.type.dtype === 'f32' && hasKernel(emitter.provider, 'LogSoftmax', 'float')) {
      return emitter.emit('LogSoftmax', [x.name], { axis: int(axis) });
    }
    return logSoftmaxByParts(emitter, x, { axes: [axis], keepDims: true });
  },
  linearCombination,
  errorNorm,
  allFinite,
};

/** max(x, 0) + log(1 + e^−|x|): the runtime's kernel for f64 gives ∞ from 710 on, and 0 below −37. */
function softplusByParts(emitter: Emitter, x: Operand): string {
  const zero: Operand = { ...emitter.operand(emitter.scalar(0, x.type.dtype), tensorType([], x.type.dtype)), splat: 0 };
  const decay = emitter.lower('exp', [emitter.lower('neg', [emitter.lower('abs', [x], {})], {})], {});
  return emitter.lower('add', [emitter.lower('maximum', [x, zero], {}), emitter.lower('log1p', [decay], {})], {}).name;
}

/** (x − max) − log Σ e^(x − max); a maximum that passes over NaN will do, as the sum does not. */
function logSoftmaxByParts(emitter: Emitter, x: Operand, along: ReduceParams): string {
  const shape = x.type.shape.map((extent, axis) => (along.axes.includes(axis) ? 1 : extent));
  const top = emitter.operand(reduce(emitter, 'logSoftmax', 'ReduceMax', x, along), tensorType(shape, x.type.dtype));
  const shifted = emitter.lower('sub', [x, top], {});
  return emitter.lower('sub', [shifted, emitter.lower('logSumExp', [shifted], along)], {}).name;
}
