/** The adjoint method: gradients by one augmented solve backwards in time. */
export { adjoint, type AdjointOptions, type AugmentedLeaves } from './adjoint.ts';
