// What a device reports after the first run of a segment: an error of the next result, and nothing left behind.
import * as tf from '@tensorflow/tfjs-core';
import { array, compile, type Tensor } from '@node-ode/core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { tfDevice } from './device.ts';
import { faultsOf, type Faults } from './faults.ts';
import { findRuntime } from './find-backend.ts';
import { segmentBackend } from '../../test/segment-backend.ts';

type Listener = (event: { readonly error: { readonly message: string } }) => void;

/** A device that reports what the test has it report. */
function fakeDevice() {
  const listeners: Listener[] = [];
  let lose: (info: { readonly reason: string; readonly message: string }) => void = () => undefined;
  const lost = new Promise<{ readonly reason: string; readonly message: string }>((resolve) => {
    lose = resolve;
  });
  const device = { lost, addEventListener: (_: string, listener: Listener) => void listeners.push(listener) };
  return {
    device,
    listeners,
    lose,
    report: (message: string) => {
      for (const listener of listeners) listener({ error: { message } });
    },
  };
}

const faultsOn = (device: object): Faults => {
  const faults = faultsOf({ device });
  if (faults === undefined) throw new Error('a device that reports');
  return faults;
};

describe("a device's faults", () => {
  it('are told once, by the first line of the first', () => {
    const { device, report } = fakeDevice();
    const faults = faultsOn(device);
    faults.demandNone();
    report('out of memory.\n  and a shader');
    report('another');
    expect(() => {
      faults.demandNone();
    }).toThrow(/WebGPU's device reported an error since the last result was read: out of memory\./);
    faults.demandNone();
  });

  it('are told for ever if it is lost', async () => {
    const { device, lose } = fakeDevice();
    const faults = faultsOn(device);
    lose({ reason: 'destroyed', message: 'device was destroyed' });
    await device.lost;
    for (let i = 0; i < 2; i++) {
      expect(() => {
        faults.demandNone();
      }).toThrow("WebGPU's device is lost (destroyed: device was destroyed)");
    }
  });

  it('are listened to once for each device, and not where there is none', () => {
    const { device, listeners } = fakeDevice();
    expect(faultsOf({ device })).toBe(faultsOf({ device }));
    expect(listeners).toHaveLength(1);
    expect(faultsOf({})).toBeUndefined();
    expect(faultsOf({ device: null })).toBeUndefined();
  });

  it('make reading and running reject, and leave no tensor behind', async () => {
    const { device, report } = fakeDevice();
    const runtime = await findRuntime(tf, 'cpu');
    const before = runtime.backend.numDataIds();
    const backend = segmentBackend(tfDevice({ ...runtime, fetchesWait: true, faults: faultsOn(device) }));
    const double = compile(backend, (given: Tensor) => given.add(given));
    const x = await backend.upload(array([1, 2]));
    const y = await double(x);
    report('a late error');
    await expect(y.read()).rejects.toMatchObject({
      code: 'EXECUTION',
      message: expect.stringContaining('a late error') as string,
    });
    expect(Array.from((await y.read()).data)).toEqual([2, 4]);
    report('another');
    await expect(double(x)).rejects.toThrow('another');
    for (const one of [x, y]) one.dispose();
    double.dispose();
    expect(runtime.backend.numDataIds()).toBe(before);
  });
});
