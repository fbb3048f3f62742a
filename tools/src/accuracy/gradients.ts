/** Gradients as host numbers: by a gradient method, and by central differences. */
import { array, grad, valueAndGrad, type HostArray, type Ode, type RunStats } from '@node-ode/core';
import { input, type GradientProblem, type Inputs } from './gradient-problems.ts';

/** A derivative for each input, by name. */
export type Gradient = Readonly<Record<string, readonly number[]>>;

/** The loss, its gradient by the method of `ode`, and what they cost. */
export async function gradientOf(
  ode: Ode,
  { inputs, loss }: GradientProblem,
): Promise<{ readonly value: number; readonly gradient: Gradient; readonly stats: RunStats }> {
  const compiled = ode.compile((x: Inputs) => valueAndGrad((y: Inputs) => loss(ode, y))(x));
  const { result, stats } = await compiled.run(inputs);
  const read = async (x: { read(): Promise<HostArray> }): Promise<number[]> => Array.from((await x.read()).data);
  const entries = await Promise.all(
    Object.entries(result.grad).map(async ([name, x]) => [name, await read(x)] as const),
  );
  const [value = NaN] = await read(result.value);
  compiled.dispose();
  return { value, gradient: Object.fromEntries(entries), stats };
}

/** Central differences of fourth order at distances h and 2h, element by element. */
export async function differencesOf(ode: Ode, { inputs, loss }: GradientProblem, h = 1e-3): Promise<Gradient> {
  const compiled = ode.compile((x: Inputs) => loss(ode, x));
  const at = async (name: string, i: number, offset: number): Promise<number> => {
    const moved = array(inputs[name]?.data ?? [], { shape: inputs[name]?.shape ?? [], dtype: 'f64' });
    moved.data[i] = (moved.data[i] ?? NaN) + offset;
    const { data } = await (await compiled({ ...inputs, [name]: moved })).read();
    return data[0] ?? NaN;
  };
  const differences: Record<string, readonly number[]> = {};
  for (const [name, { data }] of Object.entries(inputs)) {
    const slopes: number[] = [];
    for (let i = 0; i < data.length; i++) {
      const near = (await at(name, i, h)) - (await at(name, i, -h));
      const far = (await at(name, i, 2 * h)) - (await at(name, i, -2 * h));
      slopes.push((8 * near - far) / (12 * h));
    }
    differences[name] = slopes;
  }
  compiled.dispose();
  return differences;
}

/**
 * The second derivatives of a problem's loss for the inputs `names`, as products with unit vectors: the derivative of a
 * derivative, compiled once. Rows and columns are the elements of those inputs, one after the other.
 */
export async function hessianOf(
  ode: Ode,
  { inputs, loss }: GradientProblem,
  names: readonly string[],
): Promise<readonly (readonly number[])[]> {
  const product = ode.compile((x: Inputs, v: Inputs) =>
    grad((y: Inputs) => {
      const first = grad((z: Inputs) => loss(ode, z))(y);
      return names.map((name) => input(first, name).mul(input(v, name)).sum()).reduce((a, b) => a.add(b));
    })(x),
  );
  const parts = names.flatMap((name) => Array.from(inputs[name]?.data ?? [], (_, i) => ({ name, i })));
  const rows: number[][] = [];
  for (const { name, i } of parts) {
    const unit = (of: string): HostArray => {
      const { shape = [], data = [] } = inputs[of] ?? {};
      return array(
        Float64Array.from(data, (_, k) => (of === name && k === i ? 1 : 0)),
        { shape, dtype: 'f64' },
      );
    };
    const row = await product(inputs, Object.fromEntries(names.map((of) => [of, unit(of)])));
    const read = async (of: string): Promise<number[]> => Array.from((await row[of]?.read())?.data ?? []);
    rows.push((await Promise.all(names.map(read))).flat());
  }
  product.dispose();
  return rows;
}

/** The largest difference of two gradients for each input. */
export function distances(a: Gradient, b: Gradient): Record<string, number> {
  const largest = (name: string): number =>
    (a[name] ?? []).reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[name]?.[i] ?? NaN))), 0);
  return Object.fromEntries(Object.keys(a).map((name) => [name, largest(name)]));
}

/** The largest difference of two gradients, relative to the largest component of the second. */
export function relativeDistance(a: Gradient, b: Gradient): number {
  const scale = Math.max(...Object.values(b).flat().map(Math.abs));
  return Math.max(...Object.values(distances(a, b))) / scale;
}
