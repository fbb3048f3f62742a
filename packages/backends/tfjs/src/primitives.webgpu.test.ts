// Every primitive of the conformance kit on its own, on tfjs's WebGPU backend.
import { backendChecks } from '@node-ode/testkit';
import { it } from 'vitest';
import { webGpuSegments } from '../test/webgpu.ts';

for (const { name: title, run } of backendChecks(webGpuSegments)) {
  if (title.startsWith('primitive') && title !== 'primitive linearSolve' && !/conv|Pool/.test(title)) it(title, run);
}
