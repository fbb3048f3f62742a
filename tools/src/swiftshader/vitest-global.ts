/** Once before the tests on SwiftShader: finds it and, in CI, downloads it. Elsewhere nothing is downloaded unasked. */
import type { TestProject } from 'vitest/node';
import { installSwiftShader } from './install.ts';
import { findSwiftShader, type NoSwiftShader, type SwiftShader } from './swiftshader.ts';

declare module 'vitest' {
  interface ProvidedContext {
    swiftShader: SwiftShader | NoSwiftShader;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const found = findSwiftShader();
  const isCi = (process.env['CI'] ?? '') !== '';
  project.provide('swiftShader', 'reason' in found && isCi ? await installSwiftShader() : found);
}
