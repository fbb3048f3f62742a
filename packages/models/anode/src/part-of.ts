/** Parameters of parts that not every model has. */
import { OptionError } from '@node-ode/core';

/** @throws OptionError if the part is missing: the parameters are those of a model with other options. */
export function partOf<T>(operation: string, part: string, params: T | undefined): T {
  if (params !== undefined) return params;
  throw new OptionError(operation, `parameters without ${part}`, { expected: 'parameters as init() gives them' });
}
