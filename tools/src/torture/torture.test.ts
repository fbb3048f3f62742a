/** The small version: three kills on the wasm engine. And that it finds what is wrong where something is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, defaultServerConditions } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { array, OptionError, random } from '@node-ode/core';
import type { Checkpoint } from '@node-ode/train';
import { digestOf } from './digest.ts';
import { parseCommand } from './options.ts';
import { drawMoment, mostSaves, stepsFor } from './plan.ts';
import { describeKill, describeResult } from './report.ts';
import { torture, type Kill } from './torture.ts';

/** In the package, so that what it imports is found; git ignores it. */
const place = join(import.meta.dirname, `../../node_modules/.cache/torture-${process.pid}`);
const fakes = mkdtempSync(join(tmpdir(), 'node-ode-fakes-'));

beforeAll(async () => {
  mkdirSync(place, { recursive: true });
  await build({
    root: join(import.meta.dirname, '../..'),
    logLevel: 'error',
    configFile: false,
    ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] }, noExternal: [/^@node-ode\//] },
    build: {
      ssr: join(import.meta.dirname, 'trainer.ts'),
      outDir: place,
      target: 'node20',
      rollupOptions: { external: [/^onnxruntime-/, /^@tensorflow\//, 'webgpu'] },
    },
  });
});
afterAll(() => {
  for (const folder of [place, fakes]) rmSync(folder, { recursive: true, force: true });
});

it('a run on the wasm engine that is killed three times is the run that it would have been', async () => {
  const seen: Kill[] = [];
  const program = { file: process.execPath, args: [join(place, 'trainer.js')] };
  const result = await torture({
    program,
    backend: 'wasm',
    kills: 3,
    seed: 11,
    onKill: (kill) => void seen.push(kill),
  });
  expect(result).toMatchObject({ backend: 'wasm', seed: 11, steps: 38, problems: [] });
  expect(result.kills).toEqual(seen);
  expect(seen.length).toBe(3);
  expect(describeResult(result)).toContain('No checkpoint damaged');
  expect(describeKill(seen[0]!, 1, 3)).toMatch(/^kill 1\/3 .* checkpoint of step \d+/);
});

/** A trainer of a few lines, in which `body` runs with FOLDER, BACKEND and STEPS. */
function fake(name: string, body: string) {
  const file = join(fakes, `${name}.mjs`);
  const head = `import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
    const [folder, , steps] = process.argv.slice(2);
    mkdirSync(folder, { recursive: true });
    const say = (line) => console.log(line);
    say('started');`;
  writeFileSync(file, `${head}\n${body}\n`);
  return { file: process.execPath, args: [file] };
}

describe('torture finds', () => {
  const problemsOf = async (program: ReturnType<typeof fake>): Promise<string> => {
    const result = await torture({ program, backend: 'none', kills: 2, seed: 1 });
    expect(describeResult(result)).toContain('FAILED:');
    return result.problems.join('\n');
  };

  it('a checkpoint that is damaged', async () => {
    const body = `for (let i = 1; i <= steps; i++) {
      say('saving ' + i);
      writeFileSync(folder + '/step-' + String(i).padStart(9, '0') + '.safetensors', 'half of it');
      say('saved ' + i + ' digest 0.1');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    say('finished');`;
    expect(await problemsOf(fake('damaged', body))).toMatch(/step-0+\d+\.safetensors is damaged: FormatError/);
  });

  it('files that nobody asked for', async () => {
    const body = `writeFileSync(folder + '/core.1234', '');
    for (;;) { say('saving 1'); say('saved 1 digest 0.1'); await new Promise((resolve) => setTimeout(resolve, 5));
      if (folder.endsWith('straight')) break; }
    say('finished');`;
    expect(await problemsOf(fake('litter', body))).toContain('core.1234 does not belong there');
  });

  it('a run that is over too soon', async () => {
    expect(await problemsOf(fake('short', "say('saving 1'); say('finished');"))).toContain('over after 0 kills');
  });

  it('a trainer that fails', async () => {
    const program = fake('failing', "throw new Error('out of luck');");
    await expect(torture({ program, backend: 'none', kills: 1, seed: 1 })).rejects.toThrow(
      /ended with code 1 after “started”[^]*out of luck/,
    );
  });
});

it('moments are most often amid a write, and never so late that the run is over', () => {
  const rng = random(1);
  const moments = Array.from({ length: 1000 }, () => drawMoment(rng, { start: 300, save: 5, step: 2 }));
  const share = (after: string): number => moments.filter((moment) => moment.after === after).length / moments.length;
  expect(share('saving')).toBeCloseTo(0.6, 1);
  expect(share('started')).toBeGreaterThan(0.1);
  expect(Math.max(...moments.map(({ count }) => count))).toBeLessThan(mostSaves);
  expect(50 * mostSaves).toBeLessThan(stepsFor(50));
});

it('what training goes on from is in the digest, and clocks are not', () => {
  const checkpoint: Checkpoint = {
    ...{ step: 2, epoch: 0, batch: 2, seconds: 1, metadata: {} },
    random: random(1).state(),
    state: new Map([['w', array([0, 1])]]),
    history: { loss: [1, 2] },
  };
  const digest = digestOf(checkpoint);
  expect(digestOf({ ...checkpoint, seconds: 9, metadata: { a: 'b' } })).toBe(digest);
  const others: Partial<Checkpoint>[] = [
    { step: 3 },
    { batch: 1 },
    { random: random(2).state() },
    { state: new Map([['w', array([-0, 1])]]) },
    { state: new Map([['v', array([0, 1])]]) },
    { history: { loss: [1, 2.5] } },
  ];
  for (const other of others) expect(digestOf({ ...checkpoint, ...other })).not.toBe(digest);
});

describe('the command line', () => {
  it('has defaults', () => {
    expect(parseCommand(['--seed', '7'])).toEqual({
      backends: ['reference', 'wasm', 'onnx-cpu', 'tfjs-cpu'],
      kills: 50,
      seed: 7,
      help: false,
    });
  });

  it.each([['--kills', '0'], ['--kills', '1e3'], ['--seed', '-1'], ['--backend', 'abacus'], ['--loud'], ['more']])(
    'refuses %s %s',
    (...args) => {
      expect(() => parseCommand(args)).toThrow(OptionError);
    },
  );
});
