/** Stands in for the reference engine: tfjs on WebGPU, in Node. */
import type { Backend } from '@node-ode/core';
import { tfjs } from '@node-ode/backend-tfjs';
import { tfWithWebGpu } from '../test/webgpu.ts';

const engine = await tfjs({ tf: await tfWithWebGpu(), backend: 'webgpu' });

/** The engine under test. One for all: a test's arrays are its own. */
export const reference = (): Backend => engine;
