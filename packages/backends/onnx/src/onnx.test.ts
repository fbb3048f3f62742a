import { array, tensorType, value, type Graph } from '@node-ode/core';
import * as ort from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { onnx } from './onnx.ts';
import type { OnnxOptions } from './runtime/options.ts';

/** −x. */
const negate = ((): Graph => {
  const [x, y] = [value(tensorType([2], 'f32')), value(tensorType([2], 'f32'))];
  return { name: 'negate', inputs: [x], nodes: [{ op: 'neg', inputs: [x], params: {}, outputs: [y] }], outputs: [y] };
})();

const negated = async (options?: OnnxOptions): Promise<readonly number[]> => {
  const backend = await onnx(options);
  const executable = await backend.compile(negate);
  const [y] = await executable.run([await backend.upload(array([1, -2]))]);
  const { data } = await y!.read();
  await backend.dispose();
  return [...data];
};

describe('onnx', () => {
  it('makes engines of their own', async () => {
    const [a, b] = await Promise.all([onnx(), onnx({ provider: 'cpu', threads: 2 })]);
    const x = await a.upload(array([1, 2, 3]));
    await expect(b.download(x)).rejects.toThrow('the array belongs to another onnx-cpu backend');
    await a.dispose();
    expect(await (await b.upload(array([4]))).read()).toEqual(array([4]));
    await b.dispose();
  });

  it.each([
    {},
    { threads: 0 },
    { optimization: 'disabled' },
    { loops: 'host' },
    { providerOptions: { memoryArena: false } },
    { runtime: ort, logLevel: 'error' },
  ] as const satisfies readonly OnnxOptions[])('computes with %j', async (options) => {
    expect(await negated(options)).toEqual([-1, 2]);
  });

  it('computes with onnxruntime-web', async () => {
    expect(await negated({ runtime: web, threads: 1 })).toEqual([-1, 2]);
    expect(web.env.wasm.numThreads).toBe(1);
    const { name, runtime, dispose } = await onnx({ runtime: web });
    expect([name, runtime]).toEqual(['onnx-cpu', expect.stringMatching(/^onnxruntime-web 1\./)]);
    await dispose();
    await expect(onnx({ runtime: web, threads: 0 })).rejects.toMatchObject({
      code: 'OPTION',
      message: 'onnx: threads = 0 with onnxruntime-web; expected a positive integer.',
    });
    await expect(onnx({ runtime: web, provider: 'cuda' })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(onnx({ runtime: web, cacheFolder: 'x' })).rejects.toMatchObject({ code: 'OPTION' });
  });

  it('refuses wrong options before it loads anything', async () => {
    const create = vi.fn(() => Promise.reject(new Error('loaded')));
    const runtime = { ...ort, InferenceSession: { create } };
    await expect(onnx({ runtime, threads: -1 })).rejects.toMatchObject({ code: 'OPTION' });
    expect(create).not.toHaveBeenCalled();
    await expect(onnx({ runtime })).rejects.toThrow('could not run a model of one node (loaded)');
  });

  it('fills its cache folder', async () => {
    const cacheFolder = `${await mkdtemp(`${tmpdir()}/node-ode-onnx-`)}/models`;
    expect(await negated({ cacheFolder })).toEqual([-1, 2]);
    expect(await readdir(cacheFolder)).toHaveLength(1);
    expect(await negated({ cacheFolder })).toEqual([-1, 2]);
    expect(await readdir(cacheFolder)).toHaveLength(1);
    await rm(cacheFolder, { recursive: true });
  });
});
