/** A small problem with a known solution, and workers that misbehave as they are told. */
import { reference } from '@node-ode/backend-reference';
import { workerOn } from '../ours/worker.ts';
import type { Problem, Task } from '../problem.ts';
import type { Reply, Request } from '../protocol.ts';
import type { Worker } from '../worker-process.ts';

/** y' = −y for each of two features. */
export const decay = (task: Task): Problem => ({
  dtype: 'f32',
  dynamics: {
    kind: 'mlp',
    power: 1,
    layers: [
      {
        weight: [
          [-1, 0],
          [0, -1],
        ],
        bias: [0, 0],
      },
    ],
    activation: 'tanh',
    finalActivation: 'identity',
  },
  task,
  rtol: 1e-5,
  atol: 1e-6,
  maxSteps: 4096,
});

export const y0 = [
  [1, -2],
  [0.5, 3],
];

/** This library's worker, in this very process. */
export function referenceWorker(): Worker {
  const handle = workerOn('reference', () => Promise.resolve(reference()));
  return { request: handle, close: () => undefined };
}

/** A worker whose replies are changed on their way. */
export const altered = (worker: Worker, change: (reply: Reply, request: Request) => Reply): Worker => ({
  ...worker,
  request: async (request, seconds) => change(await worker.request(request, seconds), request),
});

/**
 * A worker that is right, and whose every unit takes so many milliseconds by its own account; so do, one by one, those that take
 * turns with it.
 */
export function taking(ms: number, inTurn?: readonly number[]): Worker {
  const worker = referenceWorker();
  const times = [ms, ms, ms];
  const reply = { times, ...(inTurn === undefined ? {} : { inTurn }) };
  return {
    ...worker,
    request: (request, seconds) => ('round' in request ? Promise.resolve(reply) : worker.request(request, seconds)),
  };
}

/** A worker that says the same to everything. */
export const saying = (reply: Reply): Worker => ({ request: () => Promise.resolve(reply), close: () => undefined });
