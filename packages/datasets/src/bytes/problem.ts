/** What is wrong with bytes, and where. */
import { FormatError, type ErrorDetails } from '@node-ode/core';

/** An error that names what was read and the offset, in bytes from its start. */
export const badBytes = (
  operation: string,
  source: string,
  offset: number,
  problem: string,
  details: ErrorDetails = {},
): FormatError => new FormatError(operation, `${source}, offset ${offset}: ${problem}`, details);

/** The product of extents, or Infinity where it is no exact integer: a header may claim anything. */
export function claimedSize(extents: readonly number[]): number {
  const product = extents.reduce((size, extent) => size * extent, 1);
  return Number.isSafeInteger(product) ? product : Infinity;
}
