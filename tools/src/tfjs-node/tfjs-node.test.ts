// The installer's parts that need no download; and what it installed, where it did.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecutionError, FormatError, OptionError, UnsupportedError } from '@node-ode/core';
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandDisk, demandSystem, demandTools } from './demands.ts';
import { installTfjsNode, reasonOf } from './install.ts';
import { librarySource, pythonSymbols } from './library.ts';
import { parseCommand } from './options.ts';
import { run } from './run.ts';
import { tryOut } from './try-out.ts';
import { checkWheel } from './wheel.ts';
import { wheels } from './wheels.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-tfjs-install-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const linux = { platform: 'linux', arch: 'x64', node: '20.20.2' } as const;

describe('what a machine must have', () => {
  it('Linux on x64 with Node 20 to 22', () => {
    expect(() => {
      demandSystem(linux);
      demandSystem({ ...linux, node: '22.9.0' });
    }).not.toThrow();
  });

  it.each([
    [{ ...linux, platform: 'darwin' as const }, /darwin on x64; expected linux on x64.*npm install --no-save/],
    [{ ...linux, arch: 'arm64' }, /linux on arm64; expected/],
    [{ ...linux, node: '24.1.0' }, /Node 24\.1\.0; expected Node 20 to 22.*isNullOrUndefined/],
  ])('is refused: %o', (system, message) => {
    expect(() => {
      demandSystem(system);
    }).toThrow(UnsupportedError);
    expect(() => {
      demandSystem(system);
    }).toThrow(message);
  });

  it('a compiler and Python, all that is missing told at once', async () => {
    const refused = await demandTools(folder).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ExecutionError);
    expect(String(refused)).toMatch(/g\+\+, make, nm, python3 -m pip cannot be run.*apt-get install g\+\+ make/s);
  });

  it('room on the disk', async () => {
    await expect(demandDisk(folder, 1)).resolves.toBeUndefined();
    await expect(demandDisk(folder, 1e9)).rejects.toThrow(/MB left; expected 1000000000 MB.*NODE_ODE_TFJS_NODE/);
  });
});

describe('the library out of the wheel', () => {
  const listing = [
    '                 U PyExc_ValueError',
    '  U PyList_New',
    '  U memcpy@GLIBC_2.14',
    '  U _Py_NoneStruct',
  ];

  it("takes Python's symbols and no others", () => {
    expect(pythonSymbols(listing.join('\n'))).toEqual(['PyExc_ValueError', 'PyList_New', '_Py_NoneStruct']);
  });

  it('has data for what is data, and functions that tell their names', () => {
    const source = librarySource(['PyExc_ValueError', 'PyList_New', '_Py_NoneStruct', 'Py_IsInitialized']);
    expect(source).toContain('char PyExc_ValueError[1024];');
    expect(source).toContain('char _Py_NoneStruct[1024];');
    expect(source).toContain('void PyList_New() { python("PyList_New"); }');
    expect(source).toContain('int Py_IsInitialized() { return 0; }');
  });

  it('is refused when the wheel is another', async () => {
    const file = join(folder, 'tensorflow_cpu.whl');
    await writeFile(file, 'not this one');
    await expect(checkWheel(file, wheels['tfjs-node'])).rejects.toThrow(FormatError);
    await expect(checkWheel(file, wheels['tfjs-node'])).rejects.toThrow(/has the SHA-256 \w{64}; expected 6666ddea/);
  });
});

describe('programs that are run', () => {
  it('give what they print', async () => {
    expect(await run(process.execPath, ['-p', '6 * 7'])).toBe('42\n');
  });

  it('that fail tell their last words', async () => {
    const failing = run(process.execPath, ['-e', 'console.error("no such host"); process.exit(3)']);
    await expect(failing).rejects.toThrow(/gave 3: no such host/);
    await expect(run(join(folder, 'none'), [])).rejects.toThrow(/was not started \(spawn .* ENOENT\)/);
  });

  it('are summed up by the line that tells most', () => {
    const printed = 'node gave 1: throw er;\n\nError: getaddrinfo ENOTFOUND example.org\n    at Object.<anonymous>';
    expect(reasonOf(new Error(printed))).toBe('Error: getaddrinfo ENOTFOUND example.org');
  });
});

describe('the installation', () => {
  it('leaves nothing when it is stopped', async () => {
    const target = join(folder, 'stopped', 'here');
    const stopped = installTfjsNode('tfjs-node', { target, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/npm install was stopped/);
    expect(await readdir(join(folder, 'stopped'))).toEqual([]);
  });

  it('does not touch a folder with something else in it', async () => {
    const target = join(folder, 'taken');
    await mkdir(target);
    await writeFile(join(target, 'notes.txt'), 'mine');
    await expect(installTfjsNode('tfjs-node', { target })).rejects.toThrow(OptionError);
    expect(existsSync(join(target, 'notes.txt'))).toBe(true);
  });

  it('names a folder that cannot be made, and one that is a file', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    for (const target of [file, join(file, 'below')]) {
      const refused = installTfjsNode('tfjs-node', { target });
      await expect(refused).rejects.toThrow(OptionError);
      await expect(refused).rejects.toThrow(/a-file.* cannot be made: .*Name another by NODE_ODE_TFJS_NODE/);
    }
    const nowhere = installTfjsNode('tfjs-node', { target: '/proc/none/here' }); // where Node's own recursive mkdir never returns
    await expect(nowhere).rejects.toThrow(/^tfjs-node: \/proc\/none\/here cannot be made: ENOENT: .*Name another by/);
  });

  it('refuses a wheel that is not there before anything is made', async () => {
    const target = join(folder, 'no-wheel', 'here');
    const refused = installTfjsNode('tfjs-node', { target, source: { file: join(folder, 'none.whl') } });
    await expect(refused).rejects.toThrow(OptionError);
    await expect(refused).rejects.toThrow(/the wheel .*none\.whl cannot be read/);
    expect(existsSync(join(folder, 'no-wheel'))).toBe(false);
  });

  it('that is broken is named, with what to do', async () => {
    const target = join(folder, 'broken');
    const within = join(target, 'node_modules', '@tensorflow', 'tfjs-node');
    await mkdir(join(within, 'lib', 'napi-v8'), { recursive: true });
    await writeFile(join(within, 'package.json'), '{"main": "index.js"}');
    await writeFile(join(within, 'index.js'), "require('./lib/napi-v8/tfjs_binding.node');");
    await writeFile(join(within, 'lib', 'napi-v8', 'tfjs_binding.node'), 'half of it');
    const refused = installTfjsNode('tfjs-node', { target });
    await expect(refused).rejects.toThrow(ExecutionError);
    await expect(refused).rejects.toThrow(/what is in .*broken does not work: .*file too short.*Remove that folder/);
  });

  it('does nothing where it is, and tells the versions', async ({ skip }) => {
    const found = findTfjsNode('tfjs-node');
    if ('reason' in found) return skip(found.reason);
    expect(await tryOut(found)).toEqual({ package: '4.22.0', tensorflow: '2.9.1', isUsingGpu: false });
  });
});

describe('the command line', () => {
  it('names the build and where its library comes from', () => {
    expect(parseCommand([])).toEqual({ build: 'tfjs-node', source: 'any', help: false });
    expect(parseCommand(['--gpu', '--from-wheel'])).toEqual({ build: 'tfjs-node-gpu', source: 'wheel', help: false });
    expect(parseCommand(['--wheel', 'a.whl']).source).toEqual({ file: 'a.whl' });
    expect(() => parseCommand(['--cuda'])).toThrow(OptionError);
  });
});
