/** `node-ode` as a process. */
import { exitCodes } from './errors.ts';
import { run } from './run.ts';

/** Runs the command line of this process. The first Ctrl-C ends a command in order, the second at once. */
export async function runProcess(): Promise<void> {
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(exitCodes.interrupted);
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader that goes away is told by the next write: without a listener the process would die of it.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await run(process.argv.slice(2), {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    signal: abort.signal,
  });
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  stdin.destroy();
}
