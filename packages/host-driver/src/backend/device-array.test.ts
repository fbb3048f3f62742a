import { array, disposedArray, type DeviceArray, type TensorData } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import type { DeviceValue } from '../device.ts';
import { sharedArrays, shareOf } from './device-array.ts';
import { HostResult } from './program.ts';

/** A value that knows whether it was disposed of. */
const valueOf = (): DeviceValue & { disposals: number } => {
  const value = {
    disposals: 0,
    dispose: () => {
      value.disposals++;
    },
  };
  return value;
};

const make = () => {
  let isOpen = true;
  const reads: (() => void)[] = [];
  const arrays = sharedArrays({
    name: 'test',
    demandOpen: () => {
      if (!isOpen) throw new Error('closed');
    },
    toHost: () =>
      new Promise<TensorData>((resolve) => {
        reads.push(() => {
          resolve(new Float32Array([1, 2]));
        });
      }),
  });
  return { arrays, reads, close: () => (isOpen = false) };
};

describe('shares', () => {
  it('dispose of a value with the last of them, once', () => {
    const value = valueOf();
    const first = shareOf(value);
    const second = first.share();
    const third = second.share();
    first.release();
    first.release();
    third.release();
    expect(value.disposals).toBe(0);
    second.release();
    second.release();
    expect(value.disposals).toBe(1);
  });
});

describe('shares in what the host has', () => {
  it('bring it to the device when it is wanted there, once', () => {
    const value = valueOf();
    let uploads = 0;
    const elements = new Float32Array([1, 2]);
    const first = shareOf(new HostResult(elements, () => (uploads++, value)));
    const second = first.share();
    expect([first.elements, second.elements, uploads]).toEqual([elements, elements, 0]);
    expect([first.value, second.value, uploads]).toEqual([value, value, 1]);
    first.release();
    expect(value.disposals).toBe(0);
    second.release();
    expect(value.disposals).toBe(1);
  });

  it('are read without the device, as copies', async () => {
    const { arrays } = make();
    const elements = new Float32Array([3, 4]);
    const share = shareOf(new HostResult(elements, valueOf));
    const x = arrays.make(share, [2], 'f32');
    const { data } = await x.read();
    expect(data).toEqual(elements);
    expect(data).not.toBe(elements);
    x.dispose();
    share.release();
  });
});

describe('device arrays', () => {
  it('own a share', () => {
    const { arrays } = make();
    const value = valueOf();
    const share = shareOf(value);
    const [a, b] = [arrays.make(share, [2], 'f32'), arrays.make(share.share(), [2], 'f32')];
    expect([a.shape, a.dtype, a.backend]).toEqual([[2], 'f32', 'test']);
    const reading = arrays.ownedBy('run', a).share();
    expect(reading.value).toBe(value);
    a.dispose();
    a.dispose();
    b.dispose();
    expect(value.disposals).toBe(0);
    reading.release();
    expect(value.disposals).toBe(1);
    expect(() => arrays.ownedBy('run', a)).toThrow(disposedArray('run').message);
  });

  it('are kept while they are read', async () => {
    const { arrays, reads } = make();
    const value = valueOf();
    const a = arrays.make(shareOf(value), [2], 'f32');
    const reading = a.read();
    a.dispose();
    expect(value.disposals).toBe(0);
    reads.forEach((finish) => finish());
    expect(await reading).toEqual(array([1, 2]));
    expect(value.disposals).toBe(1);
    await expect(a.read()).rejects.toThrow(disposedArray('read').message);
  });

  it('are recognised', async () => {
    const { arrays, close } = make();
    const a = arrays.make(shareOf(valueOf()), [2], 'f32');
    expect(() => arrays.ownedBy('run', { ...a })).toThrow('the array belongs to another test backend');
    expect(() => arrays.download('download', { ...a, backend: 'wasm' })).toThrow("belongs to backend 'wasm'");
    close();
    await expect(a.read()).rejects.toThrow('closed');
    expect(() => {
      a.dispose();
    }).not.toThrow();
  });

  it('are freed when they are forgotten', async () => {
    const { arrays } = make();
    const value = valueOf();
    (() => {
      const forgotten: DeviceArray = arrays.make(shareOf(value), [2], 'f32');
      expect(forgotten.shape).toEqual([2]);
    })();
    await collectGarbage(() => value.disposals > 0);
    expect(value.disposals).toBe(1);
  });
});
