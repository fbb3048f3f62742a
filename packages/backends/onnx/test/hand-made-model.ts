/** A model written by hand: a loop around a branch, both using names from outside, and every element type. */
import { irVersion, opset, type Attribute, type OnnxGraph, type OnnxModel, type OnnxNode } from '../src/model/ir.ts';

const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode => ({ opType, inputs, outputs, attributes, origin: `made by hand: ${opType}` });

const branch = (name: string, opType: string): OnnxGraph => ({
  name,
  inputs: [],
  outputs: [{ name: `${name}_next`, elementType: 'float', dims: ['n'] }],
  initializers: [
    // Large enough to go into external data from within a subgraph.
    {
      name: `${name}_table`,
      tensor: { elementType: 'float', dims: [512], data: new Float32Array(512).fill(2 ** -9) },
      origin: '',
    },
  ],
  nodes: [
    node('ReduceSum', [`${name}_table`], [`${name}_one`], { keepdims: { kind: 'int', value: 0 } }),
    node('Mul', [`${name}_one`, 'offset'], [`${name}_change`]),
    node(opType, ['scaled', `${name}_change`], [`${name}_next`]),
  ],
});

const body: OnnxGraph = {
  name: 'body',
  inputs: [
    { name: 'iteration', elementType: 'int64', dims: [] },
    { name: 'going', elementType: 'bool', dims: [] },
    { name: 'value', elementType: 'float', dims: ['n'] },
  ],
  outputs: [
    { name: 'going_on', elementType: 'bool', dims: [] },
    { name: 'next', elementType: 'float', dims: ['n'] },
    { name: 'seen', elementType: 'double', dims: ['n'] },
  ],
  initializers: [],
  nodes: [
    node('Mul', ['value', 'rate'], ['scaled']),
    node('Mod', ['iteration', 'two'], ['remainder']),
    node('Equal', ['remainder', 'zero'], ['even']),
    node('If', ['even'], ['next'], {
      then_branch: { kind: 'graph', value: branch('up', 'Add') },
      else_branch: { kind: 'graph', value: branch('down', 'Sub') },
    }),
    node('Cast', ['next'], ['seen'], { to: { kind: 'int', value: 11 } }),
    node('Identity', ['going'], ['going_on']),
  ],
};

/** `value = value · rate ± offset`, adding where the iteration is even; and one small computation in each other type. */
export const handMade: OnnxModel = {
  irVersion,
  opset,
  metadata: { 'node-ode.solver': 'dopri5', rtol: '1e-6' },
  graph: {
    name: 'hand_made',
    inputs: [
      { name: 'x', elementType: 'float', dims: ['n'] },
      { name: 'trips', elementType: 'int64', dims: [] },
    ],
    outputs: [
      { name: 'y', elementType: 'float', dims: ['n'] },
      { name: 'ys', elementType: 'double', dims: ['trips', 'n'] },
      { name: 'squares', elementType: 'double', dims: [2] },
      { name: 'doubled', elementType: 'int32', dims: [2, 2] },
      { name: 'opposite', elementType: 'bool', dims: [3] },
      { name: 'picked', elementType: 'int64', dims: [2] },
      { name: 'constant', elementType: 'float', dims: [2] },
    ],
    initializers: [
      { name: 'rate', tensor: { elementType: 'float', dims: [], data: Float32Array.of(0.5) }, origin: 'mul' },
      { name: 'offset', tensor: { elementType: 'float', dims: [1], data: Float32Array.of(0.25) }, origin: 'add' },
      { name: 'zero', tensor: { elementType: 'int64', dims: [], data: BigInt64Array.of(0n) }, origin: '' },
      { name: 'two', tensor: { elementType: 'int64', dims: [], data: BigInt64Array.of(2n) }, origin: '' },
      { name: 'd', tensor: { elementType: 'double', dims: [2], data: Float64Array.of(1.5, -(2 ** -30)) }, origin: '' },
      {
        name: 'i',
        tensor: { elementType: 'int32', dims: [2, 2], data: Int32Array.of(1, -2, 3, 2 ** 30 - 1) },
        origin: '',
      },
      { name: 'b', tensor: { elementType: 'bool', dims: [3], data: Uint8Array.of(1, 0, 1) }, origin: '' },
      {
        name: 'long',
        tensor: {
          elementType: 'int64',
          dims: [200],
          data: BigInt64Array.from({ length: 200 }, (_, n) => 2n ** 62n - BigInt(n)),
        },
        origin: '',
      },
      { name: 'indices', tensor: { elementType: 'int64', dims: [2], data: BigInt64Array.of(0n, 199n) }, origin: '' },
    ],
    nodes: [
      node('Loop', ['trips', '', 'x'], ['y', 'ys'], { body: { kind: 'graph', value: body } }),
      node('Mul', ['d', 'd'], ['squares']),
      node('Add', ['i', 'i'], ['doubled']),
      node('Not', ['b'], ['opposite']),
      node('Gather', ['long', 'indices'], ['picked'], { axis: { kind: 'int', value: 0 } }),
      node('Constant', [], ['constant'], {
        value: { kind: 'tensor', value: { elementType: 'float', dims: [2], data: Float32Array.of(-0, Infinity) } },
      }),
    ],
  },
};

/** Inputs of the model, and what each output is for them; every number is exact in float32. */
export const handMadeCase = {
  x: [1, 2, -3],
  trips: 3,
  outputs: {
    y: [0.3125, 0.4375, -0.1875],
    ys: [0.75, 1.25, -1.25, 0.125, 0.375, -0.875, 0.3125, 0.4375, -0.1875],
    squares: [2.25, 2 ** -60],
    doubled: [2, -4, 6, 2 ** 31 - 2],
    opposite: [0, 1, 0],
    picked: [2n ** 62n, 2n ** 62n - 199n],
    constant: [-0, Infinity],
  },
};
