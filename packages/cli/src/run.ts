/** The command line as a function: arguments and streams in, an exit code out. */
import { CommanderError } from 'commander';
import { exitCodes, failureOf, type ExitCode } from './errors.ts';
import type { Io } from './io.ts';
import { BrokenPipe } from './output/output.ts';
import { createProgram } from './program.ts';

/**
 * Runs `node-ode` with these arguments. Nothing is thrown: what goes wrong is one paragraph on stderr, and with `--json` an
 * object `{ error: { code, message } }` on stdout as well.
 *
 * @example
 * const code = await run(['train', 'moons', '--epochs', '5'], { ...io, cwd: folder });
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof BrokenPipe) return exitCodes.ok;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { code, message, exitCode } = failureOf(error);
    const isVerbose = args.includes('--verbose') || (io.env['DEBUG'] ?? '') !== '';
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    if (args.includes('--json')) io.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    io.stderr.write(`${isVerbose ? `${stack}\n` : ''}node-ode: ${message}\n`);
    if (exitCode === exitCodes.internal && !isVerbose) {
      io.stderr.write('This is a defect of node-ode, or of a plugin: --verbose shows where.\n');
    }
    return exitCode;
  }
}
