/** Programs that the installation is made with: what they print is kept for when they fail. */
import { spawn } from 'node:child_process';
import { ExecutionError } from '@node-ode/core';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Characters of a failed program's output that its error tells. */
const tailLength = 1200;

/**
 * Runs a program; gives what it wrote to its standard output.
 *
 * @throws ExecutionError with the end of what it printed if it fails, or cannot be started.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
    const fail = (how: string, cause?: unknown): void => {
      const said = all.trim() === '' ? '' : `: ${all.trim().slice(-tailLength)}`;
      reject(new ExecutionError('tfjs-node', `${command} ${args[0] ?? ''} ${how}${said}`, { cause }));
    };
    child.on('error', (error) => {
      fail(signal?.aborted === true ? 'was stopped' : `was not started (${error.message})`, error);
    });
    child.on('close', (code, killedBy) => {
      if (code === 0) resolve(stdout);
      else fail(code === null ? `was ended by ${String(killedBy)}` : `gave ${code}`);
    });
  });
}
