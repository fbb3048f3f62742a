/** Finds out whether a provider works here, by running a model of one node on it. */
import { ExecutionError } from '@node-ode/core';
import { irVersion, opset, type OnnxModel } from '../model/ir.ts';
import type { Settings } from './options.ts';
import type { OrtModule } from './ort.ts';
import { providerFailure, type Evidence } from './provider-errors.ts';
import { sessions as sessionsOf } from './sessions.ts';

/** y = x + x, three elements. */
const model: OnnxModel = {
  graph: {
    name: 'probe',
    inputs: [{ name: 'x', elementType: 'float', dims: [3] }],
    outputs: [{ name: 'y', elementType: 'float', dims: [3] }],
    initializers: [],
    nodes: [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'], attributes: {}, origin: 'add' }],
  },
  opset,
  irVersion,
  metadata: {},
};

/**
 * Runs a model on the provider.
 *
 * @throws UnsupportedError that says what is missing and what to do; ExecutionError for what is not known to happen.
 */
export async function probe(runtime: OrtModule, settings: Settings, evidence?: Evidence): Promise<void> {
  const sessions = sessionsOf(runtime, { ...settings, profile: undefined }, undefined);
  let sum: readonly number[];
  try {
    const session = await sessions.open(model, { hostOutputs: new Set(['y']) });
    const { y } = await session.run({ x: new runtime.Tensor('float32', Float32Array.of(1, 2, 3), [3]) });
    sum = [...(y?.data as Float32Array)];
  } catch (error) {
    // What ONNX Runtime itself said.
    const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw await providerFailure(settings.provider, runtime, cause, evidence);
  } finally {
    await sessions.close();
  }
  if (sum.join() === '2,4,6') return;
  throw new ExecutionError('onnx', `provider '${settings.provider}' computes ${sum.join(', ')} for 1+1, 2+2, 3+3`, {
    expected: '2, 4, 6',
    advice: 'Update the driver of the device.',
  });
}
