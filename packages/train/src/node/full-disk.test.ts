/** Disks that are full and places that can't be written: told in a sentence, and nothing half done is left. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { array, FileError, random } from '@node-ode/core';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { requireWritable, writeFileAtomically } from './atomic-write.ts';
import { checkpointFolder } from './checkpoint-folder.ts';
import { writeSafetensors } from './safetensors-file.ts';
import { buildProgram } from '../../test/build-program.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
/** In the package, so that what it imports is found; git ignores it. */
const place = join(import.meta.dirname, `../../node_modules/.cache/full-disk-${process.pid}`);

/** Saves checkpoints of 80 kB until it can't; tells the error, and what is left. */
const program = `
import { array, random } from '@node-ode/core';
import { checkpointFolder } from '../../../src/node/index.ts';
const store = checkpointFolder(process.argv[2], { keep: 100 });
const elements = Number(process.argv[3]);
try {
  for (let step = 1; step <= 100; step++) {
    const state = new Map([['w', array(new Float32Array(step === 1 ? 4 : elements))]]);
    await store.save({ step, epoch: 0, batch: 0, seconds: 1, random: random(1).state(), state, history: {}, metadata: {} });
  }
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message, latest: (await store.latest()).step }));
}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'full-disk-'));
  await buildProgram(place, program);
});
afterAll(async () => {
  for (const path of [folder, place]) await rm(path, { recursive: true, force: true });
});

/** What a shell prints; `$0` is Node, `$1` the program. */
const shell = (script: string, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script, process.execPath, join(place, 'out/program.js'), ...args]);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += String(chunk)));
    child.on('error', reject);
    child.on('close', () => resolve(text.trim()));
  });

const checkpoint: Checkpoint = {
  ...{ step: 1, epoch: 0, batch: 0, seconds: 0, history: {}, metadata: {} },
  random: random(1).state(),
  state: new Map([['w', array([1])]]),
};

/** The error of a promise. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );

describe('a disk without room', () => {
  it('is told, where files have a largest size, and the checkpoints before are still there', async () => {
    const out = at('limited');
    const told = JSON.parse(await shell('ulimit -f 40; "$0" "$1" "$2" 20000', out)) as object;
    expect(told).toEqual({
      code: 'FILE',
      message: `checkpointFolder: ${join(out, 'step-000000002.safetensors')} can't be written: the file would be larger than files may be here (EFBIG). Raise the limit (ulimit -f), or choose another place.`,
      latest: 1,
    });
    expect(await readdir(out)).toEqual(['step-000000001.safetensors']);
  });

  const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  it.skipIf(!canMount)('is told, on a device that is full', async () => {
    const script = `mount -t tmpfs -o size=400k tmpfs /mnt && "$0" "$1" /mnt/run 20000; ls -A /mnt/run | grep -c -v '^step-'`;
    const [line = '', others] = (
      await shell(`exec unshare -m bash -c '${script.replaceAll("'", `'\\''`)}' "$0" "$1"`)
    ).split('\n');
    const { code, message, latest } = JSON.parse(line) as { code: string; message: string; latest: number };
    expect(code).toBe('FILE');
    expect(message).toMatch(
      /^checkpointFolder: \/mnt\/run\/step-00000000\d\.safetensors can't be written: no space is left on the device \(ENOSPC\)\. Free some/,
    );
    expect(message).toContain(`step-00000000${latest + 1}`);
    expect(others).toBe('0'); // what was half written is gone
  });
});

describe('a place that can not be written', () => {
  it.each([
    ['below a file', 'file/x', /ENOTDIR/],
    ['below /proc', '/proc/none/x', /\(ENOENT\)/],
    ['below a link that leads to itself', 'loop/x', /ELOOP/],
    ['of a name that is too long', 'n'.repeat(300), /ENAMETOOLONG/],
  ])('%s', async (_what, path, reason) => {
    await writeFile(at('file'), '');
    await symlink('loop', at('loop')).catch(() => undefined);
    const target = path.startsWith('/') ? path : at(path);
    const errors = await Promise.all([
      failure(writeSafetensors(join(target, 'model.safetensors'), { x: array([1]) })),
      failure(checkpointFolder(target).save(checkpoint)),
      failure(requireWritable('train', target)),
      failure(writeFileAtomically('save', join(target, 'x.txt'), 'text')),
    ]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(FileError);
      expect(String(error)).toMatch(reason);
    }
  });

  it('that is a folder itself', async () => {
    await mkdir(at('folder/inside'), { recursive: true });
    await expect(writeFileAtomically('save', at('folder'), 'text')).rejects.toThrow(
      /folder can't be written: a folder is there/,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is told by a store that is asked for its newest checkpoint', async () => {
    await writeFile(at('file'), '');
    await expect(checkpointFolder(at('file/run')).latest()).rejects.toThrow(FileError);
  });
});

it('a place that can be written is left as it was', async () => {
  await requireWritable('train', at('new/place'));
  expect(await readdir(at('new/place'))).toEqual([]);
});
