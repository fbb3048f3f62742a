/** Seeded arrays for tests. */
import { array, random, sizeOf, type DType, type HostArray, type Shape } from '@node-ode/core';

/** Elements in [−3, 3), integers and booleans among them where the dtype has no others. */
export function arraysOf(seed: number): (shape: Shape, dtype: DType) => HostArray {
  const generator = random(seed);
  const next: Record<DType, () => number> = {
    f32: () => 6 * generator.uniform() - 3,
    f64: () => 6 * generator.uniform() - 3,
    i32: () => generator.integer(7) - 3,
    bool: () => generator.integer(2),
  };
  return (shape, dtype) => array(Array.from({ length: sizeOf(shape) }, next[dtype]), { shape, dtype });
}

/** The operators of a model's main graph, in order. */
export const operatorsOf = (nodes: readonly { readonly opType: string }[]): readonly string[] =>
  nodes.map(({ opType }) => opType);
