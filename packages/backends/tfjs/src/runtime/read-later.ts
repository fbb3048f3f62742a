/** Elements that a device has to be waited for. */
import { ExecutionError, NodeOdeError } from '@node-ode/core';
import type { TfRuntime } from './runtime.ts';

/**
 * Reads the elements of a tensor.
 *
 * @throws ExecutionError if they can't be read, or if the device has reported an error or is lost: elements would be wrong.
 */
export async function readLater({ backend, faults, name }: TfRuntime, dataId: object): Promise<unknown> {
  try {
    const read = await backend.read(dataId);
    faults?.demandNone();
    return read;
  } catch (cause) {
    if (cause instanceof NodeOdeError) throw cause;
    faults?.demandNone();
    const message = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new ExecutionError('read', `tfjs's backend '${name}' could not read a tensor: ${message}`, { cause });
  }
}
