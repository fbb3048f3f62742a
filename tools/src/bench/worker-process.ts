/** A worker as a process: one request at a time, bounded in time, ended with all its children. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Command } from './contestants.ts';
import type { Reply, Request } from './protocol.ts';

/** A worker to talk to. Requests never reject: what goes wrong is a reply. */
export interface Worker {
  /** Asks, and waits for the reply for so many seconds; a worker that is late is ended. */
  request(request: Request, seconds: number): Promise<Reply>;
  /** Ends the worker. */
  close(): void;
}

const interrupted: Reply = { error: 'interrupted' };

/** How to end the workers that live: none outlives this process. */
const living = new Set<() => void>();
process.on('exit', () => living.forEach((close) => close()));

/** Starts a worker. It is ended when `signal` aborts. */
export function startWorker({ file, args, env = {} }: Command, signal?: AbortSignal): Worker {
  if (signal?.aborted === true) return { request: () => Promise.resolve(interrupted), close: () => undefined };
  // A process group of its own: compilers that it starts end with it, and Ctrl-C reaches the runner alone.
  const isGroup = process.platform !== 'win32';
  const child = spawn(file, [...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: isGroup,
  });
  let answer: ((reply: Reply) => void) | undefined;
  let ended: Reply | undefined;
  let complaint = '';

  const settle = (reply: Reply): void => {
    const waiting = answer;
    answer = undefined;
    waiting?.(reply);
  };
  const end = (reply: Reply): void => {
    ended ??= reply;
    signal?.removeEventListener('abort', interrupt);
    living.delete(close);
    endProcess(child, isGroup);
    settle(ended);
  };
  const close = (): void => end({ error: 'the worker was closed' });
  const interrupt = (): void => end(interrupted);

  child.on('error', (error) => end({ unavailable: `${file} does not start: ${error.message}` }));
  child.on('close', (code, killed) => end({ error: endOf(code, killed, complaint) }));
  child.stdin.on('error', () => undefined); // the process is gone: `close` tells why
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      settle(JSON.parse(line) as Reply);
    } catch {
      end({ error: `replied with ${JSON.stringify(line.slice(0, 100))}, which is no JSON` });
    }
  });
  living.add(close);
  signal?.addEventListener('abort', interrupt);

  return {
    request: (request, seconds) =>
      new Promise((resolve) => {
        if (ended !== undefined) return resolve(ended);
        const timer = setTimeout(() => end({ error: `no reply within ${seconds} s` }), seconds * 1000);
        answer = (reply) => {
          clearTimeout(timer);
          resolve(reply);
        };
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    close,
  };
}

function endProcess(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (isGroup) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // it ended by itself in the meantime
  }
}

function endOf(code: number | null, killed: NodeJS.Signals | null, complaint: string): string {
  const how = killed === null ? `ended with code ${code ?? 0}` : `ended by ${killed}`;
  // Python ends with the error, Node with its own version.
  const lines = complaint.trim().split('\n');
  const last = lines.findLast((line) => /\bError\b|error:/i.test(line)) ?? lines.at(-1) ?? '';
  return last === '' ? how : `${how}: ${last}`;
}
