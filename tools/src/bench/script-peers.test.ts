/** The peers in JavaScript, as the processes that the runner starts. */
import { describe, expect, it } from 'vitest';
import { contestantsOf, type PeerName } from './contestants.ts';
import { decay, y0 } from './test/support.ts';
import type { Prepared } from './protocol.ts';
import { startWorker, type Worker } from './worker-process.ts';

const start = (peer: PeerName, name: string): Worker => {
  const contestants = contestantsOf({ backends: [], peers: [peer], threads: [1], python: 'python3' });
  const contestant = contestants.find((each) => each.name === name);
  if (contestant === undefined) throw new Error(`no contestant ${name}`);
  return startWorker(contestant.command);
};

describe.each([
  ['tfjs', 'tfjs on cpu', 'tfjs-backend-cpu'],
  ['tfjs', 'tfjs on wasm', 'tfjs-backend-wasm'],
  ['jax-js', 'jax-js', 'jax-js'],
] as const)('%s: %s', (peer, name, computes) => {
  it('solves', async () => {
    const worker = start(peer, name);
    const reply = await worker.request({ prepare: decay({ kind: 'solve', y0, ts: [0, 1] }) }, 60);
    const { answer, counts, versions } = (reply as { readonly prepared: Prepared }).prepared;
    const exact = y0.flat().map((y) => y * Math.exp(-1));
    expect(answer['ys']).toHaveLength(exact.length);
    exact.forEach((y, i) => expect(Math.abs((answer['ys']?.[i] ?? NaN) - y)).toBeLessThan(1e-4));
    expect(counts).toEqual({ nfe: 2 + 6 * (counts.steps ?? NaN), nfeBackward: 0, steps: expect.any(Number) });
    expect(versions).toMatchObject({ [computes]: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect(await worker.request({ round: { seconds: 0 } }, 60)).toEqual({ times: [expect.any(Number)] });
    worker.close();
  });

  it('says what it does not do', async () => {
    const worker = start(peer, name);
    const task = { kind: 'gradient', gradient: 'adjoint', y0, ts: [0, 1] } as const;
    expect(await worker.request({ prepare: decay(task) }, 60)).toEqual({
      unsupported: 'our script is a forward solve, without gradients',
    });
    worker.close();
  });
});
