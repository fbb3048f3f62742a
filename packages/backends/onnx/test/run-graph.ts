/** A graph through the lowering, the encoder and ONNX Runtime, from host to host. */
import { hostArray, type DType, type Graph, type HostArray, type TensorType } from '@node-ode/core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Provider } from '../src/lower/contract.ts';
import { emitModel, type EmitOptions } from '../src/lower/emit-model.ts';
import { encodeModel } from '../src/model/encode.ts';
import type { OnnxModel } from '../src/model/ir.ts';

const ortTypes = { f32: 'float32', f64: 'float64', i32: 'int32', bool: 'bool' } as const satisfies Record<
  DType,
  Tensor.Type
>;

/** A session of one thread, whose nodes all run on the provider. */
export const openSession = (model: OnnxModel, provider: Provider = 'cpu'): Promise<InferenceSession> =>
  InferenceSession.create(encodeModel(model).bytes, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    ...(provider === 'cpu' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
  });

/** Runs a lowered graph once on a provider; `target` is what it is lowered for, by default the provider and no more. */
export async function runGraph(
  graph: Graph,
  inputs: readonly HostArray[],
  provider: Provider = 'cpu',
  target: EmitOptions = { provider },
): Promise<readonly HostArray[]> {
  const session = await openSession(emitModel(graph, target), provider);
  try {
    const feeds = inputs.map(
      ({ data, shape, dtype }, i) => [`input_${i}`, new Tensor(ortTypes[dtype], data, shape)] as const,
    );
    const results = await session.run(Object.fromEntries(feeds));
    return graph.outputs.map((output, i) => {
      const { data, dims } = results[`output_${i}`] as Tensor;
      const { dtype } = output.type as TensorType;
      return hostArray(data as HostArray['data'], dims, dtype);
    });
  } finally {
    await session.release();
  }
}
