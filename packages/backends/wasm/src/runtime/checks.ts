/** What is refused before anything is computed, with the reason. */
import {
  allocate,
  checkGraph,
  DTypeError,
  formatType,
  OptionError,
  sameShape,
  ShapeError,
  sizeOf,
  tensorType,
  UnsupportedError,
  type DeviceArray,
  type Graph,
  type HostArray,
  type TensorType,
  type Value,
} from '@node-ode/core';

/** The types of a graph's inputs and outputs. */
export interface Interface {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/**
 * Checks a graph and gives the types of its inputs and outputs.
 *
 * @throws TraceError or ShapeError for a graph that breaks the rules; UnsupportedError if a tape goes in or out.
 */
export function interfaceOf(graph: Graph): Interface {
  checkGraph(graph);
  const tensorOf =
    (role: string) =>
    ({ type }: Value, i: number): TensorType => {
      if (type.kind === 'tensor') return type;
      throw new UnsupportedError('compile', `${role} ${i + 1} of graph '${graph.name}' is ${formatType(type)}`, {
        expected: 'tensors: tapes live only inside a graph',
        advice: 'Read the tape with scan, and return what it gives.',
      });
    };
  return { inputs: graph.inputs.map(tensorOf('input')), outputs: graph.outputs.map(tensorOf('output')) };
}

/** @throws ShapeError or DTypeError if an array's data does not fit what it says it is. */
export function checkHostArray({ shape, dtype, data }: HostArray): void {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError('upload', `${data.length} elements for shape [${shape.join(', ')}]`, {
      expected: `${sizeOf(shape)} elements`,
    });
  }
  const [given, expected] = [data[Symbol.toStringTag], allocate(dtype, 0)[Symbol.toStringTag]];
  if (given !== expected) throw new DTypeError('upload', `a ${given} for ${dtype}`, { expected });
}

/** @throws ShapeError or DTypeError if the inputs of a run are not what the graph takes. */
export function checkInputs({ name }: Graph, types: readonly TensorType[], inputs: readonly DeviceArray[]): void {
  if (inputs.length !== types.length) {
    throw new ShapeError('run', `${inputs.length} inputs for graph '${name}'`, { expected: `${types.length}` });
  }
  inputs.forEach((array, i) => {
    const type = types[i] as TensorType;
    if (array.dtype === type.dtype && sameShape(array.shape, type.shape)) return;
    const given = `input ${i + 1} of graph '${name}' is ${formatType(tensorType(array.shape, array.dtype))}`;
    const details = { expected: formatType(type), advice: 'Compile again for other types.' };
    throw array.dtype === type.dtype ? new ShapeError('run', given, details) : new DTypeError('run', given, details);
  });
}

/** @throws OptionError if a position is not one of an input. */
export function checkDonated(donate: readonly number[], inputs: readonly DeviceArray[]): void {
  const wrong = donate.find((i) => inputs[i] === undefined);
  if (wrong === undefined) return;
  throw new OptionError('run', `input ${wrong} is donated`, { expected: `positions of the ${inputs.length} inputs` });
}
