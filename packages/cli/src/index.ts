/** The command line as functions. */
export { exitCodes, FileError, InterruptedError, PluginError, UsageError, type ExitCode } from './errors.ts';
export type { Io } from './io.ts';
export { run } from './run.ts';
