/** ONNX Runtime as the device of a program that is driven from the host: each segment is a model without control flow. */
import type { TensorData } from '@node-ode/core';
import type { Device, LoadedSegment, Segment } from '@node-ode/host-driver';
import type { Target } from '../lower/contract.ts';
import { emitModel } from '../lower/emit-model.ts';
import type { OrtValue, Runtime } from './contract.ts';

/** The device of a runtime for graphs lowered for a target. */
export function segmentDevice(runtime: Runtime, target: Target): Device<OrtValue> {
  return {
    name: target.provider,
    // Every copy from a GPU waits for it. Hosts, where none does, are driven in the same way to be tested.
    fetchesWait: true,
    load: (segment) => loadSegment(segment, runtime, target),
    toValue: (array) => runtime.toValue(array),
    toHost: (value, type) => runtime.toHost(value, type),
  };
}

async function loadSegment(
  { graph, results }: Segment,
  runtime: Runtime,
  target: Target,
): Promise<LoadedSegment<OrtValue>> {
  const model = emitModel(graph, target);
  const inputs = model.graph.inputs.map(({ name }) => name);
  const outputs = model.graph.outputs.map(({ name }) => name);
  const session = await runtime.open(model, { hostOutputs: new Set(outputs.filter((_, i) => results[i]!.isHost)) });
  return {
    run: async (operands) => {
      const feeds: Record<string, OrtValue> = {};
      for (let i = 0; i < inputs.length; i++) feeds[inputs[i]!] = operands[i]!;
      const values = await session.run(feeds);
      return outputs.map((name, i) => (results[i]!.isHost ? elementsOf(values[name]!) : values[name]!));
    },
    release: () => session.release(),
  };
}

/** The elements of a value that the runtime was asked for in JavaScript's memory; nobody else has it. */
function elementsOf(value: OrtValue): TensorData {
  const data = value.data as TensorData;
  value.dispose();
  return data;
}
