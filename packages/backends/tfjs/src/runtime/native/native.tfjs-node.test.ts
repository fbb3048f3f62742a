// TensorFlow's library as it is: what it tells of itself, that nothing of a run stays in it, and what it computes.
import { array, compile, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { skipWithoutTfjsNode, tfjsNode } from '../../../test/tfjs-node.ts';
import { tfjs } from '../../index.ts';
import { nativeDevice } from './device.ts';
import { withoutTensors, isNativeBackend, type NativeBackend } from './native-backend.ts';
import { roundsToTf32 } from './tf32.ts';
import type { TfModule } from '../tf-module.ts';

skipWithoutTfjsNode();

/** Members of tfjs-node that only these tests use. */
interface Whole extends TfModule {
  memory(): { readonly numTensors: number; readonly numDataBuffers: number };
  setBackend(name: string): Promise<boolean>;
}
interface Counting {
  readonly binding: { getNumOfTensors(): number };
}

const whole = async (): Promise<Whole> => (await tfjsNode()) as Whole;

function nativeOf(tf: TfModule): NativeBackend & Counting {
  const backend = tf.findBackend('tensorflow');
  if (backend === null || !isNativeBackend(backend)) throw new Error('tfjs-node registered no backend');
  return backend as NativeBackend & Counting;
}

describe('the device', () => {
  it('is told with the version of the library', async () => {
    const tf = await whole();
    expect(await nativeDevice(tf, nativeOf(tf))).toEqual({
      package: '@tensorflow/tfjs-node',
      libtensorflow: '2.9.1',
      device: 'cpu',
      description: 'libtensorflow 2.9.1 on the CPU',
    });
    const { name, device } = await tfjs({ tf });
    expect([name, device]).toEqual(['tfjs-node', 'tensorflow (libtensorflow 2.9.1 on the CPU)']);
  });

  it('does not round products to TF32; one that does is found out', async () => {
    const tf = await whole();
    const backend = nativeOf(tf);
    expect(await roundsToTf32(tf, backend)).toBe(false);
    const rounding: NativeBackend = Object.create(backend, {
      write: {
        value: (values: Float32Array, shape: number[], dtype: string) =>
          backend.write(
            values.map((x) => Math.round(x * 1024) / 1024),
            shape,
            dtype,
          ),
      },
    }) as NativeBackend;
    expect(await roundsToTf32(tf, rounding)).toBe(true);
  });
});

describe('tensors', () => {
  it('are plain handles, which tfjs does not count', async () => {
    const tf = await whole();
    const backend = nativeOf(tf);
    const quiet = withoutTensors(backend);
    const before = tf.memory().numTensors;
    const x = { dataId: quiet.write(Float32Array.of(1, 4), [2], 'float32'), shape: [2], dtype: 'float32' };
    const kernel = tf.getKernel('Sqrt', 'tensorflow');
    const y = kernel?.kernelFunc({ inputs: { x }, attrs: {}, backend: quiet });
    if (y === undefined || Array.isArray(y)) throw new Error('one result');
    expect(Object.keys(y).sort()).toEqual(['dataId', 'dtype', 'shape']);
    expect(quiet.readSync(y.dataId)).toEqual(Float32Array.of(1, 2));
    expect(tf.memory().numTensors).toBe(before);
    for (const { dataId } of [x, y]) quiet.disposeData(dataId);
  });

  it('of a run are gone after it, in tfjs and in the library', async () => {
    const tf = await whole();
    const { binding } = nativeOf(tf);
    const engine = await tfjs({ tf });
    const step = compile(engine, (x: Tensor) =>
      x
        .matmul(x)
        .tanh()
        .add(x.sum({ axes: 0 }))
        .pow(1.5)
        .sum(),
    );
    const once = async (): Promise<void> => {
      const y = await step(
        array([
          [1, 2],
          [3, 4],
        ]),
      );
      await y.read();
      y.dispose();
    };
    await once();
    const [memory, tensors] = [tf.memory(), binding.getNumOfTensors()];
    for (let i = 0; i < 100; i++) await once();
    expect(tf.memory()).toEqual(memory);
    expect(binding.getNumOfTensors()).toBe(tensors);
  });

  it("are found by kernels while tfjs's current backend is another", async () => {
    const tf = await whole();
    const engine = await tfjs({ tf, backend: 'tensorflow' });
    const step = compile(engine, (x: Tensor) => x.sum({ axes: 1 }).reshape([1, 2]));
    await tf.setBackend('cpu');
    try {
      const y = await step(
        array([
          [1, 2],
          [3, 4],
        ]),
      );
      expect((await y.read()).data).toEqual(Float32Array.of(3, 7));
    } finally {
      await tf.setBackend('tensorflow');
    }
  });
});

describe('integers', () => {
  it('divide by -1, the smallest one too, without ending the process', async () => {
    const engine = await tfjs({ tf: await whole() });
    const divide = compile(engine, (x: Tensor, y: Tensor) => [x.div(y), x.rem(y)]);
    const type = { dtype: 'i32' } as const;
    const [quotient, rest] = await divide(array([-(2 ** 31), 7, -7], type), array([-1, -1, 2], type));
    expect((await quotient!.read()).data).toEqual(Int32Array.of(-(2 ** 31), -7, -3));
    expect((await rest!.read()).data).toEqual(Int32Array.of(0, 0, -1));
  });

  it('divided by zero are an error', async () => {
    const engine = await tfjs({ tf: await whole() });
    const divide = compile(engine, (x: Tensor, y: Tensor) => x.div(y));
    const type = { dtype: 'i32' } as const;
    await expect(divide(array([7, 8], type), array([0, 1], type))).rejects.toThrow(/div: .*Integer division by zero/s);
  });
});
