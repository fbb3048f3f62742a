/**
 * Threads as the host has them: Web Workers in a browser, `node:worker_threads` in Node. The types are what is used of them: this
 * package is compiled without Node's.
 */

/** A thread that was started. */
export interface WorkerThread {
  post(message: unknown): void;
  /** Whether the process has to wait for the thread. A browser has no such question. */
  hold(isHeld: boolean): void;
  terminate(): Promise<void>;
}

/** What is heard of a thread. */
export interface WorkerEvents {
  readonly message: (data: unknown) => void;
  /** It has ended, or never begun. */
  readonly end: (reason: string) => void;
}

/** Starts a thread that runs a script. */
export type StartWorker = (source: string, events: WorkerEvents) => Promise<WorkerThread>;

/** A module by a name that bundlers don't follow: it exists where the code runs, or not at all. */
const importByName = (name: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

/** A thread of this host. */
export const startWorker: StartWorker = (source, events) =>
  typeof Worker === 'undefined' ? startNodeWorker(source, events) : startWebWorker(source, events);

function startWebWorker(source: string, { message, end }: WorkerEvents): Promise<WorkerThread> {
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(address, { type: 'module', name: 'node-ode' });
  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    URL.revokeObjectURL(address); // it has been read
    message(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(event.message === undefined || event.message === '' ? 'the worker was refused' : event.message);
  };
  return Promise.resolve({
    post: (data) => {
      worker.postMessage(data);
    },
    hold: () => undefined,
    terminate: () => {
      worker.terminate();
      return Promise.resolve();
    },
  });
}

interface NodeWorker {
  on(event: 'message', listener: (data: unknown) => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (
    source: string,
    options: { readonly eval: true; readonly execArgv: readonly string[]; readonly name: string },
  ) => NodeWorker;
}

async function startNodeWorker(source: string, { message, end }: WorkerEvents): Promise<WorkerThread> {
  const { Worker: NodeThread } = (await importByName('node:worker_threads')) as WorkerThreads;
  // Loaders and flags of the process are not for this script.
  const worker = new NodeThread(source, { eval: true, execArgv: [], name: 'node-ode' });
  worker.on('message', message);
  worker.on('error', (error) => {
    end(String(error));
  });
  worker.on('exit', (code) => {
    end(`the worker ended with code ${code}`);
  });
  return {
    post: (data) => {
      worker.postMessage(data);
    },
    hold: (isHeld) => {
      if (isHeld) worker.ref();
      else worker.unref();
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** How many threads this host runs at the same time; 1 if it does not tell. */
export async function processors(): Promise<number> {
  // Node 20 has no navigator.
  if (typeof navigator !== 'undefined') return navigator.hardwareConcurrency;
  try {
    const { availableParallelism } = (await importByName('node:os')) as { availableParallelism(): number };
    return availableParallelism();
  } catch {
    return 1;
  }
}

/** Why threads can't share memory here; undefined if they can. */
export function sharingObstacle(): string | undefined {
  if (typeof SharedArrayBuffer !== 'undefined') return undefined;
  return typeof crossOriginIsolated === 'undefined'
    ? 'this host has no SharedArrayBuffer'
    : 'the page is not cross-origin isolated (headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';
}

/** Whether this thread may wait for another. The main thread of a browser may not. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
