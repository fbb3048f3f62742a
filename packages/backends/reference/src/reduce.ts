/** Reductions, cumulative sums and scattered sums. Sums are accumulated in double precision and rounded once. */
import { demandIndices, type DType, type DataParams, type Shape, type TensorData } from '@node-ode/core';
import { dataOf, type Shelf, type Slot } from './memory.ts';
import { around } from './movement.ts';
import { shelfOf, share, tensorOf, type Lowering, type Site, type Step, type Wiring } from './site.ts';
import { denseStrides, walk, type Walk } from './strides.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin' | 'argMax' | 'cumsum' | 'scatterAdd';

export const reduceLowerings: { readonly [P in (Reduction & keyof DataParams) | 'mean']: Lowering<P> } = {
  sum: (node, site) => summed(node, site, node.params.axes, 1),
  mean: (node, site) => {
    const { shape } = tensorOf(node.inputs[0]);
    const count = node.params.axes.reduce((product, axis) => product * shape[axis]!, 1);
    return summed(node, site, node.params.axes, count);
  },
  reduceMax: (node, site) => extremum(node, site, node.params.axes, largest, -1),
  reduceMin: (node, site) => extremum(node, site, node.params.axes, smallest, 1),
  argMax: (node, site) => {
    const { memory } = site;
    const { outer, extent, inner } = around(node.inputs[0], node.params.axis, 1);
    const [x, z] = [site.inputs[0]!, site.outputs[0]!];
    const shelf = shelfOf(site, node.outputs[0]);
    return () => {
      const [from, out] = [dataOf(x), memory.fill(z, shelf)];
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++)
          out[o * inner + i] = indexOfLargest(from, o * extent * inner + i, inner, extent);
      }
    };
  },
  cumsum: (node, site) => {
    const { memory } = site;
    const { axis, reverse } = node.params;
    const { outer, extent, inner } = around(node.inputs[0], axis, 1);
    const [x, z] = [site.inputs[0]!, site.outputs[0]!];
    const shelf = shelfOf(site, node.outputs[0]);
    const [first, step] = reverse ? [extent - 1, -inner] : [0, inner];
    return () => {
      const [from, out] = [dataOf(x), memory.fill(z, shelf)];
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let at = (o * extent + first) * inner + i;
          let sum = 0;
          for (let k = 0; k < extent; k++, at += step) out[at] = sum += from[at]!;
        }
      }
    };
  },
  scatterAdd: (node, site) => {
    const { axis, size } = node.params;
    const rank = tensorOf(node.inputs[1]).shape.length;
    const { outer, extent: count, inner } = around(node.inputs[0], axis, rank);
    const [updates, indices] = [site.inputs[0]!, site.inputs[1]!];
    return accumulated(node, site, (sums) => {
      const [from, at] = [dataOf(updates), dataOf(indices)];
      demandIndices('scatterAdd', at, size);
      let k = 0;
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < count; j++) {
          const start = (o * size + at[j]!) * inner;
          for (let i = 0; i < inner; i++) sums[start + i]! += from[k++]!;
        }
      }
    });
  },
};

/**
 * A result made by adding to zeros in double precision, then divided by `divisor` and rounded: in the result itself where
 * it is f64, else in scratch memory.
 */
function accumulated(node: Wiring, site: Site, add: (sums: TensorData) => void, divisor = 1): Step {
  const { memory } = site;
  const z = site.outputs[0]!;
  const shelf = shelfOf(site, node.outputs[0]);
  const scratch = shelf.dtype === 'f64' ? undefined : memory.shelf('f64', shelf.length);
  return () => {
    const buffer = scratch === undefined ? undefined : memory.take(scratch);
    const sums = buffer?.data ?? memory.fill(z, shelf);
    sums.fill(0);
    add(sums);
    const out = buffer === undefined ? sums : memory.fill(z, shelf);
    if (divisor !== 1) for (let i = 0; i < out.length; i++) out[i] = sums[i]! / divisor;
    else if (out !== sums) for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
    if (buffer !== undefined) memory.release(buffer);
  };
}

function summed(node: Wiring, site: Site, axes: readonly number[], divisor: number): Step {
  if (axes.length === 0) return share(site);
  const { shape } = tensorOf(node.inputs[0]);
  const path = reductionWalk(shape, axes);
  const x = site.inputs[0]!;
  if (tensorOf(node.outputs[0]).size === 1 && path.outer === 1) {
    return total(x, site.outputs[0]!, site, shelfOf(site, node.outputs[0]), divisor);
  }
  return accumulated(
    node,
    site,
    (sums) => {
      addAlong(dataOf(x), sums, path);
    },
    divisor,
  );
}

/** The sum of everything, in one variable. */
function total(x: Slot, z: Slot, { memory }: Site, shelf: Shelf, divisor: number): Step {
  return () => {
    const from = dataOf(x);
    let sum = 0;
    for (let i = 0; i < from.length; i++) sum += from[i]!;
    memory.fill(z, shelf)[0] = sum / divisor;
  };
}

/** The walk over an operand, and over the result of reducing it, which stands still along the reduced axes. */
function reductionWalk(shape: Shape, axes: readonly number[]): Walk {
  const kept = denseStrides(shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)));
  const strides = kept.map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  return walk(shape, [{ strides: denseStrides(shape) }, { strides }]);
}

function addAlong(x: TensorData, sums: TensorData, { inner, outer, steps, starts }: Walk): void {
  const [sx, sz] = [steps[0]!, steps[1]!];
  const [xs, zs] = [starts[0]!, starts[1]!];
  for (let r = 0; r < outer; r++) {
    const [xo, zo] = [xs[r]!, zs[r]!];
    if (sz === 0) {
      let sum = sums[zo]!;
      for (let i = 0; i < inner; i++) sum += x[xo + i * sx]!;
      sums[zo] = sum;
    } else {
      for (let i = 0; i < inner; i++) sums[zo + i * sz]! += x[xo + i * sx]!;
    }
  }
}

type ReduceKernel = (x: TensorData, z: TensorData, path: Walk) => void;

const largest: ReduceKernel = (x, z, { inner, outer, steps, starts }) => {
  const [sx, sz] = [steps[0]!, steps[1]!];
  const [xs, zs] = [starts[0]!, starts[1]!];
  for (let r = 0; r < outer; r++) {
    const [xo, zo] = [xs[r]!, zs[r]!];
    for (let i = 0; i < inner; i++) z[zo + i * sz] = Math.max(z[zo + i * sz]!, x[xo + i * sx]!);
  }
};

const smallest: ReduceKernel = (x, z, { inner, outer, steps, starts }) => {
  const [sx, sz] = [steps[0]!, steps[1]!];
  const [xs, zs] = [starts[0]!, starts[1]!];
  for (let r = 0; r < outer; r++) {
    const [xo, zo] = [xs[r]!, zs[r]!];
    for (let i = 0; i < inner; i++) z[zo + i * sz] = Math.min(z[zo + i * sz]!, x[xo + i * sx]!);
  }
};

/** What every element of a dtype is at most (`sign` 1) or at least (−1). */
const bound = (dtype: DType, sign: number): number => {
  if (dtype !== 'i32') return sign * Infinity;
  return sign > 0 ? 2 ** 31 - 1 : -(2 ** 31);
};

function extremum(node: Wiring, site: Site, axes: readonly number[], kernel: ReduceKernel, sign: number): Step {
  if (axes.length === 0) return share(site);
  const { memory } = site;
  const { shape, dtype } = tensorOf(node.inputs[0]);
  const path = reductionWalk(shape, axes);
  const [x, z] = [site.inputs[0]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  const start = bound(dtype, sign);
  return () => {
    const from = dataOf(x);
    const out = memory.fill(z, shelf);
    out.fill(start);
    kernel(from, out, path);
  };
}

/** The first largest of `n` elements; a NaN counts as the largest, as in NumPy. */
function indexOfLargest(x: TensorData, start: number, stride: number, n: number): number {
  let best = 0;
  let top = x[start]!;
  for (let k = 1; k < n && !Number.isNaN(top); k++) {
    const candidate = x[start + k * stride]!;
    if (candidate > top || Number.isNaN(candidate)) {
      best = k;
      top = candidate;
    }
  }
  return best;
}
