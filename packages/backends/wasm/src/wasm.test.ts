import { array } from '@node-ode/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { wasm } from './index.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('wasm', () => {
  it('makes engines of their own', async () => {
    const [a, b] = [await wasm(), await wasm({ maximumBytes: 2 ** 20 })];
    const x = await a.upload(array([1, 2, 3]));
    expect([a.memory.liveBytes, b.memory.liveBytes]).toEqual([16, 0]);
    expect(await x.read()).toEqual(array([1, 2, 3]));
    await expect(b.download(x)).rejects.toThrow('the array belongs to another wasm backend');
  });

  it('bounds its memory', async () => {
    const small = await wasm({ maximumBytes: 2 ** 20 + 1 });
    await expect(small.upload(array(new Float32Array(2 ** 18)))).rejects.toThrow('in use');
    await expect(small.upload(array(new Float32Array(2 ** 18 - 32)))).resolves.toBeDefined();
    await expect(wasm({ maximumBytes: 2 ** 32 })).resolves.toBeDefined();
  });

  it.each([0, -1, 65535, 1e6 + 0.5, 2 ** 32 + 1, NaN, Infinity, '1e6' as unknown as number])(
    'refuses a bound of %s',
    async (maximumBytes) => {
      await expect(wasm({ maximumBytes })).rejects.toMatchObject({
        code: 'OPTION',
        message: `wasm: maximumBytes = ${maximumBytes}; expected an integer from 65536 (one page) to 4294967296 (4 GiB).`,
      });
    },
  );

  it('says what the host is missing', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(wasm()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message:
        "wasm: this host's WebAssembly has no SIMD instructions. Use Node 20 or a browser from 2023 on, or another engine: reference() runs everywhere.",
    });
    vi.stubGlobal('WebAssembly', undefined);
    await expect(wasm()).rejects.toThrow('wasm: this host has no WebAssembly.');
  });

  it('asks for SIMD with a module that is valid and has a vector instruction', async () => {
    const validate = vi.spyOn(WebAssembly, 'validate');
    await wasm();
    const [bytes] = validate.mock.calls[0] as [Uint8Array<ArrayBuffer>];
    expect(validate.mock.results[0]?.value).toBe(true);
    // 0xfd is the prefix of vector instructions.
    expect(bytes).toContain(0xfd);
  });
});
