/** Primitives that read and write at indices, and what looks for them: their parameters, for kernels of whichever backend. */
import type { KernelBuilder, Lowering, Register } from './contract.ts';

type Indexing = 'gather' | 'scatterAdd' | 'setRow' | 'argMax' | 'cumsum';

/** The same primitives on what each of them needs. */
export interface IndexingKernels {
  readonly gather: (builder: KernelBuilder, x: Register, indices: Register, axis: number) => Register;
  readonly scatterAdd: (
    builder: KernelBuilder,
    updates: Register,
    indices: Register,
    axis: number,
    size: number,
  ) => Register;
  readonly setRow: (builder: KernelBuilder, buffer: Register, index: Register, row: Register) => Register;
  readonly argMax: (builder: KernelBuilder, x: Register, axis: number) => Register;
  readonly cumsum: (builder: KernelBuilder, x: Register, axis: number, reverse: boolean) => Register;
}

/** Their lowerings. */
export const indexingLowerings = (kernels: IndexingKernels): { readonly [P in Indexing]: Lowering<P> } => ({
  gather: (builder, [x, indices], { params: { axis } }) => kernels.gather(builder, x!, indices!, axis),
  scatterAdd: (builder, [updates, indices], { params: { axis, size } }) =>
    kernels.scatterAdd(builder, updates!, indices!, axis, size),
  setRow: (builder, [buffer, index, row]) => kernels.setRow(builder, buffer!, index!, row!),
  argMax: (builder, [x], { params: { axis } }) => kernels.argMax(builder, x!, axis),
  cumsum: (builder, [x], { params: { axis, reverse } }) => kernels.cumsum(builder, x!, axis, reverse),
});
