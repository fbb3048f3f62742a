/** The command line as a function: arguments and streams in, an exit code out. */
import { CommanderError } from 'commander';
import { exitCodes, failureOf, InterruptedError, PartialResult, type ExitCode, type Failure } from './errors.ts';
import type { Io } from './io.ts';
import { BrokenPipe, type Json } from './output/output.ts';
import { createProgram } from './program.ts';

/**
 * Runs `node-ode` with these arguments. Nothing is thrown: what goes wrong is one paragraph on stderr, and with `--json` an
 * object `{ error: { code, message } }` on stdout as well.
 *
 * @example
 * const code = await run(['train', 'moons', '--epochs', '5'], { ...io, cwd: folder });
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const tellJson = ({ code, message }: Pick<Failure, 'code' | 'message'>, result: Readonly<Record<string, Json>>) => {
    if (args.includes('--json')) io.stdout.write(`${JSON.stringify({ ...result, error: { code, message } })}\n`);
  };
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    if (!io.signal.aborted) return exitCodes.ok;
    throw new InterruptedError(args[0] ?? 'run', 'interrupted: what was written is not all of it');
  } catch (thrown) {
    if (thrown instanceof BrokenPipe) return exitCodes.ok;
    if (thrown instanceof CommanderError) {
      // It has written its help already.
      return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    const [error, result] = thrown instanceof PartialResult ? [thrown.cause, thrown.result] : [thrown, {}];
    const failure = failureOf(error);
    tellJson(failure, result);
    const isVerbose = args.includes('--verbose') || (io.env['DEBUG'] ?? '') !== '';
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    io.stderr.write(`${isVerbose ? `${stack}\n` : ''}node-ode: ${failure.message}\n`);
    if (failure.exitCode === exitCodes.internal && !isVerbose) {
      io.stderr.write('This is a defect of node-ode, or of a plugin: --verbose shows where.\n');
    }
    return failure.exitCode;
  }
}
