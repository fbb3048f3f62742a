/** Programs driven from the host on ONNX Runtime do what every engine must. */
import { testBackend } from '@node-ode/testkit';
import { onnx } from '../onnx.ts';

testBackend(() => onnx({ provider: 'cpu', threads: 1, loops: 'host' }), { title: 'onnx-cpu, driven from the host' });
