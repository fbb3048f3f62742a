/** A value that is missing where there has to be one. */
import { OptionError } from '@node-ode/core';

/** A row of a table without a value that is used; `missing` was not set to leave it out. */
export class MissingValueError extends OptionError {
  readonly source: string;
  /** Counted from 1, without the header. */
  readonly row: number;
  readonly column: string;
  /** What `missing` can be for the column. */
  readonly choices: readonly string[];

  constructor(
    operation: string,
    { source, row, column, choices }: Pick<MissingValueError, 'source' | 'row' | 'column' | 'choices'>,
  ) {
    super(operation, `row ${row} of ${source} has no value of “${column}”`, {
      expected: 'values in all columns that are used',
      advice: `Say what to do with missing values: missing: ${choices.map((one) => `'${one}'`).join(' or ')}.`,
    });
    this.source = source;
    this.row = row;
    this.column = column;
    this.choices = choices;
  }
}
