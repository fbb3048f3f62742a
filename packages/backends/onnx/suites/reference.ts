/** Stands in for the reference engine in the tests of solvers, gradients and layers, so that they run on ONNX Runtime. */
import type { Backend } from '@node-ode/core';
import { onnx } from '@node-ode/backend-onnx';

const engine = await onnx();

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
