/** Pooling. The gradients of pooling are core's decompositions, of convolutions and comparisons. */
import type { NodeOf } from '@node-ode/core';
import { elementTypeOf } from '../../model/ir.ts';
import type { Attributes, Emitter, Lowering, Operand } from '../contract.ts';
import { hasKernel, type Kernel } from '../kernels.ts';
import { int, ints } from '../shaping.ts';
import { unlessEmpty } from './unless-empty.ts';

export const poolingRules: { readonly [P in 'maxPool2d' | 'avgPool2d']: Lowering<P> } = {
  maxPool2d: unlessEmpty((emitter, node, operands) => {
    const [x] = operands as readonly [Operand];
    const { window, dilations } = node.params;
    const isDilated = dilations.some((dilation) => dilation !== 1);
    if (isDilated || !has(emitter, 'MaxPool', x) || !has(emitter, 'AveragePool', x)) {
      return emitter.decompose(node, operands);
    }
    const type = node.outputs[0]?.type as Operand['type'];
    const pool = (kernel: Kernel, of: string, more: Attributes = {}): Operand =>
      emitter.operand(emitter.emit(kernel, [of], { ...attributesOf(node.params), ...more }), type);
    // The runtime's MaxPool passes over NaN. The sum of the window's sizes does not, and twice it is no less than any of them.
    const sizes = pool('AveragePool', emitter.emit('Abs', [x.name]), { count_include_pad: int(1) });
    const twice = emitter.scalar(2 * window[0] * window[1], type.dtype);
    const bound = emitter.operand(emitter.emit('Mul', [sizes.name, twice]), type);
    return emitter.lower('minimum', [pool('MaxPool', x.name), bound], {}).name;
  }),
  avgPool2d: unlessEmpty((emitter, node, operands) => {
    const [x] = operands as readonly [Operand];
    const { dilations, countIncludePad } = node.params;
    if (dilations.some((dilation) => dilation !== 1) || !has(emitter, 'AveragePool', x)) {
      return emitter.decompose(node, operands);
    }
    return emitter.emit('AveragePool', [x.name], {
      ...attributesOf(node.params),
      count_include_pad: int(countIncludePad ? 1 : 0),
    });
  }),
};

const has = ({ provider }: Emitter, kernel: Kernel, { type }: Operand): boolean =>
  hasKernel(provider, kernel, elementTypeOf(type.dtype));

const attributesOf = ({ window, strides, padBefore, padAfter }: NodeOf<'maxPool2d'>['params']): Attributes => ({
  kernel_shape: ints(window),
  strides: ints(strides),
  pads: ints([...padBefore, ...padAfter]),
});
