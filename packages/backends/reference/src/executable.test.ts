import type { DeviceArray, HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { build, F64, f64, I32, i32 } from '../test/builder.ts';
import { bufferArrays, copyToDevice } from './device-array.ts';
import { executable } from './executable.ts';
import { Memory } from './memory.ts';

const memory = new Memory(true);
const arrays = bufferArrays('reference', memory);
const upload = (a: HostArray): DeviceArray => arrays.make(copyToDevice(memory, a), a.shape, a.dtype);

describe('references', () => {
  const pick = build('pick', [f64(2), i32()], (g, x, i) => [
    g.one('gather', [g.one('reshape', [x!], { shape: [2] }), i!], { axis: 0 }),
    x!,
  ]);

  it('of inputs are what they were after a run and after a failed one', () => {
    const compiled = executable(pick, memory, arrays);
    const [x, good, bad] = [upload(F64([1, 2])), upload(I32(1)), upload(I32(2))];
    const refs = (): number[] => [x, good, bad].map((a) => arrays.ownedBy('test', a).refs);
    const [y, alias] = compiled.runSync!([x, good]);
    expect(refs()).toEqual([2, 1, 1]);
    alias!.dispose();
    y!.dispose();
    expect(refs()).toEqual([1, 1, 1]);
    expect(() => compiled.runSync!([x, bad])).toThrow('gather');
    expect(refs()).toEqual([1, 1, 1]);
  });

  it('of one array given twice are counted, its bytes once', () => {
    const add = build('add', [f64(2), f64(2)], (g, a, b) => [g.one('add', [a!, b!])]);
    const compiled = executable(add, memory, arrays);
    const x = upload(F64([1, 2]));
    const [y] = compiled.runSync!([x, x]);
    expect([...arrays.download('test', y!).data]).toEqual([2, 4]);
    expect(compiled.counters!()!.peakBytes).toBe(16 + 16);
    expect(arrays.ownedBy('test', x).refs).toBe(1);
  });

  it('of an input that is donated in one position and used in another end with the run', () => {
    const add = build('add', [f64(2), f64(2)], (g, a, b) => [g.one('add', [a!, b!])]);
    const compiled = executable(add, memory, arrays);
    const x = upload(F64([1, 2]));
    const [y] = compiled.runSync!([x, x], { donate: [1] });
    expect(() => arrays.ownedBy('test', x)).toThrow('donated');
    expect([...arrays.download('test', y!).data]).toEqual([2, 4]);
  });
});
