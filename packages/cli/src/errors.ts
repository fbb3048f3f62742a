/** What goes wrong on a command line, and the exit codes that say so. */
import { FileError, NodeOdeError, type ErrorDetails } from '@node-ode/core';
import type { Json } from './output/output.ts';

export { FileError };

/** Exit codes, as `node-ode --help` and the README list them. */
export const exitCodes = {
  ok: 0,
  /** A defect of this program. */
  internal: 1,
  /** The command line or the configuration is wrong, or its parts do not fit together. */
  usage: 2,
  /** A file is missing, can't be read or written, or its contents are not what they should be. */
  data: 3,
  /** A solve or a training step failed. */
  solve: 4,
  /** A plugin or an engine is not installed, or can't do what is asked. */
  missing: 5,
  /** Ended by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

/** A code that a process ends with. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command line or a configuration that is wrong. */
export class UsageError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('USAGE', operation, problem, details);
  }
}

/** A plugin that is not there, or is none. */
export class PluginError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('PLUGIN', operation, problem, details);
  }
}

/** The user ended the run. */
export class InterruptedError extends NodeOdeError {
  constructor(operation: string, problem: string, details?: ErrorDetails) {
    super('INTERRUPTED', operation, problem, details);
  }
}

/** A failure that has a result up to where it happened: with `--json` both are one document. */
export class PartialResult extends Error {
  readonly result: Readonly<Record<string, Json>>;

  constructor(result: Readonly<Record<string, Json>>, cause: Error) {
    super(cause.message, { cause });
    this.result = result;
  }
}

const codes: Readonly<Record<string, ExitCode>> = {
  USAGE: exitCodes.usage,
  OPTION: exitCodes.usage,
  COMPOSITION: exitCodes.usage,
  SHAPE: exitCodes.usage,
  DTYPE: exitCodes.usage,
  TREE: exitCodes.usage,
  FILE: exitCodes.data,
  FORMAT: exitCodes.data,
  SOLVE: exitCodes.solve,
  STEP: exitCodes.solve,
  EXECUTION: exitCodes.solve,
  PLUGIN: exitCodes.missing,
  UNSUPPORTED: exitCodes.missing,
  INTERRUPTED: exitCodes.interrupted,
};

/** What the system says of files: no defects of this program. */
const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission is denied',
  EPERM: 'it is not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EFBIG: 'the file would be too large',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'something else is there',
  EMFILE: 'too many files are open',
  EIO: 'the device failed',
};

/** Why a file could not be used, in words where the system has only a code for it. */
export function systemReason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return systemWords(cause) ?? cause.message;
}

const systemWords = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' && Object.hasOwn(systemErrors, error.code)
    ? systemErrors[error.code]
    : undefined;

/** A failure as it is told. */
export interface Failure {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** One paragraph. */
  readonly message: string;
}

/** What the user is told of an error, whichever copy of core it comes from. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'INTERNAL', exitCode: exitCodes.internal, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  const known = Object.hasOwn(codes, code) ? codes[code] : undefined;
  if (known !== undefined) return { code, exitCode: known, message: `${error.message}${reason(error)}` };
  const system = systemWords(error);
  if (system !== undefined) {
    const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file';
    return { code: 'FILE', exitCode: exitCodes.data, message: `${path}: ${system}. Give another path.` };
  }
  return { code: 'INTERNAL', exitCode: exitCodes.internal, message: error.message };
}

/** What an error was caused by, where it is one of ours and not told already. */
function reason({ message, cause }: Error): string {
  const isOurs =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && Object.hasOwn(codes, cause.code);
  if (!isOurs) return '';
  const inner = cause.message.replace(/\.$/, '');
  return message.includes(inner) ? reason(cause) : ` (${inner}${reason(cause)})`;
}
