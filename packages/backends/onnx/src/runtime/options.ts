/** Options of the engine, and what they are checked against. */
import { OptionError, UnsupportedError } from '@node-ode/core';
import type { Provider } from '../lower/contract.ts';
import { boolean, checkAgainst, integerFrom, object, oneOf, show, text, type Rule } from '../option-rules.ts';
import { isNative, isOrtModule, type OrtModule } from './ort.ts';

/** Options of ONNX Runtime's own kernels. */
export interface CpuProviderOptions {
  /** Whether memory is kept for the next run instead of being given back; true by default. */
  readonly memoryArena?: boolean;
}

/** Options of the CUDA provider. */
export interface CudaProviderOptions {
  /** Which GPU, counted from 0, which is the default. */
  readonly deviceId?: number;
}

/** Options of the WebGPU provider: see `InferenceSession.WebGpuExecutionProviderOption` of onnxruntime-common. */
export interface WebGpuProviderOptions {
  /**
   * Layout of convolutions' images; NCHW by default. For NHWC ONNX Runtime moves transposes about in the whole model, past
   * casts to where WebGPU has no kernel: booleans transposed by [0, 2, 1] are refused then.
   */
  readonly preferredLayout?: 'NCHW' | 'NHWC';
  /** How much is checked while it runs: `basic` by default, `disabled` is the fastest. */
  readonly validationMode?: 'disabled' | 'wgpuOnly' | 'basic' | 'full';
  /** How buffers that were freed are kept for the next use; `bucket` by default. */
  readonly storageBufferCacheMode?: 'disabled' | 'lazyRelease' | 'simple' | 'bucket';
}

/** Options of each provider. */
export interface ProviderOptions {
  readonly cpu: CpuProviderOptions;
  readonly cuda: CudaProviderOptions;
  readonly webgpu: WebGpuProviderOptions;
}

/** Options that every provider has. */
export interface CommonOptions {
  /**
   * ONNX Runtime's module: `await import('onnxruntime-web')` in a browser. By default onnxruntime-node, which is imported
   * when the engine is made.
   */
  readonly runtime?: OrtModule;
  /**
   * Threads of one operation; 1 by default: the calling thread, as nodes of small graphs are shorter than waking another.
   * More pay for large matrix products on cores that are free; 0: as many as there are cores. For onnxruntime-web it is the
   * number of the whole module, left as it is unless given, and counts from its first session on.
   */
  readonly threads?: number;
  /** How far ONNX Runtime rewrites the model when it is loaded; `all` by default. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * A folder where optimised models are kept for the next process, by graph, options, runtime version and machine. It is made
   * if it is not there, and may be shared by processes. onnxruntime-node only.
   */
  readonly cacheFolder?: string;
  /**
   * Where loops and branches run: `graph`, inside ONNX Runtime, as `Loop` and `If` of one model; or `host`, driven from
   * JavaScript, with the arrays on the device. By default `graph` on cpu and cuda, and `host` on webgpu, whose `Loop` would run on
   * the CPU.
   */
  readonly loops?: 'graph' | 'host';
  /** The least that ONNX Runtime writes to stderr; `fatal` by default, as errors are thrown. */
  readonly logLevel?: 'verbose' | 'info' | 'warning' | 'error' | 'fatal';
  /**
   * Writes ONNX Runtime's profile of every session, when it is released, to a file whose name begins so: what each node
   * cost, and which provider ran it. onnxruntime-node only.
   */
  readonly profile?: string;
}

/** Options of the ONNX Runtime engine: of any provider, and of the one that is chosen. */
export type OnnxOptions = CommonOptions &
  (
    | {
        /** What runs the nodes; `cpu` by default. */
        readonly provider?: 'cpu';
        /** Options of that provider. */
        readonly providerOptions?: CpuProviderOptions;
      }
    | { readonly provider: 'cuda'; readonly providerOptions?: CudaProviderOptions }
    | { readonly provider: 'webgpu'; readonly providerOptions?: WebGpuProviderOptions }
  );

/** Options with their defaults. */
export interface Settings {
  readonly provider: Provider;
  readonly providerOptions: Readonly<Record<string, unknown>>;
  readonly threads: number;
  readonly optimization: 'disabled' | 'basic' | 'extended' | 'all';
  readonly cacheFolder: string | undefined;
  readonly loops: 'graph' | 'host';
  readonly logLevel: 'verbose' | 'info' | 'warning' | 'error' | 'fatal';
  readonly profile: string | undefined;
}

const providerRule = oneOf('cpu', 'cuda', 'webgpu');

const rules = {
  provider: providerRule,
  providerOptions: object(),
  runtime: {
    expected: "ONNX Runtime's module, as await import('onnxruntime-web') gives it",
    accepts: isOrtModule,
  },
  threads: integerFrom(0, 1024),
  optimization: oneOf('disabled', 'basic', 'extended', 'all'),
  cacheFolder: text('the path of a folder'),
  loops: oneOf('graph', 'host'),
  logLevel: oneOf('verbose', 'info', 'warning', 'error', 'fatal'),
  profile: text('the beginning of a file name'),
} as const satisfies Record<keyof CommonOptions | 'provider' | 'providerOptions', Rule>;

const providerRules = {
  cpu: { memoryArena: boolean },
  cuda: { deviceId: integerFrom(0, 1023) },
  webgpu: {
    preferredLayout: oneOf('NCHW', 'NHWC'),
    validationMode: oneOf('disabled', 'wgpuOnly', 'basic', 'full'),
    storageBufferCacheMode: oneOf('disabled', 'lazyRelease', 'simple', 'bucket'),
  },
} as const satisfies { readonly [P in Provider]: Record<keyof ProviderOptions[P], Rule> };

/**
 * The settings that options stand for. Undefined is the default everywhere.
 *
 * @throws OptionError naming an option that is not known, or whose value is not what is expected.
 */
export function checkOptions(options: OnnxOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('onnx', `the options are ${show(options)}`, { expected: 'an object' });
  }
  checkAgainst('onnx', rules, options);
  const provider = options.provider ?? 'cpu';
  const providerOptions: Readonly<Record<string, unknown>> = { ...options.providerOptions };
  checkAgainst('onnx', providerRules[provider], providerOptions, {
    prefix: 'providerOptions.',
    suffix: ` of provider '${provider}'`,
  });
  return {
    provider,
    providerOptions: Object.fromEntries(Object.entries(providerOptions).filter(([, value]) => value !== undefined)),
    threads: options.threads ?? 1,
    optimization: options.optimization ?? 'all',
    cacheFolder: options.cacheFolder,
    loops: options.loops ?? (provider === 'webgpu' ? 'host' : 'graph'),
    logLevel: options.logLevel ?? 'fatal',
    profile: options.profile,
  };
}

/**
 * Checks that a module can do what the settings ask for, as far as its package tells.
 *
 * @throws OptionError for what only onnxruntime-node has; UnsupportedError for cuda in onnxruntime-web.
 */
export function checkRuntime({ provider, cacheFolder, profile }: Settings, runtime: OrtModule): void {
  if (isNative(runtime)) return;
  if (provider === 'cuda') {
    throw new UnsupportedError('onnx', "onnxruntime-web has no provider 'cuda'", {
      expected: "'cpu' or 'webgpu'",
      advice: "Use provider 'webgpu' in a browser, or onnxruntime-node on a machine with an NVIDIA GPU.",
    });
  }
  for (const [name, value] of Object.entries({ cacheFolder, profile })) {
    if (value === undefined) continue;
    throw new OptionError('onnx', `${name} = ${show(value)} with onnxruntime-web`, {
      expected: `no ${name}: it needs files, which only onnxruntime-node has`,
    });
  }
}
