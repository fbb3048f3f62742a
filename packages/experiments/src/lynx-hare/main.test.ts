import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultServerConditions, build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** In the package, so that what it imports is found; git ignores it. */
const bundle = join(root, 'node_modules/.cache', `main-${process.pid}`);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lynx-hare-'));
  await build({
    root,
    logLevel: 'error',
    configFile: false,
    ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] }, noExternal: [/^@node-ode\//] },
    build: { ssr: join(import.meta.dirname, 'main.ts'), outDir: bundle, emptyOutDir: true, target: 'node20' },
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(bundle, { recursive: true });
});

/** Runs the program; `onOutput` may signal it. */
function main(
  args: string[],
  onOutput: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [join(bundle, 'main.js'), ...args], { cwd: root });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += String(chunk);
      onOutput(out, (signal) => void child.kill(signal));
    });
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('npm start', () => {
  it('explains itself', async () => {
    const { code, out } = await main(['--help']);
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      'Trains a Neural ODE on the Hudson Bay lynx–hare record and forecasts the years held out.',
    ]);
  });

  it('refuses bad options with one line and exit code 2', async () => {
    const { code, out, err } = await main(['--steps', '-1']);
    expect([code, out]).toEqual([2, '']);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining('npm start: ')]);
  });

  it.each(['/proc/none', '/dev/null/x'])('says at once that nothing can be written to %s', async (out) => {
    const { code, err } = await main(['--steps', '2', '--out', out]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^npm start: the folder .+ can't be made: .+\(ENO(ENT|TDIR)\)\. Choose another place\. Name it with --out DIR\.\n$/,
    );
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('leaves a checkpoint on %s, and goes on from it', async (signal, exitCode) => {
    const out = join(folder, signal);
    let sent = false;
    const first = await main(['--steps', '2000', '--out', out], (text, kill) => {
      if (!sent && text.includes('step 1/2000')) kill(signal);
      sent ||= text.includes('step 1/2000');
    });
    expect(first.code).toBe(exitCode);
    expect(first.out).toMatch(/Interrupted after step \d+ of 2000\./);
    expect(await readdir(out)).toEqual(['checkpoints']);
    const second = await main(['--resume', '--out', out]);
    expect([second.code, second.err]).toEqual([0, '']);
    expect(second.out).toMatch(/going on after step \d+ of 2000/);
    expect(await readdir(out)).toContain('trajectory.png');
  });
});
