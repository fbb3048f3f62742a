/** What becomes of results: written line by line, vector by vector. */
import type { Code, Local } from '../encoder/function.ts';

/** Where a line of results is, as i32 expressions; `line` is missing if lines are whole images. */
export interface LineIndex {
  readonly sample: Code;
  readonly channel: Code;
  readonly line?: Code;
}

/** Takes elements column … column + count − 1 of a line; lanes from `count`, 1 … lanes, on mean nothing. */
export type LineWriter = (value: Local, column: Code, count: number) => void;

export interface Sink {
  /** Whether it takes a whole image as one line. */
  readonly takesImages: boolean;
  /** Begins a line, each once. */
  readonly line: (index: LineIndex) => LineWriter;
}
