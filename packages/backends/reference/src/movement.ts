/** Primitives that make or move elements without computing: constants, reshapes, strided copies, indexing. */
import { demandIndices, sizeOf, type DataParams, type TensorData, type Value } from '@node-ode/core';
import { dataOf } from './memory.ts';
import { shelfOf, share, tensorOf, type Lowering, type Site, type Step, type Wiring } from './site.ts';
import { broadcastStrides, denseStrides, walk, type Layout, type Walk } from './strides.ts';

type Movement =
  | 'constant'
  | 'iota'
  | 'size'
  | 'reshape'
  | 'broadcastTo'
  | 'transpose'
  | 'slice'
  | 'pad'
  | 'concat'
  | 'gather'
  | 'setRow';

export const movementLowerings: { readonly [P in Movement & keyof DataParams]: Lowering<P> } = {
  constant: (node, site) => {
    const { value } = node.params;
    return generated(node, site, (data) => data.fill(value));
  },
  iota: (node, site) => {
    const { shape, axis } = node.params;
    const inner = sizeOf(shape.slice(axis + 1));
    const extent = shape[axis]!;
    return generated(node, site, (data) => {
      for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / inner) % extent;
    });
  },
  size: (node, site) => {
    const { shape } = tensorOf(node.inputs[0]);
    const count = sizeOf(node.params.axes.map((axis) => shape[axis]!));
    return generated(node, site, (data) => data.fill(count));
  },
  reshape: (_, site) => share(site),
  broadcastTo: (node, site) => {
    const { shape } = node.params;
    return copied(node, site, { strides: broadcastStrides(tensorOf(node.inputs[0]).shape, shape) });
  },
  transpose: (node, site) => {
    const strides = denseStrides(tensorOf(node.inputs[0]).shape);
    return copied(node, site, { strides: node.params.perm.map((axis) => strides[axis]!) });
  },
  slice: (node, site) => {
    const strides = denseStrides(tensorOf(node.inputs[0]).shape);
    return copied(node, site, { strides, offset: dot(node.params.starts, strides) });
  },
  pad: (node, site) => {
    const { memory } = site;
    const { before, value } = node.params;
    const from = tensorOf(node.inputs[0]).shape;
    const strides = denseStrides(tensorOf(node.outputs[0]).shape);
    const path = walk(from, [{ strides: denseStrides(from) }, { strides, offset: dot(before, strides) }]);
    const [x, z] = [site.inputs[0]!, site.outputs[0]!];
    const shelf = shelfOf(site, node.outputs[0]);
    return () => {
      const out = memory.fill(z, shelf);
      out.fill(value);
      copy(dataOf(x), out, path);
    };
  },
  concat: (node, site) => {
    if (node.inputs.length === 1) return share(site);
    const { memory, inputs } = site;
    const { axis } = node.params;
    const strides = denseStrides(tensorOf(node.outputs[0]).shape);
    let position = 0;
    const paths = node.inputs.map((input) => {
      const { shape } = tensorOf(input);
      const path = walk(shape, [{ strides: denseStrides(shape) }, { strides, offset: position * strides[axis]! }]);
      position += shape[axis]!;
      return path;
    });
    const z = site.outputs[0]!;
    const shelf = shelfOf(site, node.outputs[0]);
    return () => {
      const out = memory.fill(z, shelf);
      for (let k = 0; k < paths.length; k++) copy(dataOf(inputs[k]!), out, paths[k]!);
    };
  },
  gather: (node, site) => {
    const { memory } = site;
    const { outer, extent, inner } = around(node.inputs[0], node.params.axis, 1);
    const count = tensorOf(node.inputs[1]).size;
    const [x, indices, z] = [site.inputs[0]!, site.inputs[1]!, site.outputs[0]!];
    const shelf = shelfOf(site, node.outputs[0]);
    return () => {
      const [from, at] = [dataOf(x), dataOf(indices)];
      demandIndices('gather', at, extent);
      const out = memory.fill(z, shelf);
      let k = 0;
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < count; j++) {
          const start = (o * extent + at[j]!) * inner;
          for (let i = 0; i < inner; i++) out[k++] = from[start + i]!;
        }
      }
    };
  },
  setRow: (node, site) => {
    const { memory } = site;
    const [buffer, index, row, z] = [site.inputs[0]!, site.inputs[1]!, site.inputs[2]!, site.outputs[0]!];
    const extent = tensorOf(node.inputs[0]).shape[0]!;
    const count = tensorOf(node.inputs[1]).size;
    const length = tensorOf(node.inputs[2]).size / count;
    const dies = site.dies[0]!;
    const shelf = shelfOf(site, node.outputs[0]);
    return () => {
      const at = dataOf(index);
      demandIndices('setRow', at, extent);
      const whole = buffer.value!;
      let out: TensorData;
      if (dies && whole.refs === 1) {
        // Nobody else can see the buffer, and this is its last use: the row is replaced where it is.
        buffer.value = undefined;
        z.value = whole;
        out = dataOf(z);
      } else {
        const from = dataOf(buffer);
        out = memory.fill(z, shelf);
        out.set(from);
      }
      const from = dataOf(row);
      for (let k = 0; k < count; k++) {
        const [start, first] = [at[k]! * length, k * length];
        for (let i = 0; i < length; i++) out[start + i] = from[first + i]!;
      }
    };
  },
};

/** Results up to this many elements that depend on nothing are made once, when the graph is planned. */
const keptSize = 16;

function generated(node: Wiring, site: Site, write: (data: TensorData) => void): Step {
  const { memory } = site;
  const z = site.outputs[0]!;
  const shelf = shelfOf(site, node.outputs[0]);
  if (shelf.length > keptSize) {
    return () => {
      write(memory.fill(z, shelf));
    };
  }
  const kept = site.keep(shelf);
  write(kept.data);
  return () => {
    kept.refs++;
    z.value = kept;
  };
}

/** A dense copy of operand 0 seen through a layout; the operand itself where that is all of it, in order. */
function copied(node: Wiring, site: Site, layout: Layout): Step {
  const { shape, size } = tensorOf(node.outputs[0]);
  const dense = denseStrides(shape);
  const ordered = shape.every((extent, axis) => extent === 1 || layout.strides[axis] === dense[axis]);
  if (size === tensorOf(node.inputs[0]).size && ordered) return share(site);
  const { memory } = site;
  const [x, z] = [site.inputs[0]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  const path = walk(shape, [layout, { strides: dense }]);
  return () => {
    copy(dataOf(x), memory.fill(z, shelf), path);
  };
}

function copy(from: TensorData, to: TensorData, { inner, outer, steps, starts }: Walk): void {
  const [sx, sz] = [steps[0]!, steps[1]!];
  const [xs, zs] = [starts[0]!, starts[1]!];
  for (let r = 0; r < outer; r++) {
    const [xo, zo] = [xs[r]!, zs[r]!];
    for (let i = 0; i < inner; i++) to[zo + i * sz] = from[xo + i * sx]!;
  }
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Products of the extents before, of and behind `count` axes. */
export function around(
  value: Value | undefined,
  axis: number,
  count: number,
): { readonly outer: number; readonly extent: number; readonly inner: number } {
  const { shape } = tensorOf(value);
  return {
    outer: sizeOf(shape.slice(0, axis)),
    extent: sizeOf(shape.slice(axis, axis + count)),
    inner: sizeOf(shape.slice(axis + count)),
  };
}
