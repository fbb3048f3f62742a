/** What a device reports outside of a guarded run: errors of later ones, and its loss. It is listened to, which costs runs nothing. */
import { ExecutionError } from '@node-ode/core';

/** What a device has reported. */
export interface Faults {
  /** @throws ExecutionError if the device is lost, or once for an error since the last call. */
  demandNone(): void;
}

/** What is used of WebGPU's device. */
interface ReportingDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}

const isReporting = (device: unknown): device is ReportingDevice =>
  typeof device === 'object' && device !== null && 'addEventListener' in device && 'lost' in device;

/** Devices that are listened to already: backends share them. */
const known = new WeakMap<object, Faults>();

/** What the device of a backend of tfjs reports, from now on; undefined for one that reports nothing. */
export function faultsOf(backend: object): Faults | undefined {
  if (!('device' in backend) || !isReporting(backend.device)) return undefined;
  const { device } = backend;
  const faults = known.get(device) ?? listenTo(device);
  known.set(device, faults);
  return faults;
}

function listenTo(device: ReportingDevice): Faults {
  let error: string | undefined;
  let loss: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    error ??= firstLine(event.error.message);
  });
  void device.lost.then(({ reason, message }) => {
    loss = [reason, firstLine(message)].filter((part) => part !== '').join(': ');
  });
  return {
    demandNone: () => {
      if (loss !== undefined) {
        throw new ExecutionError('run', `WebGPU's device is lost (${loss})`, {
          advice:
            'Make a new backend: tfjs compiles for a device and keeps its tensors there. Upload the arrays again.',
        });
      }
      if (error === undefined) return;
      const said = error;
      error = undefined;
      throw new ExecutionError('run', `WebGPU's device reported an error since the last result was read: ${said}`, {
        advice: 'Results since then may be wrong. Arrays may be larger than the device has memory for.',
      });
    },
  };
}

/** The first line of what a device says, which may quote whole shaders. */
export const firstLine = (message: string): string => message.trim().split('\n', 1).join('').replace(/\.$/, '');
