/** A worker of the page, by its protocol. */
import type { Report, Request } from '../worker/protocol.ts';

/** A worker. */
export interface Link {
  send(request: Request): void;
  /** Ends it, whatever it does. */
  end(): void;
}

/** Starts a worker. */
export function startWorker(onReport: (report: Report) => void): Link {
  const worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
    onReport(data);
  });
  worker.addEventListener('error', ({ message }) => {
    onReport({ type: 'problem', message: `The worker has ended: ${message}. Reload the page.` });
    onReport({ type: 'phase', phase: 'failed', step: 0 });
  });
  return {
    send: (request) => {
      worker.postMessage(request);
    },
    end: () => {
      worker.terminate();
    },
  };
}
