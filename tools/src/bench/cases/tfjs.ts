/** What our engine on tfjs is held to, on each of its backends. */
import { tfjsBackends, tfjsByHand } from '../contestants.ts';
import type { KernelCallsTask } from '../problem.ts';
import type { PeerTarget, Yardstick } from './case.ts';

/** Faster than the solver that is written by hand on the same backend. */
export const tfjsTargets: readonly PeerTarget[] = tfjsBackends.map((backend) => ({
  peer: 'tfjs',
  contestant: tfjsByHand(backend),
  engine: `tfjs-${backend}`,
  ratio: 1,
  isStrict: true,
}));

const engines = [...tfjsBackends, 'webgpu', 'node-gpu'].map((backend) => `tfjs-${backend}`);

/** The largest part that loops, scalars and decisions may add to the kernel calls. */
const overhead = 0.1;

/** The kernel calls that a task comes to, and nothing else. */
export const kernelCallsAlone = (of: KernelCallsTask['of']): readonly Yardstick[] =>
  engines.map((engine) => ({
    name: 'kernel calls alone',
    engine,
    ratio: 1 + overhead,
    task: () => ({ kind: 'kernelCalls', of }),
  }));
