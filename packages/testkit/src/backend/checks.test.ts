// The suite of backends passes the reference engine, and fails engines with one thing wrong.
import { reference } from '@node-ode/backend-reference';
import {
  type Backend,
  type DeviceArray,
  type Executable,
  type Graph,
  type Node,
  value,
  type Value,
  tensorType,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { backendChecks } from './checks.ts';

/** A node in place of another, or several. */
type Rewrite = (node: Node) => Node | readonly Node[];

/** Rewrites every node of a graph and of its subgraphs. */
function rewritten(graph: Graph, rewrite: Rewrite): Graph {
  const inner = (g: Graph): Graph => rewritten(g, rewrite);
  const deep = (node: Node): Node => {
    switch (node.op) {
      case 'call':
        return { ...node, params: { graph: inner(node.params.graph) } };
      case 'cond':
        return { ...node, params: { then: inner(node.params.then), else: inner(node.params.else) } };
      case 'whileLoop':
        return {
          ...node,
          params: { ...node.params, condition: inner(node.params.condition), body: inner(node.params.body) },
        };
      case 'scan':
        return { ...node, params: { ...node.params, body: inner(node.params.body) } };
      default:
        return node;
    }
  };
  return { ...graph, nodes: graph.nodes.flatMap((node) => rewrite(deep(node))) };
}

/** The reference engine on graphs that are not quite those that it was given. */
const rewriting = (rewrite: Rewrite) => (): Backend => {
  const backend = reference();
  return { ...backend, compile: (graph) => backend.compile(rewritten(graph, rewrite)) };
};

/** The reference engine with another executable around its own. */
const wrapping = (wrap: (executable: Executable, backend: Backend) => Partial<Executable>) => (): Backend => {
  const backend = reference();
  return {
    ...backend,
    compile: async (graph) => {
      const { run, counters, dispose } = await backend.compile(graph);
      const executable: Executable = { run, dispose, ...(counters === undefined ? {} : { counters }) };
      return { ...executable, ...wrap(executable, backend) };
    },
  };
};

const composites = [
  'mean',
  'softplus',
  'logSumExp',
  'softmax',
  'logSoftmax',
  'linearCombination',
  'errorNorm',
  'allFinite',
  'conv2dInputGrad',
  'conv2dKernelGrad',
  'maxPool2d',
  'maxPool2dGrad',
  'avgPool2d',
  'avgPool2dGrad',
  'linearSolve',
];

const like = ({ type }: Value): Value => value(type);

/** a·b computed as single precision would. */
const throughF32: Rewrite = (node) => {
  const [result] = node.outputs;
  if (node.op !== 'mul' || result?.type.kind !== 'tensor' || result.type.dtype !== 'f64') return node;
  const [exact, rounded] = [like(result), value(tensorType(result.type.shape, 'f32'))];
  return [
    { ...node, outputs: [exact] },
    { op: 'cast', inputs: [exact], params: { dtype: 'f32' }, outputs: [rounded] },
    { op: 'cast', inputs: [rounded], params: { dtype: 'f64' }, outputs: [result] },
  ];
};

/** max(a, b) that loses a NaN on the left. */
const losingNaN: Rewrite = (node) => {
  const [a, b] = node.inputs;
  const [result] = node.outputs;
  if (node.op !== 'maximum' || a === undefined || b === undefined || result?.type.kind !== 'tensor') return node;
  const isLarger = value(tensorType(result.type.shape, 'bool'));
  return [
    { op: 'greater', inputs: [a, b], params: {}, outputs: [isLarger] },
    { op: 'select', inputs: [isLarger, a, b], params: {}, outputs: [result] },
  ];
};

/** gather that takes the last element for an index beyond it. */
const clamping: Rewrite = (node) => {
  const [x, indices] = node.inputs;
  if (node.op !== 'gather' || x?.type.kind !== 'tensor' || indices === undefined) return node;
  const [low, high, zero, last] = [
    like(indices),
    like(indices),
    value(tensorType([], 'i32')),
    value(tensorType([], 'i32')),
  ];
  const number = (n: number, output: Value): Node => ({
    op: 'constant',
    inputs: [],
    params: { value: n, shape: [], dtype: 'i32' },
    outputs: [output],
  });
  return [
    number(0, zero),
    number((x.type.shape[node.params.axis] ?? 1) - 1, last),
    { op: 'maximum', inputs: [indices, zero], params: {}, outputs: [low] },
    { op: 'minimum', inputs: [low, last], params: {}, outputs: [high] },
    { ...node, inputs: [x, high] },
  ];
};

/** A whileLoop whose iterations all leave entries on the tapes. */
const alwaysAdvancing: Rewrite = (node) => {
  if (node.op !== 'whileLoop' || !node.params.advances) return node;
  const { body } = node.params;
  return {
    ...node,
    params: { ...node.params, advances: false, body: { ...body, outputs: body.outputs.slice(0, -1) } },
  };
};

/** A convolution whose padding before the image is behind it. */
const withPaddingExchanged: Rewrite = (node) => {
  if (node.op !== 'conv2d') return node;
  const { padBefore, padAfter } = node.params;
  return { ...node, params: { ...node.params, padBefore: padAfter, padAfter: padBefore } };
};

const untyped = async <T>(attempt: Promise<T>): Promise<T> => {
  try {
    return await attempt;
  } catch (error) {
    throw new Error(`engine failure: ${String(error)}`, { cause: error });
  }
};

const renamed =
  (from: string, to: string): Rewrite =>
  (node) =>
    node.op === from ? ({ ...node, op: to } as Node) : node;

const broken: readonly (readonly [string, () => Backend, readonly string[]])[] = [
  ['sin for cos', rewriting(renamed('cos', 'sin')), ['primitive cos']],
  ['tanh for erf', rewriting(renamed('erf', 'tanh')), ['primitive erf']],
  ['≤ for <', rewriting(renamed('less', 'lessEqual')), ['primitive less', 'a whileLoop of zero, one and many trips']],
  [
    'padding on the wrong side of images',
    rewriting(withPaddingExchanged),
    [
      'primitive conv2d',
      'primitive conv2dInputGrad',
      'primitive conv2dKernelGrad',
      'a training step of a small convolutional network',
    ],
  ],
  ['floor for round', rewriting(renamed('round', 'floor')), ['primitive round']],
  ['a product in single precision', rewriting(throughF32), ['primitive mul']],
  ['a maximum that loses NaN', rewriting(losingNaN), ['primitive maximum']],
  [
    'only the first leaf looked at for what is not finite',
    rewriting((node) => (node.op === 'allFinite' ? { ...node, inputs: node.inputs.slice(0, 1) } : node)),
    ['primitive allFinite'],
  ],
  [
    'cumulative sums from the start alone',
    rewriting((node) => (node.op === 'cumsum' ? { ...node, params: { ...node.params, reverse: false } } : node)),
    ['primitive cumsum'],
  ],
  [
    'scans that never run backwards',
    rewriting((node) => (node.op === 'scan' ? { ...node, params: { ...node.params, reverse: false } } : node)),
    [
      'a tape of zero, one and many entries, read forwards and backwards',
      'a scan along tensors, forwards and backwards, of zero, one and many rows',
      'the gradient of a scan, for its sequences, carry and captures',
    ],
  ],
  [
    'branches the wrong way round',
    rewriting((node) =>
      node.op === 'cond' ? { ...node, params: { then: node.params.else, else: node.params.then } } : node,
    ),
    [
      'both branches of a cond, and what they capture',
      'a cond in a cond, with an operand for a result',
      'a whileLoop in a scan in a cond',
    ],
  ],
  [
    'entries on the tape for iterations that did not advance',
    rewriting(alwaysAdvancing),
    ['iterations that do not advance leave no entry on the tape'],
  ],
  [
    'indices that are clamped',
    rewriting(clamping),
    ['never gathers a neighbour: an index out of range is an error or NaN'],
  ],
  [
    'the results of its first run for ever',
    wrapping((executable) => {
      let first: Promise<readonly DeviceArray[]> | undefined;
      return { run: (inputs, options) => (first ??= executable.run(inputs, options)) };
    }),
    ['keeps state on the device from run to run', 'keeps runs apart that overlap'],
  ],
  [
    'donations that are ignored',
    wrapping((executable) => ({ run: (inputs) => executable.run(inputs) })),
    ['takes donated inputs', 'does not start when it was aborted'],
  ],
  [
    'errors without a type',
    wrapping((executable) => ({ run: (inputs, options) => untyped(executable.run(inputs, options)) })),
    [
      'refuses inputs of another number, shape or dtype',
      'never gathers a neighbour: an index out of range is an error or NaN',
    ],
  ],
  [
    'counters that are never reset',
    wrapping((executable) => {
      let total = 0;
      return {
        counters: () => {
          const last = executable.counters?.();
          total += last?.calls['squarePlus'] ?? 0;
          return last === undefined ? undefined : { ...last, calls: { squarePlus: total } };
        },
      };
    }),
    ['counts the executions of a call, if it counts'],
  ],
  [
    'a host array that it keeps instead of a copy',
    () => {
      const backend = reference();
      return {
        ...backend,
        upload: async (array) => {
          const device = await backend.upload(array);
          return Object.assign(device, { read: () => Promise.resolve(array) });
        },
      };
    },
    ['copies what it is given and what it gives'],
  ],
  [
    'an integer that went through a float',
    () => {
      const backend = reference();
      return {
        ...backend,
        upload: (array) =>
          backend.upload(array.dtype === 'i32' ? { ...array, data: Int32Array.from(array.data, Math.fround) } : array),
      };
    },
    ['gives back what it was given, bit for bit'],
  ],
  [
    'no end after its disposal',
    () => ({ ...reference(), dispose: () => Promise.resolve() }),
    ['refuses everything after it was disposed'],
  ],
  [
    'graphs that it does not look at',
    () => {
      const backend = reference();
      const identity: Rewrite = (node) =>
        node.op === 'stopGradient' ? { op: 'neg', inputs: node.inputs, params: {}, outputs: node.outputs } : node;
      return { ...backend, compile: (graph) => backend.compile(rewritten(graph, identity)) };
    },
    ['refuses graphs that it can not run'],
  ],
];

describe('the backend suite', () => {
  it('passes the reference engine', async () => {
    expect(await failuresOf(backendChecks(() => reference({ poison: true })))).toEqual([]);
  });

  it('passes an engine that has no f64 and lowers no composite itself', async () => {
    const backend = reference();
    const modest = (): Backend => ({
      ...backend,
      capabilities: { dtypes: ['f32', 'i32', 'bool'], composites: [] },
      compile: (graph) => {
        const types = [...graph.inputs, ...graph.outputs].map(({ type }) =>
          type.kind === 'tape' ? type.element.dtype : type.dtype,
        );
        expect(graph.nodes.filter(({ op }) => composites.includes(op))).toEqual([]);
        return types.includes('f64')
          ? Promise.reject(Object.assign(new Error('no f64'), { code: 'UNSUPPORTED' }))
          : backend.compile(graph);
      },
    });
    const failures = await failuresOf(
      backendChecks(modest).filter(({ name }) => !name.startsWith('refuses everything')),
    );
    expect(failures).toEqual([]);
  });

  it.each(broken)('fails an engine with %s', async (_, make, expected) => {
    const failures = await failuresOf(backendChecks(make), expected);
    expect(failures.map(({ name }) => name).sort()).toEqual([...expected].sort());
  });
});
