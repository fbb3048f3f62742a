import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allowedCpus, canPin, contestantsOf, type Contestant } from './contestants.ts';
import { startWorker } from './worker-process.ts';

const everyone = (python: string, threads: readonly number[] = [1]): readonly Contestant[] =>
  contestantsOf({
    backends: ['wasm', 'reference'],
    peers: ['torchdiffeq', 'diffrax', 'tfjs', 'jax-js'],
    threads,
    python,
  });

const named = (name: string, threads: number, all: readonly Contestant[]): Contestant => {
  const found = all.find((c) => c.name === name && c.threads === threads);
  if (found === undefined) throw new Error(`no ${name} with ${threads} threads`);
  return found;
};

it('has this library first, then the peers; those with threads once for each number of them', () => {
  const names = everyone('python3', [1, 2]).map(({ name, threads }) => `${name} ${threads}`);
  expect(names).toEqual([
    ...['wasm 1', 'wasm 2', 'reference 1'],
    ...['torchdiffeq 1', 'torchdiffeq, f compiled 1', 'torchdiffeq 2'],
    ...['diffrax 1', 'diffrax 2'],
    ...['tfjs on cpu 1', 'tfjs on wasm 1', 'tfjs on node 1', 'jax-js 1'],
  ]);
});

it('starts scripts that are there', () => {
  for (const name of ['torchdiffeq', 'tfjs on wasm']) {
    const script = named(name, 1, everyone(process.execPath)).command.args.find((arg) => /worker\.(py|mjs)$/.test(arg));
    expect(script !== undefined && existsSync(script)).toBe(true);
  }
});

describe('one thread', () => {
  it('is said to every library that would take more', () => {
    const { env } = named('diffrax', 1, everyone('python3')).command;
    expect(env).toMatchObject({
      OMP_NUM_THREADS: '1',
      MKL_NUM_THREADS: '1',
      XLA_FLAGS: expect.stringContaining('false'),
    });
  });

  it.runIf(canPin())('is one core, for peers and for this library alike', () => {
    const last = String(allowedCpus().at(-1));
    for (const { command } of everyone(process.execPath)) {
      expect([command.file, ...command.args.slice(0, 2)]).toEqual(['taskset', '-c', last]);
    }
  });
});

it('takes a Python that is not there for peers that are not available', async () => {
  const worker = startWorker(named('diffrax', 1, everyone('/no/such/python')).command);
  expect(await worker.request({ round: { seconds: 0 } }, 10)).toEqual({
    unavailable: expect.stringMatching(/^\/no\/such\/python does not start/),
  });
});
