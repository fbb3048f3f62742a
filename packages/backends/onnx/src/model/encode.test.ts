import { OptionError, ShapeError, UnsupportedError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { handMade } from '../../test/hand-made-model.ts';
import { countNodes } from './count-nodes.ts';
import { encodeModel } from './encode.ts';
import { contentHash } from './hash.ts';
import type { Attribute, OnnxModel, OnnxTensor } from './ir.ts';

const withAttribute = (attribute: Attribute): OnnxModel => ({
  ...handMade,
  graph: {
    ...handMade.graph,
    nodes: [{ opType: 'Op', inputs: [], outputs: [], origin: '', attributes: { a: attribute } }],
    outputs: [],
  },
});

const withTensors = (tensors: readonly OnnxTensor[]): OnnxModel => ({
  ...handMade,
  graph: { ...handMade.graph, initializers: tensors.map((tensor, i) => ({ name: `t${i}`, tensor, origin: '' })) },
});

describe('what encodeModel refuses', () => {
  it('a file beyond 2 GiB, before its bytes are copied', () => {
    const tensor = { elementType: 'float', dims: [2 ** 23], data: new Float32Array(2 ** 23) } as const; // 32 MiB
    const large = withTensors(Array.from({ length: 64 }, () => tensor));
    expect(() => encodeModel(large)).toThrow(UnsupportedError);
    expect(() => encodeModel(large)).toThrow(/takes at least 2147483648 bytes.*externalData/);
  });

  it.each<[Attribute, RegExp]>([
    [{ kind: 'int', value: 1.5 }, /attribute 'a' of Op_0 is 1\.5; expected an integer/],
    [{ kind: 'ints', value: [1, 2 ** 53] }, /is 9007199254740992/],
    [{ kind: 'float', value: 1e39 }, /is 1e\+39; expected a number in the range of float32/],
    [{ kind: 'floats', value: [-1e39] }, /is -1e\+39/],
  ])('attributes out of range: %j', (attribute, message) => {
    const encode = () => encodeModel(withAttribute(attribute));
    expect(encode).toThrow(OptionError);
    expect(encode).toThrow(message);
  });

  it('a tensor that has not the elements of its shape', () => {
    const encode = () => encodeModel(withTensors([{ elementType: 'float', dims: [2, 2], data: new Float32Array(3) }]));
    expect(encode).toThrow(ShapeError);
    expect(encode).toThrow(/initializer 't0' of shape \[2, 2\] has 3 elements/);
  });

  it.each(['', '/tmp/w', '../w', 'a\\b'])('a side file at %j', (location) => {
    expect(() => encodeModel(handMade, { externalData: { location } })).toThrow(OptionError);
  });

  it.each([-1, Number.NaN])('a threshold of %d', (threshold) => {
    expect(() => encodeModel(handMade, { externalData: { location: 'w', threshold } })).toThrow(OptionError);
  });
});

describe('reports of a model', () => {
  it('count the nodes of subgraphs', () => {
    expect(countNodes(handMade.graph)).toEqual({
      ...{ Add: 2, Cast: 1, Constant: 1, Equal: 1, Gather: 1, Identity: 1, If: 1 },
      ...{ Loop: 1, Mod: 1, Mul: 4, Not: 1, ReduceSum: 2, Sub: 1 },
    });
  });

  it('hash its bytes with SHA-256', async () => {
    // FIPS 180-2, appendix B.1.
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(await contentHash(new TextEncoder().encode('abc'))).toBe(abc);
    expect(await contentHash(encodeModel(handMade).bytes)).toBe(await contentHash(encodeModel({ ...handMade }).bytes));
    expect(await contentHash(encodeModel(handMade).bytes)).not.toBe(
      await contentHash(encodeModel({ ...handMade, opset: 19 }).bytes),
    );
  });
});
