/** The backend conformance suite, with loops in ONNX Runtime and with loops driven from JavaScript. */
import { testBackend } from '@node-ode/testkit';
import { describe } from 'vitest';
import { onnx } from './index.ts';

describe('loops in the graph', () => {
  testBackend(() => onnx());
});

describe('loops on the host', () => {
  testBackend(() => onnx({ loops: 'host' }));
});
