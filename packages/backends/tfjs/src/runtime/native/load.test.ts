// Loading tfjs-node: environment and errors, by messages as Node, the loader and tfjs-node word them; the device of backends that are made up.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecutionError, OptionError, UnsupportedError } from '@node-ode/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { missingLibraries, ranOnCpu } from './cuda.ts';
import { nativeDevice, type Evidence } from './device.ts';
import { environmentOf, loadTfjsNode } from './load.ts';
import { loadFailure } from './load-errors.ts';
import { gpuNames } from './node-host.ts';
import type { NativeBackend } from './native-backend.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-native-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const name = '@tensorflow/tfjs-node';

describe('the environment', () => {
  it('of the CPU build is quiet', () => {
    expect(environmentOf({}, {})).toEqual({ TF_CPP_MIN_LOG_LEVEL: '2' });
    expect(environmentOf({ logLevel: 'info' }, {})).toEqual({ TF_CPP_MIN_LOG_LEVEL: '0' });
  });

  it('of the CUDA build lets memory grow, and keeps f32', () => {
    expect(environmentOf({ gpu: true }, {})).toEqual({
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      NVIDIA_TF32_OVERRIDE: '0',
    });
    const asked = environmentOf({ gpu: true, memoryGrowth: false, tf32: true }, {});
    expect(asked).toMatchObject({ TF_FORCE_GPU_ALLOW_GROWTH: 'false', NVIDIA_TF32_OVERRIDE: '1' });
  });

  it('that is set stays, unless another is asked for', () => {
    const env = { TF_CPP_MIN_LOG_LEVEL: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'false', NVIDIA_TF32_OVERRIDE: '1' };
    expect(environmentOf({ gpu: true }, env)).toEqual({});
    expect(environmentOf({ gpu: true, tf32: false }, env)).toEqual({ NVIDIA_TF32_OVERRIDE: '0' });
  });
});

describe('a package that is not loaded', () => {
  const dlopen = (message: string): unknown => Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });

  it.each([
    [
      'another ABI',
      dlopen(
        `The module '/app/tfjs_binding.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 108. This version of Node.js requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing`,
      ),
      /built for another Node \(ABI 108, this one has 115\)\. Run: npm rebuild/,
    ],
    [
      'no library',
      dlopen('libtensorflow.so.2: cannot open shared object file: No such file or directory'),
      /libtensorflow\.so\.2, which the addon of @tensorflow\/tfjs-node is linked with, is not found; expected it in deps\/lib/,
    ],
    [
      'no addon',
      new Error(
        'The Node.js native addon module (tfjs_binding.node) can not be found at path: /app/lib/napi-v8/tfjs_binding.node.',
      ),
      /installed without its addon: its installer downloads it, and failed\. Run: npm rebuild/,
    ],
    ['half a file', dlopen('/app/tfjs_binding.node: file too short'), /refused the addon .*\(\/app.*file too short\)/],
    [
      'an old system',
      dlopen("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/tfjs_binding.node)"),
      /want a newer system library \(GLIBCXX_3\.4\.32' not found\)/,
    ],
    [
      'a newer Node',
      new TypeError('util_1.isNullOrUndefined is not a function'),
      /Node 23 removed; expected Node 20 or 22/,
    ],
    ['anything else', new Error('out of luck\nsecond line'), /could not be loaded \(out of luck\)/],
  ])('%s', (_, cause, message) => {
    const error = loadFailure(name, cause);
    expect(error).toBeInstanceOf(ExecutionError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(error.cause).toBe(cause);
  });

  it('is told to be installed', async () => {
    const loading = loadTfjsNode({ gpu: true, from: `${folder}/none/` });
    await expect(loading).rejects.toThrow(UnsupportedError);
    await expect(loading).rejects.toThrow(
      /package @tensorflow\/tfjs-node-gpu is not installed; .*npm install @tensorflow\/tfjs-node-gpu.*npm run tfjs-node -- --gpu/,
    );
    expect(process.env['NVIDIA_TF32_OVERRIDE']).toBeUndefined();
  });

  it('is told when it was loaded with another environment', async () => {
    const target = join(folder, 'loaded', 'node_modules', '@tensorflow', 'tfjs-node-gpu');
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'index.js'), 'module.exports = { growth: process.env.TF_FORCE_GPU_ALLOW_GROWTH };');
    const from = `${folder}/loaded/`;
    for (const set of ['TF_FORCE_GPU_ALLOW_GROWTH', 'NVIDIA_TF32_OVERRIDE', 'TF_CPP_MIN_LOG_LEVEL'])
      vi.stubEnv(set, undefined);
    try {
      expect(await loadTfjsNode({ gpu: true, from })).toEqual({ growth: 'true' });
      expect(await loadTfjsNode({ gpu: true, from })).toEqual({ growth: 'true' });
      const late = loadTfjsNode({ gpu: true, memoryGrowth: false, from });
      await expect(late).rejects.toThrow(
        /loaded before, with another environment; expected TF_FORCE_GPU_ALLOW_GROWTH=false/,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('the device', () => {
  const backendOf = (isGPUPackage: boolean, isUsingGpuDevice: boolean, exact = true): NativeBackend => ({
    isGPUPackage,
    isUsingGpuDevice,
    binding: {
      TF_FLOAT: 1,
      TF_INT32: 3,
      TF_BOOL: 10,
      TF_ATTR_TYPE: 4,
      TF_ATTR_BOOL: 3,
      TF_ATTR_INT: 1,
      TF_Version: '2.9.1',
    },
    executeSingleOutput: () => ({ dataId: {}, shape: [], dtype: 'float32' }),
    write: () => ({}),
    read: () => Promise.resolve(new Float32Array(4).fill(exact ? 1 + 2 ** -12 : 1)),
    readSync: () => undefined,
    disposeData: () => true,
    incRef: () => undefined,
    numDataIds: () => 0,
    refCount: () => 0,
  });
  const tf = {
    getKernel: () => ({
      kernelName: 'BatchMatMul',
      backendName: 'tensorflow',
      kernelFunc: () => ({ dataId: {}, shape: [2, 2], dtype: 'float32' }),
    }),
  };
  const machine = (missing: readonly string[], gpus: readonly string[]): Evidence => ({
    missingLibraries: () => Promise.resolve(missing),
    gpuNames: () => Promise.resolve(gpus),
  });
  const whole = machine([], ['NVIDIA A100-SXM4-40GB']);

  it('is the GPU, by its name', async () => {
    expect(await nativeDevice(tf, backendOf(true, true), {}, whole)).toEqual({
      package: '@tensorflow/tfjs-node-gpu',
      libtensorflow: '2.9.1',
      device: 'gpu',
      description: 'libtensorflow 2.9.1 on the GPU (NVIDIA A100-SXM4-40GB)',
    });
  });

  it.each([
    [['libcuda.so.1', 'libcudart.so.11.0'], [], /no NVIDIA GPU here, or no driver for it/],
    [
      ['libcudnn.so.8'],
      ['NVIDIA T4'],
      /the loader does not find libcudnn\.so\.8; expected a GPU, with CUDA 11\.2 and cuDNN 8\.1/,
    ],
    [[], [], /the driver tells of no GPU/],
    [[], ['NVIDIA T4'], /none that it can use \(NVIDIA T4; CUDA_VISIBLE_DEVICES may hide it/],
  ])('is refused where the CUDA build computes on the CPU: %o, %o', async (missing, gpus, message) => {
    const device = nativeDevice(tf, backendOf(true, false), {}, machine(missing, gpus));
    await expect(device).rejects.toThrow(ExecutionError);
    await expect(device).rejects.toThrow(message);
  });

  it('is refused where products are rounded to TF32, unless that is allowed', async () => {
    const rounding = backendOf(true, true, false);
    await expect(nativeDevice(tf, rounding, {}, whole)).rejects.toThrow(/TF32.*NVIDIA_TF32_OVERRIDE=0/);
    expect((await nativeDevice(tf, rounding, { tf32: true }, whole)).device).toBe('gpu');
  });

  it('is none where the backend is not of tfjs-node', async () => {
    const { isGPUPackage: _, ...other } = backendOf(true, true);
    await expect(nativeDevice(tf, other)).rejects.toThrow(OptionError);
  });

  it("has CUDA's libraries where the loader finds them", () => {
    const found = new Set(['libcuda.so.1', 'libcudnn.so.8']);
    const dlopen = (_: object, library: string): void => {
      // As Node words it, for a library that is there and is no addon, and for one that is not there.
      if (found.has(library)) throw new Error(`Module did not self-register: '${library}'.`);
      throw new Error(`${library}: cannot open shared object file: No such file or directory`);
    };
    const missing = missingLibraries({ dlopen });
    expect(missing).toContain('libcublas.so.11');
    for (const name of found) expect(missing).not.toContain(name);
    expect(ranOnCpu(missing, []).message).toContain('libcudart.so.11.0, libcublas.so.11');
  });

  it('is named as the driver names it', async () => {
    await mkdir(join(folder, 'gpus', '0000:01:00.0'), { recursive: true });
    await writeFile(
      join(folder, 'gpus', '0000:01:00.0', 'information'),
      'Model: \t\t NVIDIA H100 PCIe\nIRQ:   \t\t 120\nGPU UUID: \t GPU-1\n',
    );
    expect(await gpuNames(join(folder, 'gpus'))).toEqual(['NVIDIA H100 PCIe']);
    expect(await gpuNames(join(folder, 'none'))).toEqual([]);
  });
});
