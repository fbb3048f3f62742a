/** What the package exports: a plugin of each kind. */
export { adamsBashforth2 } from './adams-bashforth2.ts';
export { cashKarp } from './cash-karp.ts';
export { counted, type Work } from './counted.ts';
export { halving } from './halving.ts';
export { linearFlow, linearFlowModel, type LinearFlow, type LinearFlowParams } from './linear-flow.ts';
export { squareRoot } from './square-root.ts';
export { squares, type Squares } from './squares.ts';
