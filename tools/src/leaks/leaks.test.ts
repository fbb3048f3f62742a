/** The short version, on the engines that start fast; and that leaks are found where there are some. */
import { describe, expect, it } from 'vitest';
import { OptionError, type Backend, type DeviceArray } from '@node-ode/core';
import { backendFactory } from '@node-ode/e2e/backends';
import { countedBackend } from './counted-backend.ts';
import { engineCount } from './engine-count.ts';
import { parseCommand } from './options.ts';
import { describeWatched } from './report.ts';
import { leaksIn } from './verdict.ts';
import { watch, type Sample, type Watched } from './watch.ts';

const open = (name: string): Promise<Backend> => backendFactory(name)();

it.each(['reference', 'wasm', 'onnx-cpu', 'tfjs-cpu'])('nothing is left of sixty steps on %s', async (name) => {
  const backend = await open(name);
  // Each sample after a solve that failed: it has brought Adam's count, which the host has, to the device.
  const watched = await watch(backend, await engineCount(name, backend), { steps: 60, samples: 5, collect: false });
  await backend.dispose();
  expect(watched).toMatchObject({ steps: 60, failures: 12 });
  const [first] = watched.samples;
  expect(watched.samples.map(({ arrays, engine }) => ({ arrays, engine }))).toEqual(
    watched.samples.map(() => ({ arrays: first?.arrays, engine: first?.engine })),
  );
  expect(first?.arrays).toBe(13); // four parameters, their two moments each, and Adam's count
  if (name === 'reference' || name === 'onnx-cpu') expect(first?.engine).toBeUndefined();
  else expect(first?.engine).toBeGreaterThanOrEqual(13);
});

it('an engine that keeps what it should let go of is found', async () => {
  const inner = await open('wasm');
  const kept: DeviceArray[] = [];
  /** Every result comes with one that nobody gets. */
  const leaky: Backend = {
    ...inner,
    compile: async (graph) => {
      const executable = await inner.compile(graph);
      return {
        run: async (inputs, options) => {
          const results = await executable.run(inputs, options);
          kept.push(await inner.upload({ kind: 'array', shape: [8], dtype: 'f32', data: new Float32Array(8) }));
          return results;
        },
        dispose: () => executable.dispose(),
      };
    },
  };
  const watched = await watch(leaky, await engineCount('wasm', inner), { steps: 30, samples: 3, collect: false });
  await inner.dispose();
  expect(leaksIn(watched).join('\n')).toContain("the engine's own count");
  expect(describeWatched('leaky', watched)).toContain('LEAKS:');
});

it('an array that nobody disposes of is counted, whoever has forgotten it', async () => {
  const inner = await open('reference');
  const { backend, live } = countedBackend(inner);
  const arrays = await Promise.all(
    [1, 2, 3].map((x) => backend.upload({ kind: 'array', shape: [], dtype: 'f32', data: Float32Array.of(x) })),
  );
  expect(live()).toBe(3);
  for (const array of arrays.slice(1)) array.dispose();
  arrays[1]?.dispose();
  expect(live()).toBe(1);
  expect((await arrays[0]?.read())?.data[0]).toBe(1);
});

describe('the verdict', () => {
  const watched = (change: (sample: Sample, i: number) => Partial<Sample>): Watched => ({
    steps: 1000,
    failures: 200,
    samples: Array.from({ length: 10 }, (_, i) => {
      const flat = { step: 100 * (i + 1), arrays: 13, engine: 100, heap: 16e6, resident: 90e6 };
      return { ...flat, ...change(flat, i) };
    }),
  });

  it('is that what is flat is flat, noise or not', () => {
    expect(leaksIn(watched(() => ({})))).toEqual([]);
    const noisy = watched((_, i) => ({ heap: 16e6 + 3e5 * (i % 2), resident: 90e6 + 5e6 * (i % 3) }));
    expect(leaksIn(noisy)).toEqual([]);
    expect(describeWatched('noisy', noisy)).toContain('flat: heap +0 ± 0 kB');
  });

  it('is that what grows once is no leak, and hides none', () => {
    // Megabytes, after a run of onnx-webgpu on software Vulkan: 358 at step 100, 324 at 200, 353 at 500, 355 at 1000.
    const seen = [358, 324, 324, 330, 353, 353, 354, 354, 355, 355];
    expect(leaksIn(watched((_, i) => ({ resident: 1e6 * seen[i]! })))).toEqual([]);
    expect(leaksIn(watched((_, i) => ({ resident: 1e6 * seen[i]! + 2e6 * i })))).toHaveLength(1);
    // tfjs-webgpu there, at every fiftieth step: the lowest of each quarter alone would show a growth
    const swings =
      `219271 215847 224989 225112 225559 215970 232440 207659 227885 225735 233890 208171 225419 225690 246899 210743 226120
      226963 227066 225743`.split(/\s+/);
    const swinging = swings.map((kB, i) => {
      return { step: 50 * (i + 1), arrays: 13, engine: 31, heap: 24e6, resident: 1e3 * Number(kB) };
    });
    expect(leaksIn({ steps: 1000, failures: 200, samples: swinging })).toEqual([]);
    const leaking = swinging.map((sample) => ({ ...sample, resident: sample.resident + 15e3 * sample.step }));
    expect(leaksIn({ steps: 1000, failures: 200, samples: leaking })).toHaveLength(1);
    const givenBack = (i: number): number => (i > 7 ? -30e6 : 0);
    expect(leaksIn(watched((_, i) => ({ resident: 1e8 + 2e6 * i + givenBack(i) })))).toHaveLength(1);
  });

  it.each<[string, (sample: Sample, i: number) => Partial<Sample>, RegExp]>([
    ['an array', ({ arrays }, i) => ({ arrays: arrays + (i > 6 ? 1 : 0) }), /^live arrays: 13, .*14$/],
    ['a tensor', (_, i) => ({ engine: 100 + i }), /^the engine's own count: 100, 101/],
    [
      'two kilobytes of objects each step',
      (_, i) => ({ heap: 16e6 + 2e5 * i }),
      /^heap: 400000 bytes more in every 200 steps$/,
    ],
    [
      'twenty kilobytes of memory each step',
      (_, i) => ({ resident: 90e6 + 2e6 * i }),
      /^resident: 4000000 bytes more in every 200 steps$/,
    ],
  ])('is that %s is a leak', (_what, change, problem) => {
    expect(leaksIn(watched(change))).toEqual([expect.stringMatching(problem)]);
  });
});

describe('the command line', () => {
  it('has defaults, and threads', () => {
    expect(parseCommand(['--backend', 'wasm:2, onnx-cpu'])).toEqual({
      engines: [
        { backend: 'wasm', threads: 2 },
        { backend: 'onnx-cpu', threads: 1 },
      ],
      steps: 1000,
      help: false,
    });
  });

  it.each([['--steps', '10'], ['--steps', 'many'], ['--backend', 'abacus'], ['--backend', 'wasm:0'], ['--loud']])(
    'refuses %s %s',
    (...args) => {
      expect(() => parseCommand(args)).toThrow(OptionError);
    },
  );
});
