/** The backend conformance suite on the backends of tfjs that run anywhere. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { testBackend } from '@node-ode/testkit';
import { describe } from 'vitest';
import { tfjs } from './index.ts';

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  testBackend(() => tfjs({ tf, backend }));
});
