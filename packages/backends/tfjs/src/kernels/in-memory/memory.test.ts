/** Elements in this process's memory. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import {
  array,
  compile,
  constant,
  conv2d,
  grad,
  linearCombination,
  whileLoop,
  type HostArray,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it, vi } from 'vitest';
import { tfjs } from '../../index.ts';
import type { TfKernelBackend, TfModule, TfTensorInfo } from '../../runtime/tf-module.ts';
import { write } from '../../runtime/value.ts';
import { overwrite } from './memory.ts';

// `cpu` keeps the elements of a bool or an integer tensor that is called float.
it.each(['cpu', 'wasm'])('stage sums of what was cast are those of floats, on %s', async (backend) => {
  const engine = await tfjs({ tf, backend });
  const sum = compile(engine, (flags: Tensor, counts: Tensor) =>
    linearCombination([2, 0.5], [flags.cast('f32'), counts.cast('f32')]),
  );
  const found = await sum(array([true, false, true], { dtype: 'bool' }), array([3, -5, 7], { dtype: 'i32' }));
  expect(Array.from((await found.read()).data)).toEqual([3.5, -2.5, 5.5]);
  await engine.dispose();
});

describe.each(['cpu', 'wasm'])('an index out of range on %s', (backend) => {
  const rows = array([
    [1, 2],
    [3, 4],
  ]);
  it.each<[string, (x: Tensor, index: Tensor) => Tensor]>([
    ['setRow', (x, index) => x.mul(2).setRow(index, x.at(0))],
    ['gather', (x, index) => x.mul(2).gather(index)],
    ['the gradient of gather', (x, index) => grad((y: Tensor) => y.square().gather(index).sum())(x)],
  ])('leaves no tensor behind: %s', async (_, program) => {
    const engine = await tfjs({ tf, backend });
    const compiled = compile(engine, program);
    const index = (at: number): HostArray => array([at], { dtype: 'i32' });
    (await compiled(rows, index(1))).dispose();
    const held = tf.findBackend(backend).numDataIds();
    for (const at of [2, -1]) await expect(compiled(rows, index(at))).rejects.toThrow('index');
    expect(tf.findBackend(backend).numDataIds()).toBe(held);
    await engine.dispose();
  });
});

it.each(['cpu', 'wasm'])('rows of every dtype are replaced on %s', async (backend) => {
  const engine = await tfjs({ tf, backend });
  const replace = compile(engine, (x: Tensor, index: Tensor, row: Tensor) => x.setRow(index, row));
  const [before, rows] = [
    [1, 0, 1, 1, 0, 0],
    [0, 1, 1, 0],
  ];
  for (const dtype of ['f32', 'i32', 'bool'] as const) {
    const [x, y] = [array(before!, { dtype, shape: [3, 2] }), array(rows!, { dtype, shape: [2, 2] })];
    const replaced = await replace(x, array([2, 0], { dtype: 'i32' }), y);
    expect(Array.from((await replaced.read()).data)).toEqual([1, 0, 1, 1, 0, 1]);
  }
  await engine.dispose();
});

describe('writing over elements', () => {
  const modules: TfModule = tf;
  async function backendOf(name: string): Promise<TfKernelBackend> {
    await tf.setBackend(name);
    await tf.ready();
    return modules.findBackend(name)!;
  }
  const elements = (backend: TfKernelBackend, { dataId }: TfTensorInfo): unknown => backend.readSync(dataId);
  const [before, after]: HostArray[] = [array([1, 2]), array([3, -4])];

  it('puts them in their place in the heap of wasm', async () => {
    const backend = await backendOf('wasm');
    const held = backend.numDataIds();
    const info = write(backend, 'test', before!);
    expect(overwrite(backend, info, after!)).toBe(true);
    expect(elements(backend, info)).toEqual(Float32Array.of(3, -4));
    expect(backend.numDataIds()).toBe(held + 1);
    backend.disposeData(info.dataId);
  });

  it('leaves alone what another tensor shares', async () => {
    const backend = await backendOf('wasm');
    const info = write(backend, 'test', before!);
    backend.incRef(info.dataId);
    expect(overwrite(backend, info, after!)).toBe(false);
    expect(elements(backend, info)).toEqual(Float32Array.of(1, 2));
    backend.disposeData(info.dataId);
    expect(overwrite(backend, info, after!)).toBe(true);
    backend.disposeData(info.dataId);
  });

  it('is for numbers in a heap alone', async () => {
    const wasm = await backendOf('wasm');
    const flags = write(wasm, 'test', array([true, false], { dtype: 'bool' }));
    expect(overwrite(wasm, flags, array([false, true], { dtype: 'bool' }))).toBe(false);
    wasm.disposeData(flags.dataId);
    const cpu = await backendOf('cpu');
    const info = write(cpu, 'test', before!);
    expect(overwrite(cpu, info, after!)).toBe(false);
    cpu.disposeData(info.dataId);
  });

  it.each<[string, (x: Tensor, number: Tensor) => Tensor]>([
    ['a factor of products', (x, number) => x.matmul(number.reshape([1, 1]))],
    [
      'the filter of convolutions',
      (x, number) => conv2d(x.reshape([1, 1, 2, 1]), number.reshape([1, 1, 1, 1])).reshape([2, 1]),
    ],
  ])('leaves alone what XNNPACK has packed: %s', async (_, times) => {
    const engine = await tfjs({ tf, backend: 'wasm' });
    const factorial = compile(engine, (x: Tensor) => {
      const { carry } = whileLoop(
        { i: constant(1, [], 'i32'), x },
        (c) => c.i.lessEqual(5),
        (c) => ({ carry: { i: c.i.add(1), x: times(c.x, c.i.cast('f32')) } }),
      );
      return carry.x;
    });
    expect(Array.from((await (await factorial(array([[1], [2]]))).read()).data)).toEqual([120, 240]);
    await engine.dispose();
  });

  it('spares a loop the uploads of its numbers', async () => {
    const engine = await tfjs({ tf, backend: 'wasm' });
    const powers = compile(engine, (x: Tensor) => {
      const { carry } = whileLoop(
        { i: constant(0, [], 'i32'), x },
        (c) => c.i.less(9),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.add(c.i.cast('f32')) } }),
      );
      return carry.x;
    });
    const x = await engine.upload(array([1, 2, 3]));
    const writing = vi.spyOn(modules.findBackend('wasm')!, 'write');
    for (let run = 0; run < 2; run++) {
      const found = await powers(x);
      expect(Array.from((await found.read()).data)).toEqual([37, 38, 39]);
      found.dispose();
    }
    // Kernels ask for memory by the same method, without elements.
    const uploads = writing.mock.calls.filter(([values]) => values !== null).length;
    writing.mockRestore();
    expect(uploads).toBe(1);
    await engine.dispose();
  });
});
