/** A command as a process: signals, errors in one line, and the exit code. */
import type { NodeOdeError } from '@node-ode/core';

/** As shells count: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a command. The first Ctrl-C aborts its signal, so that it leaves what it has and ends; a second one ends the process. Exit code: 0,
 * 130 or 143 if it was interrupted, 2 for an option that is wrong, 1 for other errors.
 *
 * @param name What the user typed, for errors.
 */
export async function runProgram(
  name: string,
  main: (signal: AbortSignal) => Promise<{ readonly interrupted: boolean }>,
): Promise<void> {
  const controller = new AbortController();
  let exitCode = 0;
  let since = Infinity;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // npm passes on its own copy of the first within moments.
      if (performance.now() - since > 500) process.exit(exitCode);
      since = Math.min(since, performance.now());
      exitCode = exitCodes[signal];
      controller.abort();
    });
  }
  try {
    const { interrupted } = await main(controller.signal);
    process.exitCode = interrupted ? exitCode : 0;
  } catch (error) {
    process.stderr.write(`${describe(name, error)}\n`);
    process.exitCode = (error as NodeOdeError).code === 'OPTION' ? 2 : 1;
  }
}

function describe(name: string, error: unknown): string {
  if (!(error instanceof Error)) return `${name}: ${String(error)}`;
  if ('syscall' in error) return `${name}: ${error.message}`;
  if ('code' in error && error.code === 'FILE') return `${error.message} Name it with --out DIR.`;
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
