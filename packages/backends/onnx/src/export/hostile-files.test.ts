/** Files that somebody made to do harm: their checksum fits, and what they say does not. */
import type { Tensor } from '@node-ode/core';
import { bounded, damaged, objectNames, type Outcome } from '@node-ode/tools/fuzz';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeModel } from '../model/decode.ts';
import { encodeModel } from '../model/encode.ts';
import type { Attribute, OnnxGraph, OnnxModel, OnnxNode } from '../model/ir.ts';
import { exportOnnx } from './export-onnx.ts';
import { readInterface, withInterface, type FileInterface } from './file-interface.ts';
import { loadOnnx } from './load-onnx.ts';

const file = exportOnnx(
  (x: Tensor, { a }: { readonly a: Tensor }) => ({ y: x.mul(a).sum({ axes: [1] }) }),
  [{ shape: ['batch', 3] }, { a: { shape: [3] } }],
);
const model = decodeModel(file);
const { described } = readInterface(model);

/** A file of this model that says this of itself, with the checksum that belongs to it. */
const forged = (changes: Partial<FileInterface>, graph: OnnxGraph = model.graph): Uint8Array => {
  const { metadata: _, ...rest } = model;
  const whole: OnnxModel = { ...rest, graph, metadata: {} };
  return encodeModel(withInterface(whole, { ...described, ...changes }, {})).bytes;
};

const load = (bytes: Uint8Array, codes: readonly string[] = ['FORMAT']): Promise<Outcome<void>> =>
  bounded(bytes.length, async () => (await loadOnnx(bytes)).dispose(), { codes, bytes: 30_000_000 });

const nested = (depth: number): unknown => {
  let tree: unknown = 0;
  for (let i = 0; i < depth; i++) tree = [tree];
  return tree;
};

describe('what a file says of its trees', () => {
  it('is believed where it fits', async () => {
    expect(await load(forged({}))).toHaveProperty('value');
  });

  it.each<readonly [string, Partial<FileInterface>]>([
    ['nested deep', { arguments: [nested(2000), 1] }],
    ['nested deep, the result', { result: nested(2000) }],
    ['a position that is text', { arguments: [0, { a: 'x' }] }],
    ['a position that is nothing', { result: { y: null } }],
    ['a position that is no integer', { arguments: [0.5, { a: 1 }] }],
    ['a position beyond the inputs', { arguments: [0, { a: 2 }] }],
    ['a position below them', { arguments: [-1, { a: 1 }] }],
    ['an input twice', { arguments: [0, { a: 0 }] }],
    ['an input too few', { arguments: [0] }],
    ['no arguments', { arguments: {} }],
    ['an output that is not there', { nfe: 'none' }],
    ['a failure that is not there', { failures: { none: 'report' } }],
    ['a failure called as objects are', { failures: { constructor: 'report' } }],
  ])('is refused: %s', async (_what, changes) => {
    expect(await load(forged(changes))).toHaveProperty('refused');
  });

  it('may be anything', async () => {
    const anything = fc.letrec<{ readonly tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.nat(3),
        fc.constantFrom<unknown>(null, -1, 0.5, 1e300, 'x', true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom<string>(...objectNames), fc.string()), tie('tree'), { maxKeys: 3 }),
      ),
    })).tree;
    await fc.assert(
      fc.asyncProperty(
        anything,
        anything,
        async (args, result) => void (await load(forged({ arguments: args, result }))),
      ),
      { numRuns: 60 },
    );
  });
});

/** A change to a node. */
const nodeChange: fc.Arbitrary<(node: OnnxNode, others: readonly OnnxNode[]) => OnnxNode> = fc.oneof(
  fc
    .constantFrom('If', 'Loop', 'Expand', 'Reshape', 'ConstantOfShape', 'Gather', 'Pad', 'nothing at all')
    .map((opType) => (node: OnnxNode) => ({ ...node, opType })),
  fc
    .tuple(fc.string({ maxLength: 5 }), fc.oneof(fc.constantFrom(0, 1, -1, 2 ** 31, 2 ** 53 - 1), fc.integer()))
    .map(([name, value]) => (node: OnnxNode) => ({
      ...node,
      attributes: { ...node.attributes, [name === '' ? 'axis' : name]: { kind: 'int', value } satisfies Attribute },
    })),
  fc.constant((node: OnnxNode) => ({ ...node, inputs: [...node.inputs].reverse() })),
  fc.constant((node: OnnxNode) => ({ ...node, inputs: node.inputs.slice(1) })),
  fc.constant((node: OnnxNode) => ({ ...node, inputs: [...node.inputs, ...node.inputs] })),
);

it('a graph that makes no sense is refused by a typed error, whichever program finds it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(), nodeChange), { minLength: 1, maxLength: 3 }), async (changes) => {
      const nodes = [...model.graph.nodes];
      for (const [at, change] of changes) {
        const i = at % nodes.length;
        nodes[i] = change(nodes[i]!, nodes);
      }
      await load(forged({}, { ...model.graph, nodes }), ['FORMAT', 'EXECUTION', 'UNSUPPORTED']);
    }),
    { numRuns: 80 },
  );
});

it('a damaged file is refused', async () => {
  await fc.assert(
    fc.asyncProperty(damaged(file), async (bytes) => void (await load(bytes))),
    { numRuns: 150 },
  );
});
