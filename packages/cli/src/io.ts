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
  /** Aborted by Ctrl-C: training leaves a checkpoint and ends, a stream ends behind a whole row. */
  readonly signal: AbortSignal;
  /** Told where steps begin, and after each (a training step, a batch of rows): Ctrl-C waits for the end of short ones. */
  readonly stepDone?: () => void;
  /** Told behind the last step: what follows is ended by Ctrl-C at once. */
  readonly stepsOver?: () => void;
  /** Conditions by which packages' `exports` are resolved; `node` and `import` by default. */
  readonly conditions?: readonly string[];
}

/** Options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}
