/** Scratch memory, cut into regions. */
import { i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { vectorBytes } from '../matmul/vector.ts';

/** Bytes in whole vectors. */
export const align = (bytes: number): number => Math.ceil(bytes / vectorBytes) * vectorBytes;

/** Bytes of regions together. */
export const bytesOf = (regions: Readonly<Record<string, number>>): number =>
  Object.values(regions).reduce((sum, bytes) => sum + align(bytes), 0);

/** Addresses of regions of so many bytes, one behind the other. */
export function regions<const N extends string>(
  f: FunctionBuilder,
  scratch: Code,
  bytes: Readonly<Record<N, number>>,
): Readonly<Record<N, Local>> {
  let used = 0;
  const places = Object.entries<number>(bytes).map(([name, size]) => {
    const local = f.keep('i32', op('i32.add', scratch, i32(used)));
    used += align(size);
    return [name, local] as const;
  });
  return Object.fromEntries(places) as Record<N, Local>;
}
