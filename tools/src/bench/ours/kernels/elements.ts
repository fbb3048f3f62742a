/** Numbers that a backend of tfjs gives. */
import type { TfElements } from '@node-ode/backend-tfjs';
import { ExecutionError } from '@node-ode/core';

/** What a backend read. */
export function elementsIn(read: unknown): TfElements {
  if (read instanceof Float32Array || read instanceof Int32Array || read instanceof Uint8Array) return read;
  throw new ExecutionError('bench', "what tfjs's backend read is no array of numbers");
}
