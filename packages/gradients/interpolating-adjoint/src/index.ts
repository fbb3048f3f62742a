/** The interpolating adjoint: the adjoint equations along the dense output of the forward solve. */
export { interpolatingAdjoint } from './interpolating-adjoint.ts';
export type { InterpolatingAdjointOptions } from './options.ts';
