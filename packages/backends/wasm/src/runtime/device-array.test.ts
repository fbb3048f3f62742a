import { array, hostArray, type DeviceArray, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '@node-ode/tools/collect-garbage';
import { blockArrays, type BlockArrays } from './device-array.ts';
import { Heap, pageBytes } from './heap.ts';

const make = (): { heap: Heap; arrays: BlockArrays } => {
  const heap = new Heap(2 ** 26);
  return { heap, arrays: blockArrays('wasm', heap) };
};

const samples: readonly HostArray[] = [
  array([0, -0, 1.5, -1e-45, 3.4e38, NaN, Infinity, -Infinity], { dtype: 'f32', shape: [2, 4] }),
  array([0, -0, 0.1, 5e-324, -1.7e308, NaN, Infinity, -Infinity], { dtype: 'f64', shape: [4, 2] }),
  array([0, 1, -1, 2147483647, -2147483648], { dtype: 'i32' }),
  array([true, false, false, true, true]),
  array(7, { dtype: 'f64' }),
  array([], { dtype: 'f32', shape: [3, 0] }),
  array([], { dtype: 'bool', shape: [0] }),
];

describe('device arrays', () => {
  it.each(samples.map((sample) => ({ sample, name: `${sample.dtype}[${sample.shape.join()}]` })))(
    'give back what they were given: $name',
    async ({ sample }) => {
      const { heap, arrays } = make();
      arrays.upload(array([1, 2, 3])); // so that it is not the first
      const device = arrays.upload(sample);
      expect([device.shape, device.dtype, device.backend]).toEqual([sample.shape, sample.dtype, 'wasm']);
      expect(await device.read()).toEqual(sample);
      heap.allocate('test', 10 * pageBytes); // the memory grows, and its buffer is another
      expect(arrays.download('test', device)).toEqual(sample);
    },
  );

  it('are copies, both ways', async () => {
    const { arrays } = make();
    const source = array([1, 2]);
    const shape = [2];
    const device = arrays.upload(hostArray(source.data, shape, 'f32'));
    source.data[0] = 99;
    shape[0] = 1;
    const first = await device.read();
    expect(first).toEqual(array([1, 2]));
    first.data[1] = 99;
    expect(await device.read()).toEqual(array([1, 2]));
  });

  it('hold booleans as lane masks, whatever made them true', async () => {
    const { heap, arrays } = make();
    const device = arrays.upload(hostArray(Uint8Array.of(0, 1, 255), [3], 'bool'));
    const { address } = arrays.ownedBy('test', device);
    expect([...heap.views().i32.subarray(address / 4, address / 4 + 3)]).toEqual([0, -1, -1]);
    expect((await device.read()).data).toEqual(Uint8Array.of(0, 1, 1));
  });

  it('begin at multiples of 16, and free what they hold', () => {
    const { heap, arrays } = make();
    const devices = samples.map((sample) => arrays.upload(sample));
    expect(devices.every((device) => arrays.ownedBy('test', device).address % 16 === 0)).toBe(true);
    expect(heap.liveBytes).toBe(32 + 64 + 32 + 32 + 16);
    for (const device of devices) device.dispose();
    for (const device of devices) device.dispose();
    expect(heap.liveBytes).toBe(0);
  });

  it('are refused once they were disposed of', async () => {
    const { arrays } = make();
    const device = arrays.upload(array([1]));
    device.dispose();
    const message =
      'the array was disposed, or donated to a run; expected an array that is alive. Upload it again, or dispose of it later.';
    await expect(device.read()).rejects.toMatchObject({ code: 'EXECUTION', message: `read: ${message}` });
    expect(() => arrays.ownedBy('run', device)).toThrow(`run: ${message}`);
    expect(() => arrays.take('run', device)).toThrow('was disposed');
  });

  it('belong to the backend that made them', () => {
    const { arrays } = make();
    const other = make().arrays.upload(array([1]));
    expect(() => arrays.ownedBy('run', other)).toThrow(
      'run: the array belongs to another wasm backend; expected an array that this wasm backend made. Download it there and upload it here.',
    );
    const foreign: DeviceArray = { ...other, backend: 'onnx' };
    expect(() => arrays.download('download', foreign)).toThrow("the array belongs to backend 'onnx'");
  });

  it('give their block away', () => {
    const { heap, arrays } = make();
    const device = arrays.upload(array([1, 2]));
    const block = arrays.take('run', device);
    expect(() => arrays.ownedBy('run', device)).toThrow('donated');
    device.dispose();
    expect(heap.liveBytes).toBe(16);
    const heir = arrays.make(block, [2], 'f32');
    expect(arrays.download('test', heir)).toEqual(array([1, 2]));
    heir.dispose();
    expect(heap.liveBytes).toBe(0);
  });

  it('are freed when they are forgotten, and only those', async () => {
    const { heap, arrays } = make();
    const kept = arrays.upload(array([1, 2]));
    const { read } = arrays.upload(array([3, 4])); // a method is a use
    for (let i = 0; i < 100; i++) arrays.upload(array([i, i, i, i]));
    expect(heap.liveBytes).toBe(102 * 16);
    await collectGarbage(() => heap.liveBytes <= 32);
    expect(heap.liveBytes).toBe(32);
    expect([await kept.read(), await read()]).toEqual([array([1, 2]), array([3, 4])]);
  });

  it('are refused when their backend is gone, and may be disposed of or forgotten still', async () => {
    const { heap, arrays } = make();
    const device = arrays.upload(array([1]));
    let isForgotten = false;
    const witness = new FinalizationRegistry(() => (isForgotten = true));
    witness.register(arrays.upload(array([2])), undefined);
    heap.close();
    await expect(device.read()).rejects.toThrow('read: the wasm backend was disposed. Make another with await wasm().');
    device.dispose();
    expect(() => arrays.upload(array([1]))).toThrow('upload: the wasm backend was disposed');
    await collectGarbage(() => isForgotten);
    expect(isForgotten).toBe(true);
  });
});
