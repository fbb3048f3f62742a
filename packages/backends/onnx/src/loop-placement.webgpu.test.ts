// What ONNX Runtime's webgpu provider does with loops and branches: the facts behind host-driven loops (docs/engines.md).
// One that fails says that the installed version differs: reconsider what rests on it.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { encodeModel } from './model/encode.ts';
import { irVersion, opset, type ElementType, type OnnxGraph, type OnnxNode, type ValueInfo } from './model/ir.ts';

const value = (name: string, elementType: ElementType = 'float', ...dims: number[]): ValueInfo => ({
  name,
  elementType,
  dims,
});
const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  graphs: Readonly<Record<string, OnnxGraph>> = {},
): OnnxNode => ({
  opType,
  inputs,
  outputs,
  attributes: Object.fromEntries(
    Object.entries(graphs).map(([name, graph]) => [name, { kind: 'graph', value: graph }]),
  ),
  origin: 'test',
});
const graphOf = (
  name: string,
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
  ...nodes: readonly OnnxNode[]
): OnnxGraph => ({ name, inputs, outputs, initializers: [], nodes });

/** A session on webgpu in which no node of the main graph may run on the CPU. */
const open = (graph: OnnxGraph): Promise<InferenceSession> =>
  InferenceSession.create(encodeModel({ graph, opset, irVersion, metadata: {} }).bytes, {
    executionProviders: ['webgpu'],
    logSeverityLevel: 4,
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  });

const fellBack = /nodes that are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled/;

const branches = (elementType: ElementType) =>
  graphOf(
    'main',
    [value('c', 'bool'), value('x', elementType, 2)],
    [value('y', elementType, 2)],
    node('If', ['c'], ['y'], {
      then_branch: graphOf('then', [], [value('a', elementType, 2)], node('Tanh', ['x'], ['a'])),
      else_branch: graphOf('else', [], [value('b', elementType, 2)], node('Exp', ['x'], ['b'])),
    }),
  );

describe('the webgpu provider', () => {
  it('runs a step, and keeps its result on the device', async () => {
    const graph = graphOf('main', [value('x', 'float', 2)], [value('y', 'float', 2)], node('Neg', ['x'], ['y']));
    const session = await InferenceSession.create(encodeModel({ graph, opset, irVersion, metadata: {} }).bytes, {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
    });
    const { y } = await session.run({ x: new Tensor('float32', [1, 2], [2]) });
    expect(y?.location).toBe('gpu-buffer');
    const reader = await open(graph);
    const twice = await reader.run({ x: y as Tensor });
    expect(twice['y']?.data).toEqual(new Float32Array([1, 2]));
    y?.dispose();
  });

  it('has no kernel for Loop: it would run on the CPU, and its carries be copied at every iteration', async () => {
    const body = graphOf(
      'body',
      [value('i', 'int64'), value('go', 'bool'), value('y', 'float', 2)],
      [value('on', 'bool'), value('z', 'float', 2)],
      node('Identity', ['go'], ['on']),
      node('Tanh', ['y'], ['z']),
    );
    const graph = graphOf(
      'main',
      [value('n', 'int64'), value('x', 'float', 2)],
      [value('result', 'float', 2)],
      node('Loop', ['n', '', 'x'], ['result'], { body }),
    );
    await expect(open(graph)).rejects.toThrow(fellBack);
  });

  it('has a kernel for If', async () => {
    const session = await open(branches('float'));
    const { y } = await session.run({ c: new Tensor('bool', [true], []), x: new Tensor('float32', [0, 1], [2]) });
    expect(y?.data[1]).toBeCloseTo(Math.tanh(1), 6);
  });

  it('has no f64, and is not heard to fall back inside a branch: only the main graph is looked at', async () => {
    const plain = graphOf('main', [value('x', 'double', 2)], [value('y', 'double', 2)], node('Tanh', ['x'], ['y']));
    await expect(open(plain)).rejects.toThrow(fellBack);
    await expect(open(branches('double'))).resolves.toBeDefined();
  });
});
