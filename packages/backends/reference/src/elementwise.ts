/** Lowerings of the element-wise primitives: which loop, over which walk. */
import {
  UnsupportedError,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type LogicParams,
  type UnaryPrimitive,
} from '@node-ode/core';
import {
  comparisonKernels,
  floatKernels,
  integerKernels,
  logicKernels,
  predicateKernels,
  softplusKernel,
  unaryKernels,
  type BinaryKernel,
  type UnaryKernel,
} from './kernels.ts';
import { dataOf } from './memory.ts';
import { shelfOf, share, tensorOf, type Lowering, type Site, type Step, type Wiring } from './site.ts';
import { broadcastStrides, denseStrides, walk } from './strides.ts';

function unaryStep(kernel: UnaryKernel, node: Wiring, site: Site): Step {
  const { memory } = site;
  const [x, z] = [site.inputs[0]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  return () => {
    kernel(dataOf(x), memory.fill(z, shelf));
  };
}

function binaryStep(kernel: BinaryKernel, node: Wiring, site: Site): Step {
  const { memory } = site;
  const [x, y, z] = [site.inputs[0]!, site.inputs[1]!, site.outputs[0]!];
  const { shape } = tensorOf(node.outputs[0]);
  const shelf = shelfOf(site, node.outputs[0]);
  const { inner, outer, steps, starts } = walk(shape, [
    { strides: broadcastStrides(tensorOf(node.inputs[0]).shape, shape) },
    { strides: broadcastStrides(tensorOf(node.inputs[1]).shape, shape) },
    { strides: denseStrides(shape) },
  ]);
  const [sx, sy, sz] = [steps[0]!, steps[1]!, steps[2]!];
  if (outer === 1) {
    return () => {
      const [a, b] = [dataOf(x), dataOf(y)];
      kernel(a, 0, sx, b, 0, sy, memory.fill(z, shelf), 0, sz, inner);
    };
  }
  const [xs, ys, zs] = [starts[0]!, starts[1]!, starts[2]!];
  return () => {
    const [a, b, c] = [dataOf(x), dataOf(y), memory.fill(z, shelf)];
    for (let r = 0; r < outer; r++) kernel(a, xs[r]!, sx, b, ys[r]!, sy, c, zs[r]!, sz, inner);
  };
}

const unary =
  <P extends UnaryPrimitive>(op: P): Lowering<P> =>
  (node, site) =>
    unaryStep(unaryKernels[op], node, site);

const binary =
  <P extends BinaryPrimitive>(op: P): Lowering<P> =>
  (node, site) => {
    if (tensorOf(node.inputs[0]).dtype !== 'i32') return binaryStep(floatKernels[op], node, site);
    const kernels: { readonly [Q in BinaryPrimitive]?: BinaryKernel } = integerKernels;
    const kernel = kernels[op];
    if (kernel === undefined) throw new UnsupportedError(op, 'operands are i32', { expected: 'f32 or f64' });
    return binaryStep(kernel, node, site);
  };

const comparison =
  <P extends ComparisonPrimitive>(op: P): Lowering<P> =>
  (node, site) =>
    binaryStep(comparisonKernels[op], node, site);

export const unaryLowerings: { readonly [P in UnaryPrimitive | 'softplus']: Lowering<P> } = {
  neg: unary('neg'),
  abs: unary('abs'),
  sign: unary('sign'),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log'),
  log1p: unary('log1p'),
  sqrt: unary('sqrt'),
  sin: unary('sin'),
  cos: unary('cos'),
  tan: unary('tan'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  erf: unary('erf'),
  floor: unary('floor'),
  ceil: unary('ceil'),
  round: unary('round'),
  softplus: (node, site) => unaryStep(softplusKernel, node, site),
};

export const binaryLowerings: { readonly [P in BinaryPrimitive | ComparisonPrimitive]: Lowering<P> } = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  rem: binary('rem'),
  pow: binary('pow'),
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  atan2: binary('atan2'),
  equal: comparison('equal'),
  notEqual: comparison('notEqual'),
  less: comparison('less'),
  lessEqual: comparison('lessEqual'),
  greater: comparison('greater'),
  greaterEqual: comparison('greaterEqual'),
};

export const logicLowerings: { readonly [P in keyof LogicParams | 'select' | 'cast']: Lowering<P> } = {
  not: (node, site) => unaryStep(predicateKernels.not, node, site),
  isFinite: (node, site) => unaryStep(predicateKernels.isFinite, node, site),
  and: (node, site) => binaryStep(logicKernels.and, node, site),
  or: (node, site) => binaryStep(logicKernels.or, node, site),
  cast: (node, site) => {
    if (tensorOf(node.inputs[0]).dtype === node.params.dtype) return share(site);
    return unaryStep(node.params.dtype === 'bool' ? toBool : store, node, site);
  },
  select: (node, site) => {
    const { memory } = site;
    const [p, x, y, z] = [site.inputs[0]!, site.inputs[1]!, site.inputs[2]!, site.outputs[0]!];
    const { shape } = tensorOf(node.outputs[0]);
    const shelf = shelfOf(site, node.outputs[0]);
    const { inner, outer, steps, starts } = walk(shape, [
      ...node.inputs.map((input) => ({ strides: broadcastStrides(tensorOf(input).shape, shape) })),
      { strides: denseStrides(shape) },
    ]);
    const [sp, sx, sy, sz] = [steps[0]!, steps[1]!, steps[2]!, steps[3]!];
    const [ps, xs, ys, zs] = [starts[0]!, starts[1]!, starts[2]!, starts[3]!];
    return () => {
      const [c, a, b] = [dataOf(p), dataOf(x), dataOf(y)];
      const out = memory.fill(z, shelf);
      for (let r = 0; r < outer; r++) {
        const [po, xo, yo, zo] = [ps[r]!, xs[r]!, ys[r]!, zs[r]!];
        for (let i = 0; i < inner; i++) out[zo + i * sz] = c[po + i * sp] !== 0 ? a[xo + i * sx]! : b[yo + i * sy]!;
      }
    };
  },
};

/** Storing converts: f64 rounds to f32, floats truncate to i32. */
const store: UnaryKernel = (x, z) => {
  for (let i = 0; i < z.length; i++) z[i] = x[i]!;
};

const toBool: UnaryKernel = (x, z) => {
  for (let i = 0; i < z.length; i++) z[i] = x[i] !== 0 ? 1 : 0;
};
