import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkpointFolder } from './checkpoint-folder.ts';
import { buildProgram } from '../../test/build-program.ts';

/** Trains in a process of its own, with a checkpoint after each step, and tells the digest of what it has learned. */
const program = `
import { createHash } from 'node:crypto';
import { reference } from '@node-ode/backend-reference';
import { array, compile, random, valueAndGrad } from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { fit } from '../../../src/index.ts';
import { checkpointFolder } from '../../../src/node/index.ts';

const [folder, steps, resume] = process.argv.slice(2);
const rng = random(1);
const rows = Array.from({ length: 10 }, () => Array.from({ length: 50 }, () => rng.normal()));
const data = inMemory('rows', { train: array(rows) });
const step = compile(reference(), ({ w, velocity }, x) => {
  const { value, grad } = valueAndGrad((weights) => x.matmul(weights).tanh().square().mean())(w);
  const next = velocity.mul(0.9).add(grad);
  return { state: { w: w.sub(next.mul(0.1)), velocity: next }, loss: value };
});
const w = Array.from({ length: 50 }, () => Array.from({ length: 400 }, () => rng.normal()));
const { state } = await fit({
  step,
  state: { w: array(w), velocity: array(w.map((row) => row.map(() => 0))) },
  dataset: data, batchSize: 3, steps: Number(steps), random: random(2),
  checkpoint: { store: checkpointFolder(folder), everySteps: 1 },
  resume: resume === 'resume',
  onProgress: ({ step }) => console.log('step ' + step),
});
console.log(createHash('sha256').update(state.w.data).update(state.velocity.data).digest('hex'));
`;

/** In the package, so that what it imports is found; git ignores it. */
const cache = join(import.meta.dirname, '../../node_modules/.cache');
const place = join(cache, `kill-${process.pid}`);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
  await buildProgram(place, program);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(place, { recursive: true });
});

/** Runs the program; kills it with no warning once it has made so many steps. Gives its last line. */
function run(args: string[], killAfter = Infinity): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(place, 'out/program.js'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk);
      if (text.includes(`step ${killAfter}\n`)) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(text.trim().split('\n').at(-1) ?? ''));
  });
}

it('a process that is killed while it trains and writes goes on where it was, bit for bit', async () => {
  const straight = await run([join(folder, 'straight'), '150']);
  expect(straight).toMatch(/^[0-9a-f]{64}$/);
  const broken = join(folder, 'broken');
  for (const killAfter of [9, 17, 26]) {
    expect(await run([broken, '150', 'resume'], killAfter)).toMatch(/^step /);
    const found = await checkpointFolder(broken).latest();
    expect(found?.step).toBeGreaterThanOrEqual(killAfter - 1);
    expect((await readdir(broken)).filter((name) => name.startsWith('step-')).length).toBeLessThanOrEqual(4);
  }
  expect(await run([broken, '150', 'resume'])).toBe(straight);
});
