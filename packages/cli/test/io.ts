/** Streams for functions that are tested without a command line. */
import { PassThrough, Readable } from 'node:stream';
import type { Io } from '../src/io.ts';

/** A world in a folder, whose output nobody reads. */
export const ioIn = (folder: string): Io => ({
  stdin: Readable.from([]),
  stdout: new PassThrough().resume(),
  stderr: new PassThrough().resume(),
  cwd: folder,
  env: {},
  signal: new AbortController().signal,
  conditions: ['@node-ode/source', 'node', 'import'],
});
