/**
 * Errors that a device reports after the call: WebGPU's. A shader or a binding that is refused gives wrong numbers, and no kernel
 * of tfjs's looks.
 */
import { ExecutionError } from '@node-ode/core';
import { firstLine } from './faults.ts';

/** Runs something, waits for the device's verdict, and rejects with it; what was made is freed then. */
export type Guard = <T>(run: () => T, free: (made: T) => void) => Promise<T>;

/** What is used of WebGPU's device. */
interface GuardedDevice {
  pushErrorScope(filter: 'validation' | 'out-of-memory'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
}

/** tfjs's WebGPU backend: it records commands, and submits some of them at a time. */
interface GuardedBackend {
  readonly device: GuardedDevice;
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const isGuarded = (backend: object): backend is GuardedBackend =>
  'endComputePassEncoder' in backend &&
  'submitQueue' in backend &&
  'device' in backend &&
  typeof backend.device === 'object' &&
  backend.device !== null &&
  'pushErrorScope' in backend.device;

/** Has everything that was recorded run: a command that is refused takes those along that are submitted with it. */
function flush(backend: GuardedBackend): void {
  if (backend.commandEncoder === null) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** The guard of a backend of tfjs whose device has error scopes. */
export function guardOf(backend: object): Guard | undefined {
  if (!isGuarded(backend)) return undefined;
  const { device } = backend;
  return async <T>(run: () => T, free: (made: T) => void): Promise<T> => {
    flush(backend);
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    // Scopes are closed before anything else may open one.
    const close = () => {
      flush(backend);
      return Promise.all([device.popErrorScope(), device.popErrorScope()]);
    };
    let made: T;
    try {
      made = run();
    } catch (error) {
      await close();
      throw error;
    }
    const error = (await close()).find((verdict) => verdict !== null);
    if (error == null) return made;
    free(made);
    throw new ExecutionError('run', `WebGPU refused what tfjs asked of it: ${firstLine(error.message)}`, {
      advice:
        'Arrays may be larger than the device allows: try smaller ones. Else please report the graph and the device.',
    });
  };
}
