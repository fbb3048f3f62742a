import type { DType } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { elementTypes, kernels, probeModel } from '../../test/probe-models.ts';
import { openSession } from '../../test/run-graph.ts';
import type { Emitter, Provider } from './contract.ts';
import { hasKernel, requireKernel, type Kernel } from './kernels.ts';

/** Whether the runtime takes a model of one application of the operator. */
async function loads(kernel: Kernel, type: (typeof elementTypes)[number]): Promise<boolean> {
  try {
    const session = await openSession(probeModel(kernel, type));
    await session.release();
    return true;
  } catch (error) {
    // Types that the standard itself rules out, and those that this provider left out.
    expect((error as Error).message).toMatch(/NOT_IMPLEMENTED|Could not find an implementation|invalid|not registered/);
    return false;
  }
}

describe('hasKernel', () => {
  it.each(kernels)('says of %s on the CPU what onnxruntime-node does', async (kernel) => {
    const found = await Promise.all(elementTypes.map((type) => loads(kernel, type)));
    expect(elementTypes.filter((_, i) => found[i])).toEqual(
      elementTypes.filter((type) => hasKernel('cpu', kernel, type)),
    );
  });

  it('knows what GPUs lack', () => {
    // WGSL has no doubles: only what moves or names tensors without looking at them takes one.
    expect(kernels.filter((kernel) => hasKernel('webgpu', kernel, 'double'))).toEqual(['Shape', 'If']);
    expect(
      kernels.filter((kernel) => !hasKernel('cuda', kernel, 'float') && hasKernel('cpu', kernel, 'float')),
    ).toEqual(['Tan', 'Atan']);
  });
});

describe('requireKernel', () => {
  const demand = (provider: Provider, kernel: Kernel, dtype: DType) => () => {
    requireKernel({ provider } as Emitter, 'cumsum', kernel, dtype);
  };

  it('is silent where there is one', () => {
    expect(demand('cpu', 'CumSum', 'f64')).not.toThrow();
  });

  it('names the primitive, the dtype and the provider, and what there is', () => {
    expect(demand('webgpu', 'CumSum', 'f64')).toThrow(
      "cumsum: ONNX Runtime's provider 'webgpu' has no CumSum for f64; expected f32 or i32. Use another dtype, or the provider 'cpu' for this graph.",
    );
    expect(demand('cpu', 'Erf', 'f64')).toThrow(
      expect.objectContaining({ name: 'UnsupportedError', operation: 'cumsum' }),
    );
  });
});
