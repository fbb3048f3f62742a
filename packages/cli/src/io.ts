/** What a command talks to: the process, or what stands in for it. */
import type { Readable, Writable } from 'node:stream';

/** The world as a command sees it. */
export interface Io {
  readonly stdin: Readable;
  /** Results, and nothing else. */
  readonly stdout: Writable;
  /** Progress, notes and errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Relative paths and plugins are looked for from here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C: long commands leave a checkpoint and end. */
  readonly signal: AbortSignal;
  /** Conditions by which packages' `exports` are resolved; `node` and `import` by default. */
  readonly conditions?: readonly string[];
}

/** Options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}
