/** Composites that ONNX has an operator for, or that are cheaper in one piece than in their parts. */
import type { CompositePrimitive } from '@node-ode/core';
import type { Lowering, Operand } from './contract.ts';
import { errorNorm } from './error-norm.ts';
import { hasKernel, requireKernel } from './kernels.ts';
import { linearCombination } from './linear-combination.ts';
import { elementTypeOf } from '../model/ir.ts';
import { reduce } from './reduction.ts';
import { int } from './shaping.ts';

export const compositeRules: { readonly [P in CompositePrimitive]: Lowering<P> } = {
  mean: (emitter, { params }, [x]) => reduce(emitter, 'mean', 'ReduceMean', x as Operand, params),
  softplus: (emitter, _, [x]) => {
    const { name, type } = x as Operand;
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
    const zero = emitter.operand(emitter.scalar(0, x.type.dtype), { ...x.type, shape: [] });
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
    if (hasKernel(emitter.provider, 'LogSoftmax', elementTypeOf(x.type.dtype))) {
      return emitter.emit('LogSoftmax', [x.name], { axis: int(axis) });
    }
    const along = { axes: [axis], keepDims: true };
    const shifted = emitter.lower('sub', [x, emitter.lower('reduceMax', [x], along)], {});
    const sum = emitter.lower('sum', [emitter.lower('exp', [shifted], {})], along);
    return emitter.lower('sub', [shifted, emitter.lower('log', [sum], {})], {}).name;
  },
  linearCombination,
  errorNorm,
};
