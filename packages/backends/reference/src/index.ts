/** The reference engine of @node-ode: a plain interpreter of graphs. */
export { reference, type ReferenceOptions } from './reference.ts';
