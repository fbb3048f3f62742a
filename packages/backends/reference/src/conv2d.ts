/** Convolution of images, accumulated in double precision and rounded once. */
import type { Pair, TensorData } from '@node-ode/core';
import { dataOf } from './memory.ts';
import { shelfOf, tensorOf, type Lowering } from './site.ts';

/** Output positions [from, to) of one row or column of the kernel that lie on the image, and the image's position of `from`. */
interface Reach {
  readonly from: number;
  readonly to: number;
  readonly start: number;
}

/** Where each row (or column) of the kernel meets the image, padding left out: adding its zeros changes nothing. */
function reaches(
  axis: 0 | 1,
  extents: { readonly image: number; readonly kernel: number; readonly output: number },
  { strides, padBefore, dilations }: { readonly strides: Pair; readonly padBefore: Pair; readonly dilations: Pair },
): readonly Reach[] {
  const stride = strides[axis];
  return Array.from({ length: extents.kernel }, (_, tap) => {
    const first = tap * dilations[axis] - padBefore[axis];
    const from = Math.max(0, Math.ceil(-first / stride));
    const to = Math.min(extents.output, Math.floor((extents.image - 1 - first) / stride) + 1);
    return { from, to, start: first + from * stride };
  });
}

export const conv2d: Lowering<'conv2d'> = (node, site) => {
  const { memory } = site;
  const { strides, groups } = node.params;
  const [, channels, height, width] = tensorOf(node.inputs[0]).shape as [number, number, number, number];
  const [outputs, inputs, kh, kw] = tensorOf(node.inputs[1]).shape as [number, number, number, number];
  const [samples, , rows, columns] = tensorOf(node.outputs[0]).shape as [number, number, number, number];
  const down = reaches(0, { image: height, kernel: kh, output: rows }, node.params);
  const across = reaches(1, { image: width, kernel: kw, output: columns }, node.params);
  const [image, kernel, result] = [site.inputs[0]!, site.inputs[1]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  const scratch = memory.shelf('f64', rows * columns);
  return () => {
    const [x, k] = [dataOf(image), dataOf(kernel)];
    const out = memory.fill(result, shelf);
    const plane = memory.take(scratch);
    for (let n = 0; n < samples; n++) {
      for (let o = 0; o < outputs; o++) {
        plane.data.fill(0);
        const firstInput = Math.floor((o * groups) / outputs) * inputs;
        for (let c = 0; c < inputs; c++) {
          const start = (n * channels + firstInput + c) * height * width;
          const kernelStart = (o * inputs + c) * kh * kw;
          for (let i = 0; i < kh; i++) {
            for (let j = 0; j < kw; j++) {
              addTap(plane.data, columns, k[kernelStart + i * kw + j]!, x, start, width, down[i]!, across[j]!, strides);
            }
          }
        }
        out.set(plane.data, (n * outputs + o) * rows * columns);
      }
    }
    memory.release(plane);
  };
};

/** plane += weight · the elements of one input channel that one element of the kernel meets. */
function addTap(
  plane: TensorData,
  columns: number,
  weight: number,
  x: TensorData,
  start: number,
  width: number,
  down: Reach,
  across: Reach,
  [strideDown, strideAcross]: Pair,
): void {
  for (let a = down.from; a < down.to; a++) {
    let from = start + (down.start + (a - down.from) * strideDown) * width + across.start;
    for (let b = across.from; b < across.to; b++, from += strideAcross) plane[a * columns + b]! += weight * x[from]!;
  }
}
