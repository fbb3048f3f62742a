/** Installs tfjs-node beside the workspace: whole, or not at all. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExecutionError, FileError, makeFolder, NodeOdeError, OptionError } from '@node-ode/core';
import { folderVariable, ownFolder, tfjsNodeIn, type TfjsNode, type TfjsNodeBuild } from '@node-ode/e2e/tfjs-node';
import { compileAddon, installPackage, packageFolder, runInstaller } from './addon.ts';
import { demandDisk, demandSystem, demandTools } from './demands.ts';
import { makeLibrary } from './library.ts';
import { tryOut, type Versions } from './try-out.ts';
import { checkWheel, downloadWheel, unpackWheel } from './wheel.ts';
import { tensorflowVersion, wheels } from './wheels.ts';

/** Where libtensorflow is taken from: from where tfjs keeps it, else from a wheel; or from a wheel, which may be here already. */
export type Source = 'any' | 'wheel' | { readonly file: string };

export interface InstallOptions {
  readonly source?: Source;
  /** The folder to fill. */
  readonly target?: string;
  readonly signal?: AbortSignal;
  /** Told what is done. */
  readonly tell?: (line: string) => void;
}

/** An installation that was tried out. */
export interface Installed extends Versions {
  readonly folder: string;
  readonly megabytes: number;
}

interface Work {
  readonly build: TfjsNodeBuild;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
  readonly tell: (line: string) => void;
}

/**
 * Installs a build, if it is not there.
 *
 * @throws UnsupportedError on another system; ExecutionError telling what is missing, what failed, or that what is there does not
 * work; FormatError for a wheel that is not the one expected; OptionError if that cannot be read, or the folder is taken or cannot be made.
 */
export async function installTfjsNode(build: TfjsNodeBuild, options: InstallOptions = {}): Promise<Installed> {
  const { source = 'any', target = ownFolder(build), signal, tell = () => undefined } = options;
  const there = tfjsNodeIn(target, build);
  if (there !== undefined) return describe(there, signal);
  demandSystem();
  if (typeof source === 'object') await checkWheel(source.file, wheels[build]);
  const folder = await folderBeside(target, build);
  try {
    await fill({ build, folder, signal, tell }, source);
    await rename(folder, target);
  } catch (error) {
    // Another process may have been first.
    if (tfjsNodeIn(target, build) === undefined) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return describe({ package: `@tensorflow/${build}`, folder: target }, signal);
}

/** A new folder next to the one that is to be filled. @throws OptionError if that is taken, or cannot be made. */
async function folderBeside(target: string, build: TfjsNodeBuild): Promise<string> {
  try {
    await demandFree(target, build);
    await makeFolder('tfjs-node', dirname(target), { mkdir, dirname });
    await demandDisk(dirname(target), wheels[build].diskMegabytes);
    return await mkdtemp(`${target}-`);
  } catch (error) {
    if (error instanceof NodeOdeError && !(error instanceof FileError)) throw error;
    const refusal = error instanceof FileError ? error.cause : error;
    throw new OptionError('tfjs-node', `${target} cannot be made: ${reasonOf(refusal)}`, {
      expected: 'a folder that can be written',
      advice: `Name another by ${folderVariable(build)}.`,
      cause: error,
    });
  }
}

/** @throws OptionError if a folder that is to be filled has something in it. */
async function demandFree(target: string, build: TfjsNodeBuild): Promise<void> {
  if (!existsSync(target)) return;
  if ((await readdir(target)).length === 0) return rm(target, { recursive: true });
  throw new OptionError('tfjs-node', `${target} is there and has no @tensorflow/${build} with its addon`, {
    expected: 'a folder that is not there',
    advice: `Remove it, or name another by ${folderVariable(build)}.`,
  });
}

async function fill(work: Work, source: Source): Promise<void> {
  const { build, folder, signal, tell } = work;
  tell(`npm: @tensorflow/${build} without its addon`);
  await installPackage(folder, build, signal);
  if (source === 'any' && (await ordinary(work))) return;
  await fromWheel(work, typeof source === 'object' ? source.file : undefined);
}

/** Whether the package's own installer makes an addon that works. */
async function ordinary({ build, folder, signal, tell }: Work): Promise<boolean> {
  tell(`its installer: libtensorflow ${tensorflowVersion} and the addon, from where tfjs keeps them`);
  try {
    await runInstaller(folder, build, signal);
    await tryOut({ package: `@tensorflow/${build}`, folder }, signal);
    return true;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    tell(`  did not work: ${reasonOf(error)}`);
    return false;
  }
}

async function fromWheel({ build, folder, signal, tell }: Work, given: string | undefined): Promise<void> {
  await demandTools();
  const wheel = wheels[build];
  const unpacked = join(folder, 'unpacked');
  if (given === undefined) tell(`pip: ${wheel.project} ${tensorflowVersion}, ${wheel.megabytes} MB`);
  const file = given ?? (await withProgress(unpacked, wheel.megabytes, tell, downloadWheel(wheel, unpacked, signal)));
  tell('its C library and headers');
  if (given === undefined) await checkWheel(file, wheel);
  await unpackWheel(file, unpacked, signal);
  await makeLibrary(unpacked, join(packageFolder(folder, build), 'deps'), signal);
  await rm(unpacked, { recursive: true, force: true });
  tell('node-gyp: the addon');
  await compileAddon(folder, build, signal);
  tell('a product of two matrices');
  await tryOut({ package: `@tensorflow/${build}`, folder }, signal);
}

/** Tells every few seconds how much of a download is in a folder. */
async function withProgress<T>(
  folder: string,
  whole: number,
  tell: (line: string) => void,
  download: Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    sizeOf(folder).then(
      (megabytes) => {
        tell(`  ${megabytes} of ${whole} MB`);
      },
      () => undefined, // a file was moved meanwhile
    );
  }, 3000);
  try {
    return await download;
  } finally {
    clearInterval(timer);
  }
}

async function describe(installed: TfjsNode, signal: AbortSignal | undefined): Promise<Installed> {
  const versions = await tryOut(installed, signal).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ExecutionError('tfjs-node', `what is in ${installed.folder} does not work: ${reasonOf(error)}`, {
      expected: `a ${installed.package} that loads and computes`,
      advice: 'Remove that folder, and run this again.',
      cause: error,
    });
  });
  return { ...versions, folder: installed.folder, megabytes: await sizeOf(installed.folder) };
}

/** Megabytes of the files in a folder. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1e6);
}

/** The line of a failed program's output that tells most. */
export function reasonOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error).split('\n');
  const telling = [/\bE[A-Z]{4,}\b/, /\b[A-Za-z]*Error: /, /error|cannot|failed/i];
  const found = telling.map((sign) => lines.find((line) => sign.test(line))).find((line) => line !== undefined);
  return (found ?? lines[0] ?? '').trim();
}
