/** `node-ode` as a process. */
import { interruption } from './interruption.ts';
import { run } from './run.ts';

/**
 * Runs the command line of this process. Ctrl-C ends training and streams in order where that does not take long, and everything
 * else at once; the second one ends them, too.
 */
export async function runProcess(): Promise<void> {
  // A reader that goes away is told by the next write: without a listener the process would die of it.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const { stdin, stdout, stderr, env } = process;
  const { signal, stepDone, stepsOver } = interruption(process);
  process.exitCode = await run(process.argv.slice(2), {
    ...{ stdin, stdout, stderr, env, signal, stepDone, stepsOver },
    cwd: process.cwd(),
  });
  stepsOver();
  stdin.destroy();
}
