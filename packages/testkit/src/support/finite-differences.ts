/** Central differences on the host: the gradient that no derivative rule had a hand in. */
import { array, type HostArray } from '@node-ode/core';

/** A scalar function of host arrays. */
export type HostFunction = (inputs: readonly HostArray[]) => Promise<number>;

/**
 * ∂f/∂x of every element of every input in `wrt` (all by default), to fourth order:
 * (f(x − 2h) − 8f(x − h) + 8f(x + h) − f(x + 2h)) / 12h with h = `step`·max(1, |x|).
 *
 * @returns One list of derivatives for each input in `wrt`.
 */
export async function centralDifferences(
  f: HostFunction,
  inputs: readonly HostArray[],
  options: { readonly wrt?: readonly number[]; readonly step?: number } = {},
): Promise<number[][]> {
  const { wrt = inputs.map((_, i) => i), step = 1e-3 } = options;
  const result: number[][] = [];
  for (const k of wrt) {
    const input = inputs[k] as HostArray;
    const derivatives: number[] = [];
    for (let i = 0; i < input.data.length; i++) {
      const x = input.data[i] ?? NaN;
      const h = step * Math.max(1, Math.abs(x));
      const at = (offset: number): Promise<number> => f(inputs.map((a, j) => (j === k ? moved(a, i, x + offset) : a)));
      const [far, near] = [(await at(2 * h)) - (await at(-2 * h)), (await at(h)) - (await at(-h))];
      derivatives.push((8 * near - far) / (12 * h));
    }
    result.push(derivatives);
  }
  return result;
}

function moved(source: HostArray, index: number, value: number): HostArray {
  const copy = array(source.data, { shape: source.shape, dtype: source.dtype });
  copy.data[index] = value;
  return copy;
}
