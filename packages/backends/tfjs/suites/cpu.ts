/** Stands in for the reference engine: tfjs in plain JavaScript. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Backend } from '@node-ode/core';
import { tfjs } from '@node-ode/backend-tfjs';

const engine = await tfjs({ tf, backend: 'cpu' });

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
