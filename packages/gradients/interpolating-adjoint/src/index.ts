/** The interpolating adjoint: the adjoint equations along the dense output of the forward solve. */
export { interpolatingAdjoint, type InterpolatingAdjointOptions } from './interpolating-adjoint.ts';
