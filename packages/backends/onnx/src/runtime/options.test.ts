import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { checkOptions, checkRuntime, type OnnxOptions } from './options.ts';
import type { OrtModule } from './ort.ts';

/** As a user without types would call it. */
const check = (options: unknown): unknown => checkOptions(options as OnnxOptions);

describe('options', () => {
  it('have defaults', () => {
    const defaults = {
      provider: 'cpu',
      providerOptions: {},
      threads: 1,
      optimization: 'all',
      cacheFolder: undefined,
      loops: 'graph',
      logLevel: 'fatal',
      profile: undefined,
    };
    expect(checkOptions({})).toEqual(defaults);
    expect(check({ threads: undefined, provider: undefined, providerOptions: { memoryArena: undefined } })).toEqual(
      defaults,
    );
    expect(checkOptions({ provider: 'cuda' }).loops).toBe('graph');
    expect(checkOptions({ provider: 'webgpu' }).loops).toBe('host');
    expect(checkOptions({ provider: 'webgpu', loops: 'graph' }).loops).toBe('graph');
  });

  it('are kept as they are given', () => {
    expect(
      checkOptions({
        provider: 'webgpu',
        providerOptions: { validationMode: 'disabled' },
        threads: 0,
        optimization: 'basic',
        cacheFolder: '/tmp/x',
        logLevel: 'verbose',
        profile: 'p',
        runtime: ort,
      }),
    ).toEqual({
      provider: 'webgpu',
      providerOptions: { validationMode: 'disabled' },
      threads: 0,
      optimization: 'basic',
      cacheFolder: '/tmp/x',
      loops: 'host',
      logLevel: 'verbose',
      profile: 'p',
    });
  });

  it.each([
    [null, 'the options are null; expected an object'],
    ['cpu', "the options are 'cpu'; expected an object"],
    [{ provider: 'gpu' }, "provider = 'gpu'; expected one of 'cpu', 'cuda', 'webgpu'"],
    [{ thread: 1 }, "there is no option 'thread'; expected provider, providerOptions, runtime, threads"],
    [{ toString: 1 }, "there is no option 'toString'"],
    [{ threads: -1 }, 'threads = -1; expected an integer from 0 to 1024'],
    [{ threads: 1.5 }, 'threads = 1.5'],
    [{ threads: NaN }, 'threads = NaN'],
    [{ threads: '2' }, "threads = '2'"],
    [{ optimization: 'most' }, "optimization = 'most'; expected one of 'disabled', 'basic', 'extended', 'all'"],
    [{ loops: true }, "loops = true; expected one of 'graph', 'host'"],
    [{ logLevel: 3 }, 'logLevel = 3'],
    [{ cacheFolder: '' }, "cacheFolder = ''; expected the path of a folder"],
    [{ cacheFolder: 'a\0b' }, 'cacheFolder ='],
    [{ profile: {} }, 'profile = an object; expected the beginning of a file name'],
    [{ runtime: {} }, "runtime = an object; expected ONNX Runtime's module"],
    [{ runtime: Promise.resolve(ort) }, 'runtime = an object'],
    [{ providerOptions: 3 }, 'providerOptions = 3; expected an object'],
    [
      { providerOptions: { deviceId: 0 } },
      "there is no option 'providerOptions.deviceId' of provider 'cpu'; expected memoryArena",
    ],
    [
      { provider: 'cuda', providerOptions: { deviceId: -1 } },
      'providerOptions.deviceId = -1; expected an integer from 0',
    ],
    [
      { provider: 'webgpu', providerOptions: { preferredLayout: 'CHWN' } },
      "providerOptions.preferredLayout = 'CHWN'; expected one of 'NCHW', 'NHWC'",
    ],
  ])('refuse %j', (options, message) => {
    expect(() => check(options)).toThrow(
      expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(message) }),
    );
  });
});

describe('options of onnxruntime-web', () => {
  const web: OrtModule = { ...ort, env: { versions: { common: '1.30.0', web: '1.30.0' }, wasm: {} } };

  it('have no cuda, no files', () => {
    const of = (options: OnnxOptions) => () => checkRuntime(checkOptions(options), web);
    expect(of({})).not.toThrow();
    expect(of({ provider: 'webgpu' })).not.toThrow();
    expect(of({ provider: 'cuda' })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringContaining("onnxruntime-web has no provider 'cuda'"),
      }),
    );
    for (const [name, options] of Object.entries({ cacheFolder: { cacheFolder: 'c' }, profile: { profile: 'p' } })) {
      expect(of(options)).toThrow(
        expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(`${name} = `) }),
      );
    }
  });

  it('are no matter to onnxruntime-node', () => {
    for (const provider of ['cpu', 'cuda', 'webgpu'] as const) {
      expect(() => checkRuntime(checkOptions({ provider, cacheFolder: 'c', profile: 'p' }), ort)).not.toThrow();
    }
  });
});
