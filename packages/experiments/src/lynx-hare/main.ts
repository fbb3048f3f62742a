/** `npm start`: the command line, signals and the exit code of the lynx–hare job. */
import type { NodeOdeError } from '@node-ode/core';
import { parseCommand, usage } from './command-line.ts';
import { runJob } from './job.ts';

/** As shells count: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  const controller = new AbortController();
  let exitCode = 0;
  let since = Infinity;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second Ctrl-C ends the process as ever; npm passes on its own copy of the first within moments.
      if (performance.now() - since > 500) process.exit(exitCode);
      since = Math.min(since, performance.now());
      exitCode = exitCodes[signal];
      controller.abort();
    });
  }
  const { interrupted } = await runJob(command, { stream: process.stdout, signal: controller.signal });
  return interrupted ? exitCode : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const { code, message } = error as NodeOdeError;
  const isFileError = error instanceof Error && 'syscall' in error;
  const advice = isFileError ? ': files could not be written. Choose another folder with --out DIR.' : '';
  process.stderr.write(`${isFileError ? 'npm start: ' : ''}${message}${advice}\n`);
  process.exitCode = code === 'OPTION' ? 2 : 1;
}
