/** The backend conformance suite on three threads, which share everything that can be shared, however small. */
import { testBackend } from '@node-ode/testkit';
import { nativeComposites, planGraph } from '../compile/index.ts';
import { wasmBackend } from '../runtime/backend.ts';

testBackend(() =>
  Promise.resolve(
    wasmBackend(
      { planGraph: (graph, target) => planGraph(graph, { ...target, leastWork: 1 }), composites: nativeComposites },
      { maximumBytes: 2 ** 28, threads: 3 },
    ),
  ),
);
