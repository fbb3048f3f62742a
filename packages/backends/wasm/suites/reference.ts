/** Stands in for the reference engine in the tests of solvers, gradients and layers, so that they run on this one. */
import type { Backend } from '@node-ode/core';
import { wasm } from '@node-ode/backend-wasm';

const engine = await wasm();

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
