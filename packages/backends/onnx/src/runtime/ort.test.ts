import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { describeRuntime, importRuntime, isNative, isOrtModule } from './ort.ts';

describe('the runtime', () => {
  it('is onnxruntime-node, unless another is handed in', async () => {
    const runtime = await importRuntime();
    expect(isNative(runtime)).toBe(true);
    expect(describeRuntime(runtime)).toMatch(/^onnxruntime-node 1\.\d+\.\d+$/);
  });

  it('may come as the default of a module', async () => {
    expect(await importRuntime(() => Promise.resolve({ default: ort }))).toBe(ort);
  });

  it('says what to install where it is missing', async () => {
    const missing = importRuntime(() => Promise.reject(notFound));
    await expect(missing).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      cause: notFound,
      message:
        "onnx: the package 'onnxruntime-node' is not installed; expected onnxruntime-node >=1.30.0 <2. Install it with: npm install onnxruntime-node@1 (see \"CPU\" in the README of @node-ode/backend-onnx). In a browser: onnx({ runtime: await import('onnxruntime-web') }).",
    });
  });

  it('says why it could not be loaded', async () => {
    const broken = importRuntime(() =>
      Promise.reject(new Error('libonnxruntime.so.1: cannot open shared object file')),
    );
    await expect(broken).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining("'onnxruntime-node' could not be loaded (libonnxruntime.so.1: cannot open"),
    });
  });

  it('has to be one', async () => {
    await expect(importRuntime(() => Promise.resolve({ default: {} }))).rejects.toThrow('has no InferenceSession');
    expect([null, 1, {}, { InferenceSession: {}, Tensor: {} }].some(isOrtModule)).toBe(false);
    expect(describeRuntime({ ...ort, env: { versions: { common: '1', web: '1.30.1' }, wasm: {} } })).toBe(
      'onnxruntime-web 1.30.1',
    );
  });
});

const notFound = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from /app/index.js"), {
  code: 'ERR_MODULE_NOT_FOUND',
});
