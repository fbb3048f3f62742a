/**
 * Why a provider is not to be had: a package without it, libraries that are missing or of another version, no device. Each is
 * found when the engine is made, and each says something else to do.
 */
import { ExecutionError, UnsupportedError, type NodeOdeError } from '@node-ode/core';
import type { Provider } from '../lower/contract.ts';
import { fileExists, nativeFolder, runApart } from './node-host.ts';
import { describeRuntime, isNative, messageOf, type OrtModule } from './ort.ts';

/** Facts about this machine that ONNX Runtime's messages leave out. */
export interface Evidence {
  /** Whether the CUDA provider's library is in the package; nothing if that can't be told. */
  cudaLibrary(): Promise<boolean | undefined>;
  /** What the loader says of the CUDA provider's library; nothing if it says nothing. */
  loaderMessage(): Promise<string | undefined>;
  /** Whether NVIDIA's kernel driver runs here. */
  nvidiaDriver(): Promise<boolean>;
}

/** Loads a session on CUDA so that ONNX Runtime writes what the loader says, which it does not put in its error. */
const loadScript = `
  const ort = require(process.argv[1]);
  ort.InferenceSession.create(Buffer.from([]), { executionProviders: ['cuda'] }).catch(() => {});
`;

/** The facts, from the files and processes of Node. */
export const nodeEvidence: Evidence = {
  cudaLibrary: async () => {
    const folder = await nativeFolder();
    return folder === undefined ? undefined : fileExists(`${folder}/libonnxruntime_providers_cuda.so`);
  },
  loaderMessage: async () => {
    const folder = await nativeFolder();
    if (folder === undefined) return undefined;
    const stderr = await runApart(loadScript, [folder.replace(/bin[\\/]napi-v6.*$/, 'dist/index.js')]);
    return loaderMessageIn(stderr);
  },
  nvidiaDriver: () => fileExists('/proc/driver/nvidia/version'),
};

/** What the dynamic loader said, from what ONNX Runtime logged. */
export const loaderMessageIn = (log: string): string | undefined =>
  /Failed to load library [^]*? with error: ([^\n]*)/.exec(log)?.[1]?.replaceAll('\u001b[m', '').trim();

/** The error for a provider whose probe failed with `cause`. */
export async function providerFailure(
  provider: Provider,
  runtime: OrtModule,
  cause: unknown,
  evidence: Evidence = nodeEvidence,
): Promise<NodeOdeError> {
  const message = messageOf(cause);
  if (/is unsupported: '|backend not found/.test(message)) return notInThisBuild(provider, runtime, cause);
  if (provider === 'cuda') return cudaFailure(message, cause, evidence);
  if (provider === 'webgpu') return webgpuFailure(message, runtime, cause);
  return new ExecutionError('onnx', `${describeRuntime(runtime)} could not run a model of one node (${message})`, {
    ...(isNative(runtime)
      ? {}
      : { advice: 'In a browser, its .wasm files must be served: see env.wasm.wasmPaths of onnxruntime-web.' }),
    cause,
  });
}

function notInThisBuild(provider: Provider, runtime: OrtModule, cause: unknown): UnsupportedError {
  const advice = {
    cpu: '',
    cuda: "onnxruntime-node has it on Linux x64 alone. Use 'webgpu', which needs no CUDA, or 'cpu'.",
    webgpu: isNative(runtime)
      ? "onnxruntime-node has it on Windows, macOS and Linux x64. Use 'cpu' here."
      : "Import the build that has it: onnx({ provider: 'webgpu', runtime: await import('onnxruntime-web/webgpu') }).",
  }[provider];
  return new UnsupportedError('onnx', `this build of ${describeRuntime(runtime)} has no provider '${provider}'`, {
    ...(advice === '' ? {} : { advice }),
    cause,
  });
}

const readme = 'see "CUDA" in the README of @node-ode/backend-onnx';

/** The three ways in which CUDA is missing: its provider's library, CUDA's or cuDNN's own, the GPU. */
async function cudaFailure(message: string, cause: unknown, evidence: Evidence): Promise<NodeOdeError> {
  if (/Failed to load (shared )?library/i.test(message)) {
    if ((await evidence.cudaLibrary()) === false) return noProviderLibrary(cause);
    const said = loaderMessageIn(message) ?? (await evidence.loaderMessage());
    if (said !== undefined && /libonnxruntime_providers_\w+\.so: cannot open/.test(said))
      return noProviderLibrary(cause);
    // The driver's own library: without it there is no GPU to speak of.
    if (said !== undefined && /libcuda\.so/.test(said)) return noGpu(said, cause);
    return wrongLibraries(said ?? message, cause);
  }
  const code = Number(/CUDA failure (\d+)/.exec(message)?.[1] ?? NaN);
  const said = /(CUDA|CUDNN|CUBLAS) failure \d+: [^;]*/.exec(message)?.[0].trim() ?? message;
  // 3 and 999: the runtime could not start; 100: no device; 101: no device of that number; 38: no device, in old drivers.
  if ([3, 38, 100, 999].includes(code)) return noGpu(said, cause);
  if (code === 101) {
    return new UnsupportedError('onnx', `there is no GPU of that number (${said})`, {
      expected: 'providerOptions.deviceId among those that nvidia-smi -L lists, counted from 0',
      cause,
    });
  }
  // 35, a driver older than the runtime, is also what is said where there is none.
  if (code === 35 && !(await evidence.nvidiaDriver())) return noGpu(said, cause);
  // 36: the driver lacks a call; 803, 804: its parts are of different versions.
  if ([35, 36, 803, 804].includes(code) || /cudnn|cublas|version|symbol/i.test(said))
    return wrongLibraries(said, cause);
  return new ExecutionError('onnx', `CUDA could not run a model of one node (${said})`, {
    advice: 'Look at nvidia-smi for what holds the GPU or its memory.',
    cause,
  });
}

const noProviderLibrary = (cause: unknown): UnsupportedError =>
  new UnsupportedError('onnx', "onnxruntime-node's CUDA provider, libonnxruntime_providers_cuda.so, is not installed", {
    expected: 'the provider library, which is not in the npm package',
    advice: `Run: ONNXRUNTIME_NODE_INSTALL=cuda12 npm install onnxruntime-node, or npm rebuild with the same if it is there already (${readme}).`,
    cause,
  });

const wrongLibraries = (said: string, cause: unknown): UnsupportedError =>
  new UnsupportedError('onnx', `the libraries of CUDA or cuDNN are missing or of another version (${said})`, {
    expected: 'CUDA 12, cuDNN 9 and a driver for them',
    advice: `Install them, and name their folder in LD_LIBRARY_PATH (${readme}).`,
    cause,
  });

const noGpu = (said: string, cause: unknown): UnsupportedError =>
  new UnsupportedError('onnx', `there is no NVIDIA GPU here, or no driver for it (${said})`, {
    expected: 'a GPU that nvidia-smi lists, which CUDA_VISIBLE_DEVICES does not hide',
    advice: "In a container, start it with --gpus all. Without a GPU, use provider 'cpu'.",
    cause,
  });

function webgpuFailure(message: string, runtime: OrtModule, cause: unknown): NodeOdeError {
  if (/adapter|vulkan|navigator\.gpu|not supported in current environment/i.test(message)) {
    return new UnsupportedError('onnx', `WebGPU found no adapter (${firstLine(message)})`, {
      expected: isNative(runtime)
        ? 'a GPU with its driver (on Linux: Vulkan, libvulkan1)'
        : 'a browser with WebGPU and a GPU',
      advice: isNative(runtime)
        ? `Without a GPU, WebGPU runs in software, slowly, on SwiftShader: with libvulkan.so.1 where the linker looks (libvulkan1, or LD_LIBRARY_PATH) and VK_ICD_FILENAMES set to vk_swiftshader_icd.json (of Debian's chromium-common) before Node starts (see "WebGPU" in the README of @node-ode/backend-onnx). Or use provider 'cpu'.`
        : "Chromium: --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader for one in software. Or use provider 'cpu'.",
      cause,
    });
  }
  return new ExecutionError('onnx', `WebGPU could not run a model of one node (${firstLine(message)})`, { cause });
}

/** ONNX Runtime begins with the file and the function that failed; what failed is said last. */
const firstLine = (message: string): string =>
  (/was false\. ([^]*)/.exec(message)?.[1] ?? message).split('\n', 1)[0]?.trim() ?? message;
