/** A worker thread that is told things, and answers each before the next is read. */
import type { StartWorker, WorkerThread } from './host.ts';

interface Question {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * @example
 * const link = await WorkerLink.start(startWorker, workerSource, (reason) => console.warn(reason));
 * await link.tell({ number: 3 }, 30_000);
 * await link.close();
 */
export class WorkerLink {
  readonly #onEnd: (reason: string) => void;
  readonly #questions: Question[] = [];
  #worker: WorkerThread | undefined;
  #end: string | undefined;

  private constructor(onEnd: (reason: string) => void) {
    this.#onEnd = onEnd;
  }

  /**
   * Starts a worker.
   *
   * @param onEnd called once, if the worker ends before it is closed
   */
  static async start(start: StartWorker, source: string, onEnd: (reason: string) => void): Promise<WorkerLink> {
    const link = new WorkerLink(onEnd);
    link.#worker = await start(source, {
      message: (problem) => {
        link.#answer(problem);
      },
      end: (reason) => {
        link.#ended(reason);
      },
    });
    return link;
  }

  /**
   * Sends a message. The process does not end before the answer is there.
   *
   * @throws Error with what the worker says went wrong, or that it has ended, or gave no answer in time
   */
  async tell(message: unknown, withinMilliseconds: number): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || this.#end !== undefined) throw new Error(this.#end);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`a worker gave no answer within ${withinMilliseconds / 1000} s`));
        }, withinMilliseconds);
        this.#questions.push({ resolve, reject });
        worker.hold(true);
        worker.post(message);
      });
    } finally {
      clearTimeout(timer);
      if (this.#questions.length === 0) worker.hold(false);
    }
  }

  /** Ends the worker, whatever it is doing. */
  async close(): Promise<void> {
    this.#finish('the threads were ended');
    await this.#worker?.terminate();
  }

  #answer(problem: unknown): void {
    const question = this.#questions.shift();
    if (typeof problem === 'string') question?.reject(new Error(problem));
    else question?.resolve();
  }

  #ended(reason: string): void {
    if (this.#end !== undefined) return;
    this.#finish(reason);
    this.#onEnd(reason);
  }

  #finish(reason: string): void {
    this.#end ??= reason;
    for (const { reject } of this.#questions.splice(0)) reject(new Error(reason));
  }
}
