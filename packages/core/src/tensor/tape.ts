/** `Tape`: tensors stacked along a length known at run time. */
import type { TapeType } from '../graph/graph.ts';
import type { Source } from './trace.ts';

/** Tensors stacked along a length that is known only when the graph runs. Loops emit tapes and `scan` reads them. */
export class Tape {
  readonly type: TapeType;
  /** Where the value comes from; for core alone. */
  readonly source: Source;

  constructor(type: TapeType, source: Source) {
    this.type = type;
    this.source = source;
  }
}

/**
 * Whether a value is a tape.
 *
 * @example
 * isTape(whileLoop(x, done, body).tape);
 */
export const isTape = (x: unknown): x is Tape => x instanceof Tape;
