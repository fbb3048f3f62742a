/** The backend conformance suite, in both floats. */
import { reference } from '@node-ode/backend-reference';
import { testBackend } from '@node-ode/testkit';
import { wasm } from './index.ts';

void reference;
testBackend(() => wasm());
