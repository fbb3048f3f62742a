/** Downloads SwiftShader out of Debian's package of Chromium, as any user, without installing anything. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { files, ownFolder, swiftShaderIn, type NoSwiftShader, type SwiftShader } from './swiftshader.ts';

const run = promisify(execFile);

/** The package with the driver, its manifest and a loader. */
const source = { package: 'chromium-common', folder: 'usr/lib/chromium' } as const;

/** Two minutes are enough for 32 MB and the package lists. */
const withinMs = 120_000;

/**
 * Downloads and unpacks the few files that are needed into a folder, if they are not there yet. It takes `apt-get` and
 * `dpkg-deb`; the system's own package lists stay as they are.
 */
export async function installSwiftShader(target = ownFolder): Promise<SwiftShader | NoSwiftShader> {
  const there = swiftShaderIn(target);
  if (there !== undefined) return there;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    await fetchInto(work);
    await mkdir(join(work, 'whole'));
    for (const file of Object.values(files)) {
      await cp(join(work, 'unpacked', source.folder, file), join(work, 'whole', file));
    }
    await rename(join(work, 'whole'), target); // whole, or not at all
  } catch (error) {
    // Another process may have been first.
    if (swiftShaderIn(target) === undefined) return { reason: `SwiftShader was not downloaded: ${firstLine(error)}` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return swiftShaderIn(target) ?? { reason: `${source.package} has no ${Object.values(files).join(', ')}` };
}

async function fetchInto(work: string): Promise<void> {
  const signal = AbortSignal.timeout(withinMs);
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  const apt = (...args: readonly string[]) =>
    run('apt-get', ['-qq', `-oDir::State::Lists=${join(work, 'lists')}`, `-oDir::Cache=${work}`, ...args], {
      cwd: work,
      signal,
    });
  // Lists of its own: the system's may be missing, stale, or not this user's to renew.
  await apt('-oDebug::NoLocking=true', '-oAPT::Sandbox::User=', 'update');
  await apt('-oAPT::Sandbox::User=', 'download', source.package);
  const deb = (await readdir(work)).find((file) => file.endsWith('.deb'));
  if (deb === undefined) throw new Error(`apt-get brought no ${source.package}`);
  await run('dpkg-deb', ['-x', join(work, deb), join(work, 'unpacked')], { signal });
}

const firstLine = (error: unknown): string => {
  const { message, stderr } = error as { readonly message?: string; readonly stderr?: string };
  const lines = (stderr ?? '').trim() === '' ? (message ?? String(error)) : (stderr ?? '');
  return lines.trim().split('\n', 1).join('');
};
