/** A field of CSV that is no number. */
import { FormatError } from '@node-ode/core';

/** A field, and where it is. */
export interface Cell {
  readonly source: string;
  readonly line: number;
  /** The column's name. */
  readonly column: string;
  /** Of the column, counted from 1. */
  readonly position: number;
  readonly field: string;
}

/** A field in a column of numbers that is none, or is too large for one: the message has line and column, `cell` as well. */
export class CellError extends FormatError {
  readonly cell: Cell;
  /** The message without operation and advice. */
  readonly problem: string;

  constructor(cell: Cell, why: string, details: { readonly expected: string; readonly advice?: string }) {
    const { source, line, position, column, field } = cell;
    const problem = `${source}, line ${line}, column ${position} (“${column}”): “${field}” ${why}`;
    super('parseCsv', problem, details);
    this.cell = cell;
    this.problem = problem;
  }
}
