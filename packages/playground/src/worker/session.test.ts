// A session in Node, with engines of the test's own: what it does when one fails, and that nothing is left open.
import { UnsupportedError, type Backend } from '@node-ode/core';
import { wasm } from '@node-ode/backend-wasm';
import { expect, it, vi } from 'vitest';
import { specs } from '../scenes/specs.ts';
import type { EngineName } from './engines.ts';
import type { Report, Task } from './protocol.ts';
import { session, type Engines } from './session.ts';

const task = (engine: EngineName, change: Partial<Task['settings']> = {}): Task => ({
  scene: 'density',
  settings: { ...specs.density.defaults, solver: 'euler', h: 0.5, ...change },
  engine,
  seed: 0,
});

/** A session with its reports; engines that are open are counted. */
function opened(open: (name: EngineName) => Promise<Backend>) {
  const reports: Report[] = [];
  let [live, most] = [0, 0];
  const engines: Engines = {
    available: () => Promise.resolve({ engines: ['wasm', 'onnx-webgpu', 'tfjs-webgpu'] }),
    open: async (name) => {
      const backend = await open(name);
      live += 1;
      most = Math.max(most, live);
      return {
        ...backend,
        dispose: async () => {
          live -= 1;
          await backend.dispose();
        },
      };
    },
  };
  const send = session((report) => reports.push(report), engines);
  const phase = () => reports.findLast((report) => report.type === 'phase');
  const at = (name: string, step: number) =>
    vi.waitFor(
      () => {
        expect(phase()).toEqual({ type: 'phase', phase: name, step });
      },
      { timeout: 20_000, interval: 5 },
    );
  const problems = () => reports.filter((report) => report.type === 'problem');
  send({ type: 'points', points: Float32Array.of(1, 1, -1, 0) });
  return { send, at, problems, live: () => live, most: () => most };
}

it('goes on with what was asked for when an engine does not start and another is chosen', async () => {
  const { send, at, problems, live } = opened((name) =>
    name === 'wasm' ? wasm() : Promise.reject(new UnsupportedError(name, 'it does not start here (no adapter)')),
  );
  send({ type: 'task', task: task('wasm') });
  await at('resting', 0);
  send({ type: 'train', until: 2 });
  await at('resting', 2);
  send({ type: 'task', task: task('onnx-webgpu') });
  send({ type: 'train', until: 4 });
  await at('failed', 2);
  expect(problems()).toEqual([
    { type: 'problem', message: 'onnx-webgpu: it does not start here (no adapter).', engine: 'onnx-webgpu' },
  ]);
  expect(live()).toBe(0);
  send({ type: 'task', task: task('wasm') });
  await at('resting', 4);
  expect(live()).toBe(1);
});

it('lets go of an engine that breaks in the middle, and keeps what was learned', async () => {
  let isLost = false;
  const { send, at, problems, live } = opened(async (name) => {
    const backend = await wasm();
    if (name === 'wasm') return backend;
    return {
      ...backend,
      compile: async (...args) => {
        const program = await backend.compile(...args);
        return {
          ...program,
          run: (...inputs) => (isLost ? Promise.reject(new Error('the device was lost')) : program.run(...inputs)),
        };
      },
    };
  });
  send({ type: 'task', task: task('tfjs-webgpu') });
  await at('resting', 0);
  send({ type: 'train', until: 3 });
  await at('resting', 3);
  isLost = true;
  send({ type: 'train', until: 5 });
  await at('failed', 3);
  expect(problems()).toEqual([{ type: 'problem', message: 'Step 4: the device was lost', engine: 'tfjs-webgpu' }]);
  expect(live()).toBe(0);
  send({ type: 'task', task: task('wasm') });
  await at('resting', 5);
});

it('does not blame an engine for what the visitor asked for', async () => {
  const { send, at, problems, live } = opened(() => wasm());
  send({ type: 'points', points: new Float32Array() });
  send({ type: 'task', task: task('tfjs-webgpu') });
  send({ type: 'train', until: 2 });
  await at('failed', 0);
  expect(problems()).toEqual([
    { type: 'problem', message: expect.stringContaining('no points to learn from') as string },
  ]);
  expect(live()).toBe(1);
});

it('has one engine open at a time, also where another is chosen while it trains', async () => {
  const { send, at, live, most } = opened(() => wasm());
  send({ type: 'train', until: 40 });
  for (const name of ['wasm', 'onnx-webgpu', 'tfjs-webgpu', 'wasm'] as const) {
    send({ type: 'task', task: task(name) });
    await at('training', expect.any(Number) as number);
  }
  await at('resting', 40);
  expect([live(), most()]).toEqual([1, 1]);
});
