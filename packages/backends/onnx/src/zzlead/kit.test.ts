import { testBackend } from '@node-ode/testkit';
import { onnx } from '../onnx.ts';
testBackend(() => onnx());
