/**
 * What Node offers beyond a browser: files, processes, facts about the machine. Nothing of it is imported before it is
 * needed, and the types are what is used of them: this package is compiled without Node's.
 */

import { makeFolder as makeFolderWith } from '@node-ode/core';

/** A module by a name that bundlers don't follow: it exists where the code runs, or not at all. */
export const importByName = (name: string): Promise<unknown> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** `node:fs/promises`. */
export interface NodeFiles {
  mkdir(path: string): Promise<unknown>;
  readdir(path: string): Promise<readonly string[]>;
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  writeFile(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
  access(path: string): Promise<void>;
}

interface NodeProcess {
  readonly execPath: string;
  readonly platform: string;
  readonly arch: string;
}

interface ChildProcesses {
  execFile(
    file: string,
    args: readonly string[],
    options: { readonly timeout: number; readonly windowsHide: boolean },
    callback: (error: unknown, stdout: string, stderr: string) => void,
  ): unknown;
}

const nodeProcess = async (): Promise<NodeProcess> =>
  ((await importByName('node:process')) as { readonly default: NodeProcess }).default;

/** The file system. */
export const nodeFiles = async (): Promise<NodeFiles> => (await importByName('node:fs/promises')) as NodeFiles;

/** Makes a folder, and those that it lies in. */
export async function makeFolder(path: string): Promise<void> {
  const { mkdir } = await nodeFiles();
  const { dirname } = (await importByName('node:path')) as { dirname(path: string): string };
  await makeFolderWith('onnx', path, { mkdir, dirname });
}

/** Whether a file is there, and can be seen. */
export async function fileExists(path: string): Promise<boolean> {
  const files = await nodeFiles();
  return files.access(path).then(
    () => true,
    () => false,
  );
}

/** What compiled code for this machine depends on: the platform, the architecture and the processor. */
export async function machineName(): Promise<string> {
  const [{ platform, arch }, os] = await Promise.all([nodeProcess(), importByName('node:os')]);
  const { cpus } = os as { cpus(): readonly { readonly model: string }[] };
  return [platform, arch, cpus()[0]?.model ?? 'unknown processor'].join(' ');
}

/** The folder of the native libraries of the onnxruntime-node that was loaded last; nothing if none was. */
export async function nativeFolder(): Promise<string | undefined> {
  const { createRequire } = (await importByName('node:module')) as {
    createRequire(from: string): { readonly cache: Readonly<Record<string, unknown>> };
  };
  const binding = /[\\/]onnxruntime_binding\.node$/;
  const loaded = Object.keys(createRequire(import.meta.url).cache).findLast((path) => binding.test(path));
  return loaded?.replace(binding, '');
}

/** Runs a script in a Node process of its own and gives what it wrote to stderr, however it ended. */
export async function runApart(script: string, args: readonly string[]): Promise<string> {
  const [{ execFile }, { execPath }] = await Promise.all([
    importByName('node:child_process') as Promise<ChildProcesses>,
    nodeProcess(),
  ]);
  return new Promise((resolve) => {
    execFile(execPath, ['-e', script, ...args], { timeout: 30_000, windowsHide: true }, (_error, _stdout, stderr) => {
      resolve(stderr);
    });
  });
}
