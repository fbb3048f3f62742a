// What is special to tfjs's WebGPU backend: limits of its kernels, what the device refuses, and what is left on the device.
import {
  allFinite,
  array,
  concat,
  conv2d,
  createOde,
  grad,
  hostArray,
  type Backend,
  type Tensor,
} from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { dopri5 } from '@node-ode/solver-dopri5';
import { beforeAll, describe, expect, it } from 'vitest';
import { tfWithWebGpu } from '../test/webgpu.ts';
import { tfjs, type TfjsBackend } from './index.ts';

type Tf = Awaited<ReturnType<typeof tfWithWebGpu>>;

let tf: Tf;
let backend: TfjsBackend;
beforeAll(async () => {
  tf = await tfWithWebGpu();
  backend = await tfjs({ tf, backend: 'webgpu' });
});

const numbers = (shape: readonly number[], seed = 0) =>
  hostArray(
    Float32Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, (_, i) => Math.sin(i * 0.7 + seed)),
    shape,
    'f32',
  );

async function on(engine: Backend, fn: (...x: Tensor[]) => Tensor, inputs: readonly ReturnType<typeof numbers>[]) {
  const compiled = createOde({ backend: engine, solver: dopri5() }).compile(fn);
  const { data } = await (await compiled(...inputs)).read();
  compiled.dispose();
  return Array.from(data);
}

/** Holds a function of arrays to the reference engine. */
async function agrees(fn: (...x: Tensor[]) => Tensor, ...shapes: readonly (readonly number[])[]): Promise<void> {
  const inputs = shapes.map((shape, i) => numbers(shape, i));
  const [found, expected] = [await on(backend, fn, inputs), await on(reference(), fn, inputs)];
  expect(found).toHaveLength(expected.length);
  found.forEach((x, i) => expect(x, `element ${i}`).toBeCloseTo(expected[i]!, 5));
}

/** How many programs tfjs's backend has compiled. */
function compiledBy(backend: object): number {
  if (!('pipelineCache' in backend) || typeof backend.pipelineCache !== 'object') throw new Error('no WebGPU');
  return Object.keys(backend.pipelineCache ?? {}).length;
}

/** The device of tfjs's backend, to ask something wrong of. */
function deviceOf(backend: object): { createShaderModule(descriptor: { readonly code: string }): unknown } {
  const isOnDevice = (x: object): x is { readonly device: ReturnType<typeof deviceOf> } => 'device' in x;
  if (!isOnDevice(backend)) throw new Error('no WebGPU');
  return backend.device;
}

/** Tensors, and bytes on the device. */
function held(): readonly number[] {
  const device = tf.findBackend('webgpu');
  const memory = device.memory();
  if (!('numBytesInGPU' in memory) || typeof memory.numBytesInGPU !== 'number') throw new Error('no WebGPU');
  return [device.numDataIds(), memory.numBytesInGPU];
}

describe('tfjs-webgpu', () => {
  it('tells its device', () => {
    expect(backend).toMatchObject({ name: 'tfjs-webgpu', runtime: 'tfjs-core 4.22.0' });
    expect(backend.device).toMatch(/^webgpu \(.+\)$/);
  });

  it('has as many axes as asked for', async () => {
    const shape = [2, 1, 2, 3, 1, 2, 2, 2];
    await agrees((x) => x.sum({ axes: [0, 3, 5] }), shape);
    await agrees((x, y) => x.mul(y).transpose([7, 6, 5, 4, 3, 2, 1, 0]), shape, [3, 1, 2, 1, 2]);
    await agrees((x) => x.max({ axes: [1, 2] }).add(x.mean({ axes: [1, 2] })), shape);
  });

  it.each([1, 3, 4, 5, 8])('convolves into %i channels, with a bias and a relu behind', async (outputs) => {
    await agrees(
      (x, kernel, bias) =>
        conv2d(x, kernel, { padding: 1 })
          .add(bias.reshape([outputs, 1, 1]))
          .maximum(0),
      [2, 3, 6, 5],
      [outputs, 3, 3, 3],
      [outputs],
    );
  });

  it.each([
    [
      [20, 50],
      [50, 30],
    ],
    [
      [70, 300],
      [300, 20],
    ],
    [
      [64, 70],
      [70, 64],
    ],
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
  ])('multiplies matrices of %o and %o, with a bias and a relu behind', async (a, b) => {
    await agrees((x, y) => x.mul(0.1).matmul(y).tanh(), a, b);
    await agrees((x, y, bias) => x.mul(0.1).matmul(y).add(bias).maximum(0), a, b, [b.at(-1)!]);
    const turned = (shape: readonly number[]): readonly number[] => [
      ...shape.slice(0, -2),
      shape.at(-1)!,
      shape.at(-2)!,
    ];
    await agrees((x, y) => x.mul(0.1).matmul(y, { transposeA: true, transposeB: true }), turned(a), turned(b));
  });

  it('reduces short lines and long ones', async () => {
    for (const shape of [
      [8, 16],
      [3, 100],
      [70, 70],
    ]) {
      await agrees(
        (x) =>
          x
            .sum({ axes: [0] })
            .add(x.sum({ axes: [1], keepDims: true }))
            .mul(0.1),
        shape,
      );
      await agrees(
        (x) =>
          x
            .mean({ axes: [1] })
            .add(x.max({ axes: [1] }))
            .sub(x.min({ axes: [1] })),
        shape,
      );
      await agrees((x) => x.mean().add(x.max()), shape);
    }
    const [one, other] = [
      [1, NaN],
      [NaN, 1],
    ].map((data) => array(data, { shape: [2] }));
    for (const x of [one!, other!]) expect(await on(backend, (y) => y.max(), [x])).toEqual([NaN]);
  });

  it.each([1, 64, 300, 5000, 200_000])('tells whether %i elements are all finite', async (count) => {
    const isFinite = (x: Tensor): Tensor => allFinite([x]).cast('f32');
    const x = numbers([count]);
    expect(await on(backend, isFinite, [x])).toEqual([1]);
    for (const [at, bad] of [
      [count - 1, NaN],
      [Math.floor(count / 2), -Infinity],
    ] as const) {
      const data = Float32Array.from(x.data);
      data[at] = bad;
      expect(await on(backend, isFinite, [hostArray(data, [count], 'f32')])).toEqual([0]);
    }
  });

  it('tells so of leaves together, more than a program reads', async () => {
    const shapes = [[3, 2], [], [5000], [0], [7], [2, 2, 2], [1], [300], [40, 40]];
    const isFinite = (...leaves: readonly Tensor[]): Tensor => allFinite(leaves).cast('f32');
    const leaves = shapes.map((shape) => numbers(shape));
    expect(await on(backend, isFinite, leaves)).toEqual([1]);
    for (const [i, { data, shape }] of leaves.entries()) {
      for (const at of new Set([0, data.length >> 1, data.length - 1].filter((place) => place in data))) {
        const spoilt = Float32Array.from(data).fill(NaN, at, at + 1);
        expect(await on(backend, isFinite, leaves.with(i, hostArray(spoilt, shape, 'f32')))).toEqual([0]);
      }
    }
  });

  it('compiles a program once for all shapes and constants', async () => {
    const pipelines = (): number => compiledBy(tf.findBackend('webgpu'));
    const run = async (rows: number, columns: number, factor: number): Promise<void> => {
      await agrees(
        (x, y, b) => {
          const z = x
            .mul(factor)
            .matmul(y)
            .add(b)
            .tanh()
            .sum({ axes: [0] });
          return concat([z.add(factor), z.gather(array([1, 0], { dtype: 'i32' }))], 0);
        },
        [rows, 3],
        [3, columns],
        [columns],
      );
    };
    await run(4, 5, 0.5);
    const before = pipelines();
    await run(7, 2, -0.25);
    await run(30, 40, 0.125);
    expect(pipelines()).toBe(before);
  });

  it('tells of what the device refuses after the first run', async () => {
    const double = createOde({ backend, solver: dopri5() }).compile((x: Tensor) => x.add(x));
    const run = async (): Promise<readonly number[]> => Array.from((await (await double(array([1, 2]))).read()).data);
    expect(await run()).toEqual([2, 4]);
    deviceOf(tf.findBackend('webgpu')).createShaderModule({ code: 'nonsense' });
    await expect(run()).rejects.toThrow(
      /WebGPU's device reported an error since the last result was read: .*nonsense|WGSL/,
    );
    expect(await run()).toEqual([2, 4]);
    double.dispose();
  });

  it('leaves nothing on the device', async () => {
    const ode = createOde({ backend, solver: dopri5(), rtol: 1e-3, atol: 1e-3 });
    const loss = (w: Tensor): Tensor =>
      ode
        .odeint((_t, y) => y.matmul(w).tanh(), array([[1, 0.5]]), [0, 0.5])
        .ys.square()
        .sum();
    const step = ode.compile((w: Tensor) => w.sub(grad(loss)(w).mul(0.01)));
    const train = async (steps: number): Promise<void> => {
      for (let i = 0; i < steps; i++) {
        const next = await step(w);
        w.dispose();
        w = next;
      }
      await w.read(); // what was freed is given back when commands are submitted
    };
    let w = await step(
      array([
        [0.1, 0.2],
        [0.3, 0.4],
      ]),
    );
    await train(3);
    const before = held();
    await train(10);
    held().forEach((amount, i) => expect(amount).toBeLessThanOrEqual(before[i]!));
    w.dispose();
    step.dispose();
  });
});
