/** Stands in for the reference engine: tfjs in WebAssembly. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import type { Backend } from '@node-ode/core';
import { tfjs } from '@node-ode/backend-tfjs';

const engine = await tfjs({ tf, backend: 'wasm' });

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
