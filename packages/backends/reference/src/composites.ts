/** Composite primitives that the interpreter computes in one go: a step's stage sums, its scaled error norm, and whether it is finite. */
import { sizeOf, type CompositePrimitive, type TensorData } from '@node-ode/core';
import { dataOf } from './memory.ts';
import { shelfOf, tensorOf, type Lowering } from './site.ts';
import { broadcastStrides, walk, type Walk } from './strides.ts';

/**
 * The composites that are not decomposed; `mean` is among the reductions, `softplus` among the element-wise functions,
 * `linearSolve` in a file of its own.
 */
export const nativeComposites = [
  'linearCombination',
  'errorNorm',
  'allFinite',
  'mean',
  'softplus',
  'linearSolve',
] as const satisfies readonly CompositePrimitive[];

export const linearCombination: Lowering<'linearCombination'> = (node, site) => {
  const { memory } = site;
  const { coefficients } = node.params;
  const n = coefficients.length;
  const weights = site.inputs.slice(0, n);
  const terms = site.inputs.slice(n);
  const z = site.outputs[0]!;
  const shelf = shelfOf(site, node.outputs[0]);
  const scratch = shelf.dtype === 'f64' ? undefined : memory.shelf('f64', shelf.length);
  const scalar = node.inputs.slice(0, n).every((weight) => tensorOf(weight).size === 1);
  const add = scalar ? addScaled : addScaledRows;
  return () => {
    const buffer = scratch === undefined ? undefined : memory.take(scratch);
    const sums = buffer?.data ?? memory.fill(z, shelf);
    // −0 is what adding leaves everything as it was to: 0 would lose the sign of a sum that is −0.
    sums.fill(-0);
    let k = 0;
    if (scalar) {
      for (; k + 2 < n; k += 3) {
        addThree(
          sums,
          coefficients[k]! * dataOf(weights[k]!)[0]!,
          dataOf(terms[k]!),
          coefficients[k + 1]! * dataOf(weights[k + 1]!)[0]!,
          dataOf(terms[k + 1]!),
          coefficients[k + 2]! * dataOf(weights[k + 2]!)[0]!,
          dataOf(terms[k + 2]!),
        );
      }
    }
    for (; k < n; k++) add(sums, coefficients[k]!, dataOf(weights[k]!), dataOf(terms[k]!));
    if (buffer === undefined) return;
    const out = memory.fill(z, shelf);
    for (let i = 0; i < out.length; i++) out[i] = sums[i]!;
    memory.release(buffer);
  };
};

/** sums += (c·w)·x for one weight. */
function addScaled(sums: TensorData, coefficient: number, weight: TensorData, x: TensorData): void {
  const scale = coefficient * weight[0]!;
  for (let i = 0; i < sums.length; i++) sums[i]! += scale * x[i]!;
}

/** Three terms in one pass, added from left to right. */
function addThree(
  sums: TensorData,
  a: number,
  x: TensorData,
  b: number,
  y: TensorData,
  c: number,
  z: TensorData,
): void {
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + a * x[i]! + b * y[i]! + c * z[i]!;
}

/** sums += (c·w)·x for a weight of each leading index. */
function addScaledRows(sums: TensorData, coefficient: number, weights: TensorData, x: TensorData): void {
  const inner = sums.length / weights.length;
  let at = 0;
  for (let r = 0; r < weights.length; r++) {
    const scale = coefficient * weights[r]!;
    for (let i = 0; i < inner; i++, at++) sums[at]! += scale * x[at]!;
  }
}

export const errorNorm: Lowering<'errorNorm'> = (node, site) => {
  const { memory, inputs } = site;
  const paths: Walk[] = [];
  let count = 0;
  for (let leaf = 0; leaf < node.inputs.length; leaf += 5) {
    const operands = node.inputs.slice(leaf, leaf + 5).map((input) => tensorOf(input).shape);
    const shape = operands[0]!;
    count += sizeOf(shape);
    paths.push(
      walk(
        shape,
        operands.map((operand) => ({ strides: broadcastStrides(operand, shape) })),
      ),
    );
  }
  const z = site.outputs[0]!;
  const shelf = shelfOf(site, node.outputs[0]);
  return () => {
    let squares = 0;
    for (let leaf = 0; leaf < paths.length; leaf++) {
      const { inner, outer, steps, starts } = paths[leaf]!;
      const [e, y, w, r, a] = [0, 1, 2, 3, 4].map((k) => dataOf(inputs[5 * leaf + k]!)) as [
        TensorData,
        TensorData,
        TensorData,
        TensorData,
        TensorData,
      ];
      const [se, sy, sw, sr, sa] = [steps[0]!, steps[1]!, steps[2]!, steps[3]!, steps[4]!];
      let sum = 0;
      for (let row = 0; row < outer; row++) {
        const [eo, yo, wo] = [starts[0]![row]!, starts[1]![row]!, starts[2]![row]!];
        const [ro, ao] = [starts[3]![row]!, starts[4]![row]!];
        for (let i = 0; i < inner; i++) {
          const size = Math.max(Math.abs(y[yo + i * sy]!), Math.abs(w[wo + i * sw]!));
          const scaled = e[eo + i * se]! / (size * r[ro + i * sr]! + a[ao + i * sa]!);
          sum += scaled * scaled;
        }
      }
      squares += sum;
    }
    memory.fill(z, shelf)[0] = Math.sqrt(squares / count);
  };
};

export const allFinite: Lowering<'allFinite'> = (node, { memory, inputs, outputs }) => {
  const z = outputs[0]!;
  const shelf = memory.shelf('bool', 1);
  return () => {
    memory.fill(z, shelf)[0] = inputs.every((x) => areFinite(dataOf(x))) ? 1 : 0;
  };
};

function areFinite(x: TensorData): boolean {
  for (let i = 0; i < x.length; i++) if (!Number.isFinite(x[i])) return false;
  return true;
}
