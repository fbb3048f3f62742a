/** Classical test problems with known solutions. */
export { detest, detestNames, type DetestName } from './detest.ts';
export { propagate } from './matrix-exponential.ts';
export { order } from './order.ts';
export { referenceTimes, reversed, type Problem, type ProblemFactory, type ReferencePoint } from './problem.ts';
export { robertson, vanDerPol } from './stiff.ts';
export { constant, exp, linear, sine, torchdiffeqProblems } from './torchdiffeq.ts';
