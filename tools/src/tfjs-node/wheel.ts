/** A wheel of TensorFlow: downloaded by pip, checked, and what is needed unpacked. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FormatError, OptionError } from '@node-ode/core';
import { run } from './run.ts';
import { tensorflowVersion, wanted, type Wheel } from './wheels.ts';

/** Downloads a wheel into a folder; gives its file. The wheel is that of Python 3.10: which one is all the same. */
export async function downloadWheel({ project }: Wheel, folder: string, signal?: AbortSignal): Promise<string> {
  await mkdir(folder, { recursive: true });
  const python = ['--python-version=3.10', '--implementation=cp', '--abi=cp310'];
  const platforms = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'].map((platform) => `--platform=${platform}`);
  const options = ['--no-deps', '--only-binary=:all:', '--no-cache-dir', '--disable-pip-version-check', '-q'];
  const what = `${project}==${tensorflowVersion}`;
  await run('python3', ['-m', 'pip', 'download', ...options, ...python, ...platforms, '-d', folder, what], {
    env: { TMPDIR: folder },
    signal,
  });
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new FormatError('tfjs-node', `pip brought no wheel of ${what}`);
  return join(folder, file);
}

/** @throws FormatError if a file is not the wheel that was tried here; OptionError if it cannot be read. */
export async function checkWheel(file: string, { project, sha256 }: Wheel): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch((cause: unknown) => {
    const expected = `the file of ${project} ${tensorflowVersion}`;
    throw new OptionError('tfjs-node', `the wheel ${file} cannot be read (${String(cause)})`, { expected, cause });
  });
  const given = hash.digest('hex');
  if (given === sha256) return;
  throw new FormatError('tfjs-node', `${basename(file)} has the SHA-256 ${given}`, {
    expected: `${sha256}, that of ${project} ${tensorflowVersion} for Python 3.10 on Linux x64`,
    advice: 'Download it again.',
  });
}

/** Node reads no zip files, Python does; and node-gyp wants a Python anyway. */
const unzip = `
import sys, zipfile
wheel, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if any(name.startswith(one) if one.endswith("/") else name == one for one in wanted):
            archive.extract(name, target)
`;

/** Unpacks what is needed of a wheel. */
export async function unpackWheel(file: string, folder: string, signal?: AbortSignal): Promise<void> {
  const names = [wanted.library, wanted.framework, ...wanted.headers];
  await run('python3', ['-c', unzip, file, folder, ...names], { signal });
}
