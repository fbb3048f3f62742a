import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handMade } from '../../test/hand-made-model.ts';
import { randomModel } from '../../test/random-model.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { ModelProtoSchema, type ModelProto } from './generated/onnx_pb.ts';
import type { OnnxModel, OnnxTensor } from './ir.ts';
import { tensorFromBytes, toLittleEndian } from './tensor-bytes.ts';

const messages = (model: OnnxModel, options = {}): ModelProto =>
  fromBinary(ModelProtoSchema, encodeModel(model, options).bytes);

describe('a model written and read', () => {
  it('is the same, by hand and at random', () => {
    expect(decodeModel(encodeModel(handMade).bytes)).toStrictEqual(handMade);
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const model = randomModel(draw);
        expect(decodeModel(encodeModel(model).bytes)).toStrictEqual(model);
      }),
      { numRuns: 100 },
    );
  });

  it('is the same with its constants beside it', () => {
    fc.assert(
      fc.property(fc.gen(), fc.nat({ max: 64 }), (draw, threshold) => {
        const model = randomModel(draw);
        const { bytes, externalData } = encodeModel(model, { externalData: { location: 'a/b.data', threshold } });
        const read = decodeModel(bytes, {
          externalData: (location) => {
            expect(location).toBe('a/b.data');
            return externalData!;
          },
        });
        expect(read).toStrictEqual(model);
      }),
      { numRuns: 50 },
    );
  });

  it('lies at any address of a larger buffer', () => {
    const { bytes } = encodeModel(handMade);
    for (let shift = 1; shift < 9; shift += 1) {
      const buffer = new Uint8Array(bytes.length + 16);
      buffer.set(bytes, shift);
      expect(decodeModel(buffer.subarray(shift, shift + bytes.length))).toStrictEqual(handMade);
    }
    expect(decodeModel(Buffer.from(bytes))).toStrictEqual(handMade);
  });

  it('keeps nothing of the file', () => {
    const { bytes } = encodeModel(handMade);
    const read = decodeModel(Buffer.from(bytes.buffer));
    bytes.fill(0);
    expect(read).toStrictEqual(handMade);
  });

  it('gives equal bytes for equal models, whatever the order of their keys', () => {
    const reversed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(record).reverse());
    const attributes = { b: { kind: 'int', value: 1 }, a: { kind: 'float', value: 2 } } as const;
    const model = (sort: typeof reversed): OnnxModel => ({
      ...handMade,
      metadata: sort(handMade.metadata),
      graph: {
        ...handMade.graph,
        nodes: [{ opType: 'Op', inputs: [], outputs: [], origin: '', attributes: sort(attributes) }],
        outputs: [],
      },
    });
    const first = encodeModel(model((record) => ({ ...record }))).bytes;
    expect(encodeModel(model(reversed)).bytes).toEqual(first);
  });
});

describe('what is in the file', () => {
  it('names the producer, and every node once', () => {
    const proto = messages(handMade);
    expect(proto.producerName).toBe('node-ode');
    expect(proto.opsetImport).toMatchObject([{ domain: '', version: 18n }]);
    expect(proto.graph!.node.map(({ name }) => name)).toEqual([
      'Loop_0',
      'Mul_13',
      'Add_14',
      'Not_15',
      'Gather_16',
      'Constant_17',
    ]);
    expect(proto.graph!.node[0]!.attribute[0]!.g!.node.map(({ name }) => name)).toEqual([
      'Mul_1',
      'Mod_2',
      'Equal_3',
      'If_4',
      'Cast_11',
      'Identity_12',
    ]);
  });

  it('says what nodes were made from, unless that is left out', () => {
    expect(messages(handMade).graph!.node[1]!.docString).toBe('made by hand: Mul');
    const { bytes } = encodeModel(handMade, { origins: false });
    expect(decodeModel(bytes).graph.nodes.map(({ origin }) => origin)).toEqual(['', '', '', '', '', '']);
    expect(bytes.length).toBeLessThan(encodeModel(handMade).bytes.length);
  });

  it('puts large initializers, and those alone, on pages of the side file', () => {
    const { bytes, externalData } = encodeModel(handMade, { externalData: { location: 'w.data' } });
    expect(bytes.length).toBeLessThan(encodeModel(handMade).bytes.length - 3 * 1024);
    const { initializer, node } = fromBinary(ModelProtoSchema, bytes).graph!;
    const outside = initializer.filter(({ dataLocation }) => dataLocation === 1);
    expect(outside.map(({ name }) => name)).toEqual(['long']);
    // The branches' tables come in the order of the attributes, which is that of their names: else_branch is first.
    const branches = node[0]!.attribute[0]!.g!.node[3]!.attribute.map(({ g }) => g!.initializer[0]!);
    const regions = [...outside, ...branches].map(({ externalData: entries }) => entries.map(({ value }) => value));
    expect(regions).toEqual([
      ['w.data', '0', '1600'],
      ['w.data', '4096', '2048'],
      ['w.data', '8192', '2048'],
    ]);
    expect(externalData!.length).toBe(8192 + 2048);
    expect(new Float32Array(externalData!.buffer, 4096, 512)).toEqual(new Float32Array(512).fill(2 ** -9));
  });

  it('has no side file if nothing is large', () => {
    expect(encodeModel(handMade, { externalData: { location: 'w.data', threshold: 1e6 } })).not.toHaveProperty(
      'externalData',
    );
  });
});

describe('elements on a big-endian machine', () => {
  const tensors: readonly OnnxTensor[] = [
    { elementType: 'float', dims: [2], data: Float32Array.of(1.5, -0) },
    { elementType: 'double', dims: [1], data: Float64Array.of(Math.PI) },
    { elementType: 'int32', dims: [2], data: Int32Array.of(1, -2) },
    { elementType: 'int64', dims: [1], data: BigInt64Array.of(-3n) },
    { elementType: 'bool', dims: [3], data: Uint8Array.of(1, 0, 1) },
  ];
  it.each(tensors)('are turned round: $elementType', (tensor) => {
    const swapped = toLittleEndian(tensor.data, false);
    const { elementType, dims } = tensor;
    expect(tensorFromBytes(elementType, dims, swapped, { littleEndian: false })).toStrictEqual(tensor);
    expect(tensorFromBytes(elementType, dims, swapped, { littleEndian: false, view: true })).toStrictEqual(tensor);
  });

  it('are the bytes of each element in reverse', () => {
    expect(toLittleEndian(Uint8Array.of(1, 0), false)).toEqual(Uint8Array.of(1, 0));
    const asBig = new Int32Array(Uint8Array.of(0, 0, 1, 2, 0, 0, 0, 3).buffer);
    expect(toLittleEndian(asBig, false)).toEqual(Uint8Array.of(2, 1, 0, 0, 3, 0, 0, 0));
  });
});

describe('models that others wrote', () => {
  it('may have elements in typed fields, their documentation, and other operator sets that they do not use', () => {
    const proto = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: 'someone',
      opsetImport: [
        { domain: 'com.microsoft', version: 1n },
        { domain: 'ai.onnx', version: 21n },
      ],
      graph: {
        name: 'g',
        docString: 'a graph',
        valueInfo: [{ name: 'f', type: { value: { case: 'tensorType', value: { elemType: 16 } } } }],
        initializer: [
          { name: 'f', dataType: 1, dims: [2n], floatData: [1.5, -2] },
          { name: 'd', dataType: 11, dims: [1n], doubleData: [Math.PI] },
          { name: 'i', dataType: 6, dims: [], int32Data: [-7] },
          { name: 'l', dataType: 7, dims: [2n, 1n], int64Data: [-1n, 2n ** 40n] },
          { name: 'b', dataType: 9, dims: [2n], int32Data: [0, 1] },
          { name: 'none', dataType: 1, dims: [0n, 3n] },
        ],
        // A default for an input, as files before version 4 of the format have for every initializer.
        input: [{ name: 'f', type: { value: { case: 'tensorType', value: { elemType: 1 } } } }],
        // A proto3 writer leaves out an attribute's value where it is zero.
        node: [
          { opType: 'Op', domain: 'ai.onnx', input: ['f'], output: ['y'], attribute: [{ name: 'axis', type: 2 }] },
        ],
        output: [
          {
            name: 'y',
            type: { value: { case: 'tensorType', value: { elemType: 1, shape: { dim: [{}, { denotation: 'D' }] } } } },
          },
        ],
      },
    });
    expect(decodeModel(toBinary(ModelProtoSchema, proto))).toStrictEqual({
      irVersion: 10,
      opset: 21,
      metadata: {},
      graph: {
        name: 'g',
        inputs: [{ name: 'f', elementType: 'float', dims: undefined }],
        outputs: [{ name: 'y', elementType: 'float', dims: ['', ''] }],
        initializers: [
          { name: 'f', tensor: { elementType: 'float', dims: [2], data: Float32Array.of(1.5, -2) }, origin: '' },
          { name: 'd', tensor: { elementType: 'double', dims: [1], data: Float64Array.of(Math.PI) }, origin: '' },
          { name: 'i', tensor: { elementType: 'int32', dims: [], data: Int32Array.of(-7) }, origin: '' },
          {
            name: 'l',
            tensor: { elementType: 'int64', dims: [2, 1], data: BigInt64Array.of(-1n, 2n ** 40n) },
            origin: '',
          },
          { name: 'b', tensor: { elementType: 'bool', dims: [2], data: Uint8Array.of(0, 1) }, origin: '' },
          { name: 'none', tensor: { elementType: 'float', dims: [0, 3], data: new Float32Array() }, origin: '' },
        ],
        nodes: [
          {
            opType: 'Op',
            inputs: ['f'],
            outputs: ['y'],
            attributes: { axis: { kind: 'int', value: 0 } },
            origin: '',
          },
        ],
      },
    });
  });
});
