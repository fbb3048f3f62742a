/** The backend conformance suite on devices that compute segments with the reference engine. */
import { testBackend } from '@node-ode/testkit';
import { describe } from 'vitest';
import { fakeBackend, fakeDevice } from '../test/fake-device.ts';

describe('a device that has to be waited for', () => {
  testBackend(() => fakeBackend(fakeDevice({ waits: true })));
});

describe('a device that need not be waited for', () => {
  testBackend(() => fakeBackend(fakeDevice({ waits: false })));
});
