/** Before each file of the tests on SwiftShader: uses it, or skips every test with the reason. */
import { beforeEach, inject } from 'vitest';
import { useSwiftShader } from './swiftshader.ts';
import type {} from './vitest-global.ts';

const swiftShader = inject('swiftShader');

if ('reason' in swiftShader) {
  const { reason } = swiftShader;
  beforeEach(({ skip }) => {
    skip(reason);
  });
} else {
  useSwiftShader(swiftShader);
}
