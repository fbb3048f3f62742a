/** What ONNX Runtime is told about a session. */
import type { OnnxModel } from '../model/ir.ts';
import type { SessionRequest } from './contract.ts';
import type { Settings } from './options.ts';
import { isNative, type OrtModule, type OrtSessionOptions } from './ort.ts';
import { hasControlFlow } from './placement.ts';

/** ONNX Runtime refuses a model rather than move a node of its main graph to the CPU. */
export const noFallback = { session: { disable_cpu_ep_fallback: '1' } };

/**
 * Constant weights are not packed when a model is loaded: for a batch of 1 ONNX Runtime takes another kernel then, and an
 * exported model would choose other steps than the engine that trained it, whose weights are inputs.
 */
const noPrepacking = { session: { disable_prepacking: '1' } };

const severities = { verbose: 0, info: 1, warning: 2, error: 3, fatal: 4 } as const;

/** ONNX Runtime's options for a model. */
export function sessionOptions(
  model: OnnxModel,
  { hostOutputs }: SessionRequest,
  settings: Settings,
  runtime: OrtModule,
): OrtSessionOptions {
  const { provider, providerOptions, threads, optimization, logLevel, profile } = settings;
  const { memoryArena, ...ofProvider } = providerOptions;
  const name = provider === 'cpu' && !isNative(runtime) ? 'wasm' : provider;
  return {
    executionProviders: [{ name, ...(provider === 'webgpu' ? { preferredLayout: 'NCHW' } : {}), ...ofProvider }],
    ...(isNative(runtime) ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : {}),
    executionMode: 'sequential',
    graphOptimizationLevel: optimization,
    logSeverityLevel: severities[logLevel],
    ...(typeof memoryArena === 'boolean' ? { enableCpuMemArena: memoryArena } : {}),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    ...(provider === 'webgpu'
      ? {
          preferredOutputLocation: Object.fromEntries(
            model.graph.outputs.map(({ name: output }) => [output, hostOutputs.has(output) ? 'cpu' : 'gpu-buffer']),
          ),
        }
      : {}),
    ...(provider === 'cpu' ? { extra: noPrepacking } : {}),
    ...(mayUseCpu(model, settings) ? {} : { extra: noFallback }),
  };
}

/** Whether nodes may run on the CPU: where they are asked to, and where loops inside the model were asked for of webgpu, which has none. */
const mayUseCpu = ({ graph }: OnnxModel, { provider }: Settings): boolean =>
  provider === 'cpu' || (provider === 'webgpu' && hasControlFlow(graph));
