/** Threads that start late, not at all, end, or are lost: results are the same, or an error says that they are not there. */
import { setImmediate } from 'node:timers/promises';
import { array, compile, type DeviceArray, type Tensor } from '@node-ode/core';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nativeComposites, planGraph } from '../compile/index.ts';
import { wasm } from '../index.ts';
import { wasmBackend, type WasmBackend } from '../runtime/backend.ts';
import type { WasmExecutable } from '../runtime/executable.ts';
import { startWorker, type StartWorker, type WorkerEvents, type WorkerThread } from './host.ts';
import type { PoolOptions } from './pool.ts';
import { words } from './words.ts';

const open: WasmBackend[] = [];
afterEach(async () => {
  vi.unstubAllGlobals();
  await Promise.all(open.splice(0).map((backend) => backend.dispose()));
});

function make(threads: number, workers: Pick<PoolOptions, 'start' | 'patienceMilliseconds'> = {}): WasmBackend {
  const backend = wasmBackend({ planGraph, composites: nativeComposites }, { maximumBytes: 2 ** 26, threads, workers });
  open.push(backend);
  return backend;
}

const [m, k, n] = [256, 64, 64];

interface Ready {
  readonly backend: WasmBackend;
  readonly executable: WasmExecutable;
  readonly inputs: readonly DeviceArray[];
  /** The product's bits, and the run's time. */
  readonly run: () => Promise<Buffer>;
}

/** A product that is large enough to be shared. */
async function ready(backend: WasmBackend): Promise<Ready> {
  const [a, b] = [
    array(
      new Float32Array(m * k).map((_, i) => Math.sin(i)),
      { shape: [m, k] },
    ),
    array(
      new Float32Array(k * n).map((_, i) => Math.cos(i)),
      { shape: [k, n] },
    ),
  ];
  const executable = await backend.compile(compile(backend, (x: Tensor, y: Tensor) => x.matmul(y)).graph(a, b));
  const inputs = [await backend.upload(a), await backend.upload(b)];
  const run = async (): Promise<Buffer> => {
    const [output] = executable.runSync(inputs);
    const { data } = await output!.read();
    output!.dispose();
    return Buffer.from(data.buffer);
  };
  return { backend, executable, inputs, run };
}

const expected = await (await ready(make(1))).run();

/** Starts workers as the host does, and keeps them. */
function kept(): { readonly start: StartWorker; readonly workers: WorkerThread[]; readonly ended: string[] } {
  const workers: WorkerThread[] = [];
  const ended: string[] = [];
  const start: StartWorker = async (source, { message, end }) => {
    const events: WorkerEvents = {
      message,
      end: (reason) => {
        ended.push(reason);
        end(reason);
      },
    };
    const worker = await startWorker(source, events);
    workers.push(worker);
    return worker;
  };
  return { start, workers, ended };
}

/** Starts workers whose script has one piece of text replaced. */
const altered =
  (text: string, by: string): StartWorker =>
  (source, events) => {
    expect(source).toContain(text);
    return startWorker(source.replace(text, by), events);
  };

/** What a worker does with a part that it has taken. */
const doPart = `modules.get(words[${words.module}])`;

/** Runs until something has happened in another thread, for at most ten seconds. */
async function runUntil(run: () => Promise<Buffer>, isDone: () => boolean): Promise<void> {
  const until = performance.now() + 10_000;
  while (!isDone() && performance.now() < until) {
    expect((await run()).equals(expected)).toBe(true);
    await setImmediate(); // a turn of the event loop, for messages
  }
  expect(isDone()).toBe(true);
}

describe('threads', () => {
  it('start with the first graph that is large enough, and end with the backend', async () => {
    const { start, workers, ended } = kept();
    const backend = make(3, { start });
    expect(backend.threads).toMatchObject({ running: 1, obstacle: undefined });
    const x = array([1, 2, 3]);
    const small = await backend.compile(compile(backend, (y: Tensor) => y.exp()).graph(x));
    small.runSync([await backend.upload(x)]);
    expect(workers).toHaveLength(0);

    const { run } = await ready(backend);
    expect(workers).toHaveLength(2);
    expect(backend.threads).toMatchObject({ running: 3, obstacle: undefined });
    expect((await run()).equals(expected)).toBe(true);
    await backend.dispose();
    expect(ended).toEqual(['the worker ended with code 1', 'the worker ended with code 1']);
    expect(backend.threads.running).toBe(1);
    await expect(run()).rejects.toThrow('the wasm backend was disposed');
    await backend.dispose();
  });

  it('do parts: those of other threads too', async () => {
    const said: unknown[] = [];
    const start: StartWorker = (source, { message, end }) =>
      startWorker(source.replace(doPart, `port.postMessage({ thread }), ${doPart}`), {
        end,
        message: (data) => {
          if (typeof data === 'object') said.push(data);
          else message(data);
        },
      });
    const { run } = await ready(make(2, { start }));
    await runUntil(run, () => said.length > 0);
    expect(said[0]).toEqual({ thread: 1 });
  });

  it('see memory that was taken after they began, and modules that were loaded while others run', async () => {
    const backend = make(2);
    const { run } = await ready(backend);
    const before = backend.memory.reservedBytes;
    await backend.upload(array(new Float32Array(2 ** 20)));
    expect(backend.memory.reservedBytes).toBeGreaterThan(before);
    const later = await Promise.all([ready(backend), ready(backend)]);
    for (let i = 0; i < 50; i++) {
      for (const each of [run, ...later.map((one) => one.run)]) expect((await each()).equals(expected)).toBe(true);
    }
  });

  it('of several backends do not meet', async () => {
    const all = await Promise.all([2, 3, 2].map((threads) => ready(make(threads))));
    for (let i = 0; i < 20; i++) {
      for (const { run } of all) expect((await run()).equals(expected)).toBe(true);
    }
    await all[0]!.backend.dispose();
    for (const { run, backend } of all.slice(1)) {
      expect((await run()).equals(expected)).toBe(true);
      expect(backend.threads.running).toBeGreaterThan(1);
    }
  });

  it('forget modules that are unloaded', async () => {
    const backend = make(2);
    for (let rows = 0; rows < 20; rows++) {
      const x = array(new Float32Array((256 + rows) * 64), { shape: [256 + rows, 64] });
      const y = array(new Float32Array(64 * 64), { shape: [64, 64] });
      const executable = await backend.compile(compile(backend, (a: Tensor, b: Tensor) => a.matmul(b)).graph(x, y));
      executable.dispose();
    }
    const { run } = await ready(backend);
    expect((await run()).equals(expected)).toBe(true);
    expect(backend.threads).toMatchObject({ running: 2, obstacle: undefined });
  });

  it('end when nobody has the backend any more', async () => {
    const { start, ended } = kept();
    const use = async (): Promise<void> => {
      const backend = wasmBackend(
        { planGraph, composites: nativeComposites },
        { maximumBytes: 2 ** 26, threads: 2, workers: { start } },
      );
      expect((await (await ready(backend)).run()).equals(expected)).toBe(true);
    };
    await use();
    await collectGarbage(() => ended.length > 0);
    expect(ended).toHaveLength(1);
  });
});

describe('one thread does all', () => {
  const onOne = async (backend: WasmBackend, obstacle: string): Promise<void> => {
    const { run } = await ready(backend);
    expect((await run()).equals(expected)).toBe(true);
    expect(backend.threads.running).toBe(1);
    expect(backend.threads.obstacle).toContain(obstacle);
  };

  it('without shared memory', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    await onOne(await wasm({ threads: 4 }), 'this host has no SharedArrayBuffer');
    vi.stubGlobal('crossOriginIsolated', false);
    await onOne(await wasm({ threads: 'auto' }), 'the page is not cross-origin isolated');
  });

  it('if there is not so much shared memory', async () => {
    const { Memory } = WebAssembly;
    const refusing = function (descriptor: WebAssembly.MemoryDescriptor): WebAssembly.Memory {
      if (descriptor.shared === true) throw new RangeError('could not allocate memory');
      return new Memory(descriptor);
    };
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Memory: refusing,
      compile: WebAssembly.compile.bind(WebAssembly),
      instantiate: WebAssembly.instantiate.bind(WebAssembly),
    });
    await onOne(make(2), 'this host has no shared memory of 64.0 MiB: a smaller maximumBytes may do');
  });

  it.each([
    ['can not be made', () => Promise.reject(new Error('no more threads')), 'no more threads'],
    ['end at once', (_source, events) => startWorker('process.exit(3)', events), 'the worker ended with code 3'],
    ['throw', (_source, events) => startWorker('throw new Error("no")', events), 'Error: no'],
    [
      'say nothing',
      (_source, events) => startWorker('setInterval(() => undefined, 1000)', events),
      'a worker gave no answer within 0.2 s',
    ],
    ['have no memory', altered('start(data);', 'throw new RangeError("out of memory");'), 'RangeError: out of memory'],
    [
      'refuse the code',
      altered('new WebAssembly.Instance', 'new WebAssembly.None'),
      'TypeError: WebAssembly.None is not a constructor',
    ],
  ] as [string, StartWorker, string][])('if workers %s', async (what, start, obstacle) => {
    const patienceMilliseconds = what === 'say nothing' ? 200 : 30_000;
    await onOne(make(2, { start, patienceMilliseconds }), obstacle);
  });

  it('if one of two can not be made, and ends the other', async () => {
    const { start, ended } = kept();
    let count = 0;
    const second: StartWorker = (...args) =>
      count++ === 0 ? start(...args) : Promise.reject(new Error('no more threads'));
    await onOne(make(3, { start: second }), 'no more threads');
    await vi.waitFor(() => {
      expect(ended).toHaveLength(1);
    });
  });

  it('after a worker has ended', async () => {
    const { start, workers } = kept();
    const { backend, run } = await ready(make(3, { start }));
    expect(backend.threads.running).toBe(3);
    await workers[0]!.terminate();
    expect((await run()).equals(expected)).toBe(true);
    expect(backend.threads).toMatchObject({ running: 1, obstacle: 'the worker ended with code 1' });
    // What is compiled afterwards is for one thread, too.
    expect((await (await ready(backend)).run()).equals(expected)).toBe(true);
  });
});

describe('a part that is not done', () => {
  it('because its worker is lost ends the run in bounded time, and lets nobody use what the worker may write to', async () => {
    const start = altered(doPart, 'for (;;) ; modules');
    const { backend, inputs, run } = await ready(make(2, { start, patienceMilliseconds: 2000 }));
    const { liveBytes } = backend.memory;
    let failure: unknown;
    const until = performance.now() + 10_000;
    while (failure === undefined && performance.now() < until) {
      await run().catch((error: unknown) => (failure = error));
    }
    expect(failure).toMatchObject({
      code: 'EXECUTION',
      message:
        'run: a worker thread of the backend did not finish its part of a job. Arrays can still be read, but for those that the run was to update in place. Make another backend to go on.',
    });
    await expect(run()).rejects.toMatchObject({ code: 'EXECUTION' });
    expect(backend.memory.liveBytes).toBe(liveBytes + m * n * 4);
    expect((await inputs[0]!.read()).data).toHaveLength(m * k);
    expect(backend.threads).toMatchObject({ running: 1, obstacle: 'a worker did not finish its part of a job' });
  });

  it('because it stopped ends the run, and not the next one', async () => {
    // The first part that the worker takes.
    const once = `if (!globalThis.stopped) { globalThis.stopped = true; throw 0; } ${doPart}`;
    const start = altered(doPart, once);
    const { backend, run } = await ready(make(2, { start }));
    const failures: unknown[] = [];
    const until = performance.now() + 10_000;
    while (failures.length === 0 && performance.now() < until)
      await run().catch((error: unknown) => failures.push(error));
    expect(failures).toMatchObject([
      { code: 'EXECUTION', message: expect.stringContaining('a part of a job stopped in a worker') as string },
    ]);
    expect((await run()).equals(expected)).toBe(true);
    expect(backend.threads.running).toBe(2);
  });
});

describe('wasm({ threads })', () => {
  it.each([0, -1, 1.5, 65, NaN, '2' as unknown as number])('refuses %s', async (threads) => {
    await expect(wasm({ threads })).rejects.toMatchObject({
      code: 'OPTION',
      message: `wasm: threads = ${threads}; expected an integer from 1 to 64, or 'auto'.`,
    });
  });

  it('is one thread unless it is told, and takes all there are for auto', async () => {
    const backend = await wasm();
    expect(backend.threads).toMatchObject({ running: 1, obstacle: undefined });
    vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
    const auto = await wasm({ threads: 'auto' });
    open.push(backend, auto);
    await ready(auto);
    expect(auto.threads.running).toBe(3);
  });
});
