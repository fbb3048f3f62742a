/** The command line as its users have it: processes of the built package. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors } from '@node-ode/train';
import { afterAll, beforeAll, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-'));
  await mkdir(join(folder, 'bin'));
  const shim = join(folder, 'bin', 'node-ode');
  await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
  await chmod(shim, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const start = (command: string, args: readonly string[], cwd = folder): ChildProcess =>
  spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` },
  });

async function ended(
  child: ChildProcess,
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (text.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (text.stderr += String(chunk)));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, ...text };
}

const nodeOde = (...args: readonly string[]) => start(process.execPath, [bin, ...args]);
const shell = (script: string, cwd = folder) => ended(start('bash', ['-e', '-o', 'pipefail', '-c', script], cwd));

/** A page's commands, in an empty folder: pages may give their runs the same names. */
const session = async (script: string) => shell(script, await mkdtemp(join(folder, 'session-')));

const checkpointsIn = async (out: string): Promise<readonly string[]> =>
  (await readdir(join(folder, out, 'checkpoints')).catch(() => [])).filter(
    (file) => file.endsWith('.safetensors') && !file.startsWith('.'),
  );

/** Waits until a run has written a checkpoint beside those that were there. */
async function checkpointOf(out: string, child: ChildProcess, before: readonly string[] = []): Promise<void> {
  while (child.exitCode === null) {
    if ((await checkpointsIn(out)).some((file) => !before.includes(file))) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the run ended before it wrote a checkpoint');
}

const arraysOf = async (out: string) =>
  decodeSafetensors(await readFile(join(folder, out, 'model.safetensors')), out).tensors;

it('a run that is killed, and one that is interrupted, end with the parameters of one that is not', async () => {
  const args = ['train', 'breast-cancer', '--epochs', '30', '--checkpoint-every-steps', '3', '--resume', '--out'];
  expect((await ended(nodeOde(...args, 'whole'))).code).toBe(0);

  const first = nodeOde(...args, 'parts');
  const killed = ended(first);
  await checkpointOf('parts', first);
  first.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');

  const before = await checkpointsIn('parts');
  const second = nodeOde(...args, 'parts');
  const interrupted = ended(second);
  await checkpointOf('parts', second, before);
  second.kill('SIGINT');
  expect(await interrupted).toMatchObject({
    code: 130,
    stderr: expect.stringContaining('node-ode train --resume parts'),
  });

  // by its folder alone, from where it was moved to
  await rename(join(folder, 'parts'), join(folder, 'moved'));
  const third = await ended(nodeOde('train', '--resume', 'moved'));
  expect(third).toMatchObject({ code: 0, stderr: expect.stringContaining('Going on after step') });
  expect(await arraysOf('moved')).toEqual(await arraysOf('whole'));
});

it('a reader that goes away ends a stream quietly', async () => {
  const { code, stdout, stderr } = await shell(
    'node-ode train moons-cnf --steps 1 --out flow 2> /dev/null; set +o pipefail; node-ode sample flow --count 1000000000 | head -2; echo ${PIPESTATUS[0]}',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n').slice(-3)).toEqual(['x1,x2', expect.stringMatching(/^[-\d.e]+,[-\d.e]+$/), '0']);
});

it('Ctrl-C ends a stream, and says so', async () => {
  const child = nodeOde('sample', 'flow', '--count', '1000000000');
  const interrupted = ended(child);
  for (let batches = 0; batches < 4; batches++) await once(child.stdout!, 'data');
  child.kill('SIGINT');
  expect(await interrupted).toMatchObject({ code: 130, stderr: expect.stringMatching(/^node-ode: .*interrupted/) });
});

// Minutes in which the engine never lets a listener be called.
const forever = ['--step-size', '1e-7', '--max-steps', '1000000000'];
it.each<[string, readonly string[]]>([
  ['a long solve', ['solve', 'lorenz', '--span', '0,100', '--points', '2', ...forever]],
  ['a long first step', ['train', 'breast-cancer', '--out', 'long', ...forever]],
])('Ctrl-C ends %s at once', async (_, args) => {
  const child = nodeOde(...args);
  const end = ended(child);
  await new Promise((resolve) => setTimeout(resolve, 2500)); // it says nothing while it computes
  expect(child.exitCode).toBe(null);
  const begin = performance.now();
  child.kill('SIGINT');
  expect((await end).signal).toBe('SIGINT');
  expect(performance.now() - begin).toBeLessThan(2000);
});

it('rows are streamed: memory does not grow with them', async () => {
  const script =
    'awk \'BEGIN { print "x1,x2"; for (i = 0; i < 200000; i++) print i % 7 / 7 "," i % 11 / 11 }\' | NODE_OPTIONS=--max-old-space-size=64 node-ode predict flow | tail -1';
  const { code, stdout } = await shell(script);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^0\.\d+,0\.\d+,-?\d/)]);
});

it('says what is wrong in one paragraph, and how to get help', async () => {
  const unknown = await ended(nodeOde('trian'));
  expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Did you mean train?') });
  const wrong = await ended(nodeOde('evaluate', 'nothing'));
  expect(wrong).toMatchObject({ code: 3, stdout: '' });
  expect(wrong.stderr.trim().split('\n')).toHaveLength(1);
  const help = await ended(nodeOde('train', '--help'));
  expect([help.code, help.stdout]).toEqual([0, expect.stringMatching(/Examples:\n {2}node-ode train moons-cnf/)]);
});

it("the guide's page runs, but for what it installs, and shows what it says", async () => {
  const page = await readFile(new URL('../../../docs/guide/command-line.md', import.meta.url), 'utf8');
  const blocks = Array.from(page.matchAll(/```sh\n([\s\S]*?)```/g), ([, block = '']) => block);
  const script = blocks
    .join('')
    .replaceAll(/^npm install .*\n/gm, '')
    .replaceAll('npx ', '');
  expect(script.match(/^node-ode /gm)?.length).toBeGreaterThan(12);
  const { code, stdout, stderr } = await session(script);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(/```text\n([\s\S]*?)```/.exec(page)?.[1]);
}, 120_000);

it("the README's session runs", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const script = /## A whole session\n\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(script).toContain('node-ode train');
  const { code, stdout, stderr } = await session(script);
  expect([code, stderr.includes('node-ode: ')]).toEqual([0, false]);
  expect(stdout).toContain('price predicted');
  expect(stdout).toMatch(/year,hare,lynx\n1921,/);
});
