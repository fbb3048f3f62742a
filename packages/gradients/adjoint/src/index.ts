/** The adjoint method: gradients by one augmented solve backwards in time. */
export { adjoint, type AdjointOptions } from './adjoint.ts';
