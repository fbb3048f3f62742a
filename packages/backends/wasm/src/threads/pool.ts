/** Worker threads that do parts of jobs beside the thread that runs a module. */
import { ExecutionError } from '@node-ode/core';
import { mayBlock, startWorker, type StartWorker } from './host.ts';
import { WorkerLink } from './worker-link.ts';
import { workerSource } from './worker-source.ts';
import { wordCount, words as at } from './words.ts';

/** A job of a module: does one part, on the thread of that number. */
export type JobFunction = (part: number, thread: number) => void;

/** A module whose jobs are shared. */
export interface SharedModule {
  /** Has all parts of a job done, and returns then: what the module imports. */
  readonly share: (job: number, parts: number) => void;
  /** Gives the module to the threads. They take part from then on; before, and if it fails, the calling thread does all. */
  readonly load: (module: WebAssembly.Module, jobs: readonly JobFunction[]) => Promise<void>;
  readonly unload: () => void;
}

export interface PoolOptions {
  /** How many threads, the calling one included. */
  readonly threads: number;
  readonly memory: WebAssembly.Memory;
  readonly start?: StartWorker;
  /** How long a worker may take to answer, and for one part of a job, before it is given up. */
  readonly patienceMilliseconds?: number;
}

/** How long the calling thread looks whether the others are done before it lets the system wake it up, which takes longer. */
const spinMilliseconds = 0.1;
/** Patience ends after so many waits: a machine that was asleep meanwhile counts as one. */
const waits = 30;

/**
 * Workers start when the first module is loaded. If they can't, or end, the calling thread does all parts, with the same
 * results. Only a worker that is lost in the middle of a part takes something with it.
 *
 * @example
 * const pool = new ThreadPool({ threads: 2, memory });
 * const shared = pool.module();
 * const { exports } = await WebAssembly.instantiate(module, { env: { memory, share: shared.share } });
 * await shared.load(module, [exports.job0]);
 */
export class ThreadPool {
  readonly #options: Required<PoolOptions>;
  readonly #shared = new SharedArrayBuffer(4 * wordCount);
  readonly #words = new Int32Array(this.#shared);
  readonly #mayBlock = mayBlock();
  #links: readonly WorkerLink[] = [];
  #starting: Promise<void> | undefined;
  #obstacle: string | undefined;
  #forgotten: FinalizationRegistry<undefined> | undefined;
  #isWhole = true;
  #modules = 0;

  constructor(options: PoolOptions) {
    this.#options = { start: startWorker, patienceMilliseconds: 30_000, ...options };
  }

  /** Threads that were asked for, the calling one included. */
  get size(): number {
    return this.#options.threads;
  }

  /** Threads that share work now. */
  get running(): number {
    return 1 + this.#links.length;
  }

  /** Why there are fewer threads than there should be, once that is so. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Whether no worker was lost in the middle of a part. One that was may still be writing to memory. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** @throws ExecutionError if a worker was lost in the middle of a part */
  demandWhole(operation: string): void {
    if (this.#isWhole) return;
    throw new ExecutionError(operation, 'a worker thread of the backend did not finish its part of a job', {
      advice:
        'Arrays can still be read, but for those that the run was to update in place. Make another backend to go on.',
    });
  }

  /** Ends the workers when nothing refers to `owner` any more, which the pool must not do either. */
  closeWith(owner: object): void {
    this.#forgotten = new FinalizationRegistry(() => void this.close());
    this.#forgotten.register(owner, undefined);
  }

  /** A place for a module whose jobs the threads are to share. */
  module(): SharedModule {
    const number = this.#modules++;
    let jobs: readonly JobFunction[] = [];
    let isLoaded = false;
    return {
      share: (job, parts) => {
        const doPart = jobs[job] as JobFunction;
        if (isLoaded && this.#links.length > 0) this.#share(number, job, parts, doPart);
        else for (let part = 0; part < parts; part++) doPart(part, 0);
      },
      load: async (module, functions) => {
        jobs = functions;
        await this.#tell({ number, module, jobs: jobs.length });
        isLoaded = true;
      },
      unload: () => {
        if (isLoaded) void this.#tell({ number });
        isLoaded = false;
      },
    };
  }

  /** Ends the workers. What is run afterwards runs on the calling thread. */
  async close(obstacle = 'the threads were ended'): Promise<void> {
    this.#obstacle ??= obstacle;
    const links = this.#links;
    this.#links = [];
    await Promise.all(links.map((link) => link.close()));
  }

  /** Tells all workers, which are started first. It never fails: without workers there is nobody to tell. */
  async #tell(message: unknown): Promise<void> {
    try {
      await (this.#starting ??= this.#startAll());
      await this.#broadcast(() => message);
    } catch (error) {
      await this.close(reasonOf(error));
    }
  }

  async #startAll(): Promise<void> {
    const { threads, start, memory } = this.#options;
    const onEnd = (reason: string): void => void this.close(reason);
    const started = await Promise.allSettled(
      Array.from({ length: threads - 1 }, () => WorkerLink.start(start, workerSource, onEnd)),
    );
    this.#links = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (this.#obstacle !== undefined) throw new Error(this.#obstacle); // closed meanwhile
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.#broadcast((index) => ({ shared: this.#shared, memory, thread: index + 1 }));
  }

  /** Sends a message to every worker and awaits the answers. Workers leave their work for it when their parts are done. */
  async #broadcast(messageFor: (index: number) => unknown): Promise<void> {
    const { patienceMilliseconds } = this.#options;
    Atomics.add(this.#words, at.messages, 1);
    Atomics.add(this.#words, at.signal, 1);
    Atomics.notify(this.#words, at.signal);
    await Promise.all(this.#links.map((link, index) => link.tell(messageFor(index), patienceMilliseconds)));
  }

  #share(module: number, job: number, parts: number, doPart: JobFunction): void {
    const words = this.#words;
    words[at.module] = module;
    words[at.job] = job;
    words[at.parts] = parts;
    Atomics.store(words, at.unfinished, parts);
    Atomics.store(words, at.remaining, parts);
    Atomics.add(words, at.signal, 1);
    if (Atomics.load(words, at.sleepers) > 0) Atomics.notify(words, at.signal);
    try {
      this.#doParts(parts, doPart);
    } finally {
      this.#awaitOthers();
    }
    if (Atomics.exchange(words, at.failed, 0) !== 0) throw new Error('a part of a job stopped in a worker');
  }

  /** Does parts until all are taken. */
  #doParts(parts: number, doPart: JobFunction): void {
    const words = this.#words;
    for (;;) {
      const remaining = Atomics.load(words, at.remaining);
      if (remaining === 0) return;
      if (Atomics.compareExchange(words, at.remaining, remaining, remaining - 1) !== remaining) continue;
      try {
        doPart(parts - remaining, 0);
      } catch (error) {
        // The parts that nobody has taken are not done any more.
        Atomics.sub(words, at.unfinished, Atomics.exchange(words, at.remaining, 0));
        throw error;
      } finally {
        Atomics.sub(words, at.unfinished, 1);
      }
    }
  }

  #awaitOthers(): void {
    const words = this.#words;
    if (this.#isDoneWithin(spinMilliseconds)) return;
    const slice = this.#options.patienceMilliseconds / waits;
    for (let wait = 0; wait < waits;) {
      if (this.#mayBlock) {
        const unfinished = Atomics.load(words, at.unfinished);
        if (unfinished === 0) return;
        if (Atomics.wait(words, at.unfinished, unfinished, slice) === 'timed-out') wait++;
      } else {
        if (this.#isDoneWithin(slice)) return;
        wait++;
      }
    }
    this.#isWhole = false;
    void this.close('a worker did not finish its part of a job');
    this.demandWhole('run');
  }

  #isDoneWithin(milliseconds: number): boolean {
    const words = this.#words;
    const until = performance.now() + milliseconds;
    do {
      for (let i = 0; i < 100; i++) if (Atomics.load(words, at.unfinished) === 0) return true;
    } while (performance.now() < until);
    return false;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
