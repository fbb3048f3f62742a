/**
 * Messages as ONNX Runtime words them, and what becomes of them. Those of CUDA are from onnxruntime-node 1.30 with the real provider
 * library: without CUDA's libraries, without libcuda, and with drivers that find no GPU.
 */
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { Provider } from '../lower/contract.ts';
import { onnx } from '../onnx.ts';
import { checkOptions } from './options.ts';
import type { OrtModule, OrtSession } from './ort.ts';
import { probe } from './probe.ts';
import { loaderMessageIn, type Evidence } from './provider-errors.ts';

/** A runtime whose sessions all fail so. */
const failing = (message: string, web = false): OrtModule => ({
  ...ort,
  ...(web ? { env: { versions: { common: '1.30.0', web: '1.30.0' }, wasm: {} } } : {}),
  InferenceSession: { create: () => Promise.reject(new Error(message)) },
});

const nothing: Evidence = {
  cudaLibrary: () => Promise.resolve(undefined),
  loaderMessage: () => Promise.resolve(undefined),
  nvidiaDriver: () => Promise.resolve(false),
};

const refusal = (provider: Provider, runtime: OrtModule, evidence: Partial<Evidence> = {}): Promise<unknown> =>
  probe(runtime, checkOptions({ provider }), { ...nothing, ...evidence }).then(
    () => 'no error',
    (error: unknown) => error,
  );

const notLoaded = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';
const cudaCall = (code: number, text: string): string =>
  `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*) [with ERRTYPE = cudaError; bool THRW = true] CUDA failure ${code}: ${text} ; GPU=-1 ; hostname=box ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(info_.device_id);`;
const loader = (said: string): string =>
  `\u001b[1;31m2026-11-21 17:30:16.06 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so with error: ${said}\n\u001b[m`;

const noLibrary = "onnxruntime-node's CUDA provider, libonnxruntime_providers_cuda.so, is not installed";
const wrongVersion = 'the libraries of CUDA or cuDNN are missing or of another version';
const noGpu = 'there is no NVIDIA GPU here, or no driver for it';

describe('cuda', () => {
  it('finds what the loader said in what ONNX Runtime logged', () => {
    const said = 'libcublasLt.so.13: cannot open shared object file: No such file or directory';
    expect(loaderMessageIn(loader(said))).toBe(said);
    expect(loaderMessageIn('something else')).toBeUndefined();
  });

  it.each([
    ['the file is not in the package', notLoaded, { cudaLibrary: false }, noLibrary],
    [
      'the loader does not find it',
      notLoaded,
      { said: '/app/libonnxruntime_providers_shared.so: cannot open shared object file: No such file or directory' },
      noLibrary,
    ],
    [
      'CUDA is missing',
      notLoaded,
      { cudaLibrary: true, said: 'libcublasLt.so.12: cannot open shared object file: No such file or directory' },
      `${wrongVersion} (libcublasLt.so.12: cannot open`,
    ],
    [
      'cuDNN is missing, as newer versions put it in the error',
      loader('libcudnn.so.9: cannot open shared object file: No such file or directory'),
      { cudaLibrary: true },
      `${wrongVersion} (libcudnn.so.9: cannot open`,
    ],
    [
      'cuDNN is another one',
      notLoaded,
      { cudaLibrary: true, said: 'undefined symbol: cudnnGetLibConfig, version libcudnn.so.9' },
      wrongVersion,
    ],
    ['nobody knows what is missing', notLoaded, { cudaLibrary: true }, wrongVersion],
    [
      'the driver is too old',
      cudaCall(35, 'CUDA driver version is insufficient for CUDA runtime version'),
      { driver: true },
      wrongVersion,
    ],
    [
      'the driver lacks a call',
      cudaCall(36, 'API call is not supported in the installed CUDA driver'),
      { driver: true },
      `${wrongVersion} (CUDA failure 36: API call is not supported in the installed CUDA driver)`,
    ],
    [
      'cuDNN does not start',
      'CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED ; GPU=0 ; hostname=box',
      {},
      wrongVersion,
    ],
    [
      "the driver's library is missing",
      notLoaded,
      { cudaLibrary: true, said: 'libcuda.so.1: cannot open shared object file' },
      noGpu,
    ],
    [
      'there is no driver',
      cudaCall(35, 'CUDA driver version is insufficient for CUDA runtime version'),
      { driver: false },
      noGpu,
    ],
    [
      'there is no device',
      cudaCall(100, 'no CUDA-capable device is detected'),
      { driver: true },
      `${noGpu} (CUDA failure 100: no CUDA-capable device is detected)`,
    ],
    [
      'there is no such device',
      cudaCall(101, 'invalid device ordinal'),
      {},
      'there is no GPU of that number (CUDA failure 101: invalid device ordinal)',
    ],
  ])('says what is missing: %s', async (_, message, facts, expected) => {
    const { cudaLibrary, said, driver } = facts as { cudaLibrary?: boolean; said?: string; driver?: boolean };
    const error = await refusal('cuda', failing(message), {
      cudaLibrary: () => Promise.resolve(cudaLibrary),
      loaderMessage: () => Promise.resolve(said),
      nvidiaDriver: () => Promise.resolve(driver ?? false),
    });
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(`onnx: ${expected}`),
      cause: { message },
    });
  });

  it('tells how to install its library', async () => {
    const error = await refusal('cuda', failing(notLoaded), { cudaLibrary: () => Promise.resolve(false) });
    expect(String(error)).toContain('ONNXRUNTIME_NODE_INSTALL=cuda12 npm install onnxruntime-node');
  });

  it('does not guess at the unknown', async () => {
    const error = await refusal('cuda', failing(cudaCall(2, 'out of memory')));
    expect(error).toMatchObject({
      code: 'EXECUTION',
      message: expect.stringContaining('(CUDA failure 2: out of memory)'),
    });
  });

  it('is not in every build', async () => {
    const error = await refusal(
      'cuda',
      failing("Invalid argument: sessionOptions.executionProviders[0] is unsupported: 'cuda'."),
    );
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/this build of onnxruntime-node .* has no provider 'cuda'\. .*Linux x64/),
    });
  });

  it('is refused on this machine, or works', async ({ skip }) => {
    const result: unknown = await onnx({ provider: 'cuda' }).catch((error: unknown) => error);
    if (!(result instanceof Error)) skip('CUDA works here');
    expect(result).toMatchObject({ code: 'UNSUPPORTED' });
    // The package as npm installs it here has no CUDA library; elsewhere another of the three reasons is as good.
    expect(String(result)).toMatch(
      /is not installed|missing or of another version|no NVIDIA GPU here|has no provider 'cuda'/,
    );
  });
});

describe('webgpu', () => {
  const noAdapter =
    '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n';

  it('says that there is no adapter, and how to have one', async () => {
    expect(await refusal('webgpu', failing(noAdapter))).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(
        /^onnx: WebGPU found no adapter \(Failed to get a WebGPU adapter: No supported adapters\); expected a GPU .*VK_ICD_FILENAMES.*provider 'cpu'\.$/,
      ),
    });
    expect(
      String(
        await refusal(
          'webgpu',
          failing(
            'no available backend found. ERR: [webgpu] Error: WebGPU is not supported in current environment',
            true,
          ),
        ),
      ),
    ).toContain('a browser with WebGPU');
  });

  it('is not in every build', async () => {
    expect(
      String(await refusal('webgpu', failing('no available backend found. ERR: [webgpu] backend not found.', true))),
    ).toContain("await import('onnxruntime-web/webgpu')");
    expect(String(await refusal('webgpu', failing("executionProviders[0] is unsupported: 'webgpu'.")))).toContain(
      "has no provider 'webgpu'",
    );
  });

  it('passes on what is not known', async () => {
    expect(await refusal('webgpu', failing('device lost'))).toMatchObject({
      code: 'EXECUTION',
      message: expect.stringContaining('(device lost)'),
    });
  });

  it('is refused on this machine, or works: the process lives', async ({ skip }) => {
    const result: unknown = await onnx({ provider: 'webgpu' }).catch((error: unknown) => error);
    if (!(result instanceof Error)) {
      await (result as { dispose(): Promise<void> }).dispose();
      skip('there is a WebGPU adapter here');
    }
    expect(result).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(/no adapter|has no provider/) });
  });
});

describe('cpu', () => {
  it('is held to its arithmetic', async () => {
    const wrong: OrtSession = {
      run: () => Promise.resolve({ y: new ort.Tensor('float32', Float32Array.of(1, 2, 3), [3]) }),
      release: () => Promise.resolve(),
      endProfiling: () => undefined,
    };
    const error = await refusal('cpu', { ...ort, InferenceSession: { create: () => Promise.resolve(wrong) } });
    expect(error).toMatchObject({ code: 'EXECUTION', message: expect.stringContaining("'cpu' computes 1, 2, 3") });
  });

  it('passes on what is wrong', async () => {
    expect(await refusal('cpu', failing('both async and sync fetching of the wasm failed', true))).toMatchObject({
      code: 'EXECUTION',
      message: expect.stringMatching(/onnxruntime-web 1\.30\.0 could not run .*sync fetching.*wasmPaths/),
    });
  });
});
