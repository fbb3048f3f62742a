/** What Node offers beyond a browser, as far as TensorFlow's library needs it. Nothing is imported before it is needed. */

/** A module by a name that bundlers don't follow: it exists where the code runs, or not at all. */
const importByName = (name: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** `process`, as far as it is used. */
export interface NodeProcess {
  readonly env: Record<string, string | undefined>;
  readonly versions: { readonly node: string };
  dlopen(module: object, filename: string): void;
}

/** `require`, as far as it is used. */
export interface Require {
  (name: string): unknown;
  resolve(name: string): string;
  readonly cache: { readonly [file: string]: unknown };
}

interface Files {
  readdir(path: string): Promise<readonly string[]>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
}

/** Node's process; undefined in a browser. */
export async function nodeProcess(): Promise<NodeProcess | undefined> {
  try {
    return ((await importByName('node:process')) as { readonly default: NodeProcess }).default;
  } catch {
    return undefined;
  }
}

/** `require` as it is in a file, or in any file of a folder whose name ends in `/`. */
export const requireFrom = async (file: string | URL): Promise<Require> =>
  ((await importByName('node:module')) as { createRequire(from: string | URL): Require }).createRequire(file);

/** Whether this is the thread whose environment is the process's. */
export const isMainThread = async (): Promise<boolean> =>
  ((await importByName('node:worker_threads')) as { readonly isMainThread: boolean }).isMainThread;

/** Where NVIDIA's kernel driver tells of its cards: a folder for each. */
const cards = '/proc/driver/nvidia/gpus';

/** The names of this machine's NVIDIA GPUs; none where the driver tells of none. */
export async function gpuNames(folder = cards): Promise<readonly string[]> {
  try {
    const files = (await importByName('node:fs/promises')) as Files;
    const ids = await files.readdir(folder);
    const texts = await Promise.all(ids.map((id) => files.readFile(`${folder}/${id}/information`, 'utf8')));
    return texts.map((text) => /^Model:\s*(.+?)\s*$/m.exec(text)?.[1] ?? 'an NVIDIA GPU');
  } catch {
    return [];
  }
}
