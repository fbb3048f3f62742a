import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FormatError } from '@node-ode/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handMade } from '../../test/hand-made-model.ts';
import { randomModel } from '../../test/random-model.ts';
import { decodeModel, type DecodeOptions } from './decode.ts';
import { encodeModel } from './encode.ts';
import {
  ModelProtoSchema,
  TypeProto_SequenceSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from './generated/onnx_pb.ts';
import type { Attribute, OnnxGraph } from './ir.ts';
import { decodedLimit } from './wire.ts';

const valid = encodeModel(handMade).bytes;

/** The hand-made model's file, after a change to its messages. */
const changed = (change: (proto: ModelProto & { graph: GraphProto }) => void): Uint8Array => {
  const proto = fromBinary(ModelProtoSchema, valid);
  change(proto as ModelProto & { graph: GraphProto });
  return toBinary(ModelProtoSchema, proto);
};

const refuse = (bytes: Uint8Array, message: RegExp, options?: DecodeOptions): void => {
  const decode = () => decodeModel(bytes, options);
  expect(decode).toThrow(FormatError);
  expect(decode).toThrow(message);
};

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

/** A length-delimited field. */
const field = (number: number, content: Uint8Array | readonly number[]): Uint8Array =>
  Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length), ...content]);

describe('other files', () => {
  it.each([
    ['nothing', new Uint8Array(), /empty file/],
    [
      'a Git LFS pointer',
      ascii('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /Git LFS pointer.*git lfs pull/,
    ],
    ['a page', ascii('<!DOCTYPE html><title>404</title>'), /HTML/],
    ['a zip archive', ascii('PK\u0003\u0004archive/data.pkl'), /zip archive/],
    ['an ORT file', ascii('\u0020\u0000\u0000\u0000ORTM\u0000\u0000'), /ONNX Runtime's own format/],
    ['JSON', ascii('{"graph": {}}'), /no ONNX file/],
    ['zeros', new Uint8Array(1000), /no ONNX file: at byte 1/],
    ['another protobuf', field(99, [1, 2, 3]), /holds no graph/],
    ['a group', Uint8Array.of(0x0b, 0x0c), /wire type 3/],
  ])('%s', (_name, bytes, message) => {
    refuse(bytes, message);
  });

  it('a model without a version', () => {
    refuse(
      changed((model) => (model.opsetImport = [])),
      /imports 0 versions/,
    );
    refuse(
      changed((model) => model.opsetImport.push(model.opsetImport[0]!)),
      /imports 2 versions/,
    );
    refuse(
      changed((model) => (model.opsetImport[0]!.version = -1n)),
      /operator set is -1/,
    );
    refuse(
      changed((model) => (model.irVersion = 0n)),
      /file format is 0/,
    );
  });
});

describe('damaged files', () => {
  it('cut off anywhere', () => {
    for (let length = 0; length < valid.length; length += 1) {
      // A file that ends after the graph, before the metadata, is a whole model: protobuf has no end mark.
      const ends = decodesOrRefuses(valid.subarray(0, length));
      if (length < valid.length - 100) expect(ends).toBe('refused');
    }
    refuse(valid.subarray(0, 2000), /of which \d+ are there\. Is the file truncated\?/);
  });

  it('changed at random', () => {
    const edits = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }),
        fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 8 }) }),
        fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), count: fc.nat({ max: 8 }) }),
        fc.record({ kind: fc.constant('truncate' as const), at: fc.nat() }),
        fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), count: fc.nat({ max: 64 }) }),
      ),
      { minLength: 1, maxLength: 4 },
    );
    type Edit = typeof edits extends fc.Arbitrary<(infer E)[]> ? E : never;
    const apply = (bytes: Uint8Array, edit: Edit): Uint8Array => {
      const at = edit.at % (bytes.length + 1);
      const [before, after] = [[...bytes.subarray(0, at)], [...bytes.subarray(at)]];
      switch (edit.kind) {
        case 'flip':
          return Uint8Array.from([...before, ...after.slice(0, 1).map((byte) => byte ^ edit.by), ...after.slice(1)]);
        case 'insert':
          return Uint8Array.from([...before, ...edit.bytes, ...after]);
        case 'remove':
          return Uint8Array.from([...before, ...after.slice(edit.count)]);
        case 'truncate':
          return Uint8Array.from(before);
        case 'repeat':
          return Uint8Array.from([...before, ...after.slice(0, edit.count), ...after]);
      }
    };
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.gen(), edits, fc.boolean(), (draw, list, aside) => {
        const { bytes, externalData } = encodeModel(randomModel(draw), {
          ...(aside ? { externalData: { location: 'data', threshold: 8 } } : {}),
        });
        const options = externalData === undefined ? {} : { externalData: () => externalData };
        seen.add(decodesOrRefuses(list.reduce(apply, bytes), options));
      }),
      { numRuns: 400 },
    );
    expect([...seen].sort()).toEqual(['decoded', 'refused']);
  });

  it('of random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        decodesOrRefuses(bytes);
        decodesOrRefuses(field(7, bytes));
        decodesOrRefuses(field(7, field(1, bytes)));
        decodesOrRefuses(field(7, field(5, bytes)));
      }),
      { numRuns: 300 },
    );
  });
});

/** Fails on anything thrown but a FormatError. */
const decodesOrRefuses = (bytes: Uint8Array, options?: DecodeOptions): 'decoded' | 'refused' => {
  try {
    decodeModel(bytes, options);
    return 'decoded';
  } catch (error) {
    if (error instanceof FormatError) return 'refused';
    throw error;
  }
};

describe('tensors that do not hold together', () => {
  const initializer = (change: (tensor: GraphProto['initializer'][number]) => void): Uint8Array =>
    changed(({ graph }) => {
      change(graph.initializer[4]!); // 'd', two doubles
    });

  it.each<[string, Parameters<typeof initializer>[0], RegExp]>([
    ['too little data', (t) => (t.rawData = new Uint8Array(8)), /'d' of shape \[2\] has 8 bytes of data; expected 16/],
    ['no data', (t) => (t.rawData = new Uint8Array()), /has 0 elements of data; expected 2/],
    ['a negative extent', (t) => (t.dims = [-2n]), /'d' has an extent of -2/],
    ['a huge extent', (t) => (t.dims = [2n ** 60n]), /extent of 1152921504606846976/],
    ['a huge product', (t) => (t.dims = [2n ** 40n, 2n ** 40n]), /16 bytes of data; expected 9\.67/],
    [
      'more extents than it should',
      (t) => (t.dims = Array.from({ length: 5000 }, () => 2n)),
      /\[2, 2, 2, 2, 2, 2, 2, 2, …\]/,
    ],
    ['another element type', (t) => (t.dataType = 10), /elements of FLOAT16; expected one of float, double/],
    ['an unknown element type', (t) => (t.dataType = 1234), /element type 1234/],
    ['no element type', (t) => (t.dataType = 0), /elements of UNDEFINED/],
    [
      'elements in two places',
      (t) => (t.doubleData = [1, 2]),
      /elements in doubleData; expected them in rawData alone/,
    ],
    [
      'elements of another type',
      (t) => {
        t.rawData = new Uint8Array();
        t.floatData = [1, 2];
      },
      /elements in floatData/,
    ],
    [
      'a bool of 2',
      (t) => {
        t.dataType = 9;
        t.rawData = Uint8Array.of(0, 2);
      },
      /neither 0 nor 1/,
    ],
  ])('%s', (_name, change, message) => {
    refuse(initializer(change), message);
  });
});

describe('external data that does not hold together', () => {
  const { bytes, externalData } = encodeModel(handMade, { externalData: { location: 'model.data' } });
  const source = { externalData: () => externalData! };
  const entry = (key: string, value: string): Uint8Array => {
    const proto = fromBinary(ModelProtoSchema, bytes);
    const entries = proto.graph!.initializer.find(({ name }) => name === 'long')!.externalData;
    entries.find((each) => each.key === key)!.value = value;
    return toBinary(ModelProtoSchema, proto);
  };

  it.each([
    '/etc/passwd',
    '../../etc/passwd',
    'a/../../b',
    '..',
    'C:\\data',
    'C:data',
    'a\\..\\..\\b',
    '',
    'a\0b',
    'file:///etc/passwd',
  ])('at %j', (location) => {
    const never = () => {
      throw new Error('asked for it');
    };
    refuse(entry('location', location), /expected a path relative to the model's folder/, { externalData: never });
  });

  it.each([
    ['offset', '999999', /lies at bytes 999999 to 1001599 of 'model\.data', which has 10240/],
    ['offset', '-1', /the offset '-1'/],
    ['offset', '9'.repeat(40), /the offset '9+'; expected a number of bytes in decimal/],
    ['length', '8', /has 8 bytes of external data; expected 1600/],
    ['length', '1e3', /the length '1e3'/],
  ])('%s %s', (key, value, message) => {
    refuse(entry(key, value), message, source);
  });

  it('a truncated, missing, or unreadable side file', () => {
    refuse(bytes, /Is the side file truncated/, { externalData: () => externalData!.subarray(0, 9000) });
    refuse(bytes, /lies in the side file 'model\.data'\. Pass/);
    const missing = () => {
      throw new Error('ENOENT');
    };
    refuse(bytes, /side file 'model\.data' of initializer 'long' can't be read/, { externalData: missing });
    const files = new Map<string, Uint8Array>();
    refuse(bytes, /there is no side file 'model\.data'/, { externalData: (location) => files.get(location)! });
  });

  it('no location, two locations, and a copy of the data in the file', () => {
    const change = (edit: (tensor: GraphProto['initializer'][number]) => void): Uint8Array => {
      const proto = fromBinary(ModelProtoSchema, bytes);
      edit(proto.graph!.initializer.find(({ name }) => name === 'long')!);
      return toBinary(ModelProtoSchema, proto);
    };
    refuse(
      change((tensor) => (tensor.externalData = [])),
      /says that its data is external, and not where/,
      source,
    );
    refuse(
      change(({ externalData: list }) => list.push(list[0]!)),
      /says a property of its external data twice/,
      source,
    );
    refuse(
      change((tensor) => (tensor.rawData = Uint8Array.of(1))),
      /elements in rawData; expected external data alone/,
      source,
    );
  });

  it('a region that many tensors share is read, and read once', () => {
    const shared = fromBinary(ModelProtoSchema, bytes);
    const long = shared.graph!.initializer.find(({ name }) => name === 'long')!;
    for (let i = 0; i < 100; i += 1) shared.graph!.initializer.push({ ...long, name: `copy${i}` });
    let reads = 0;
    const model = decodeModel(toBinary(ModelProtoSchema, shared), {
      externalData: () => {
        reads += 1;
        return externalData!;
      },
    });
    expect(reads).toBe(1);
    expect(model.graph.initializers.at(-1)!.tensor.data).toEqual(handMade.graph.initializers[7]!.tensor.data);
  });

  it('tensors that overlap, so that together they are larger than the file', () => {
    const overlapping = fromBinary(ModelProtoSchema, bytes);
    const long = overlapping.graph!.initializer.find(({ name }) => name === 'long')!;
    for (let i = 1; i < 100; i += 1) {
      const entries = long.externalData.map((each) => (each.key === 'offset' ? { ...each, value: String(i) } : each));
      overlapping.graph!.initializer.push({ ...long, name: `copy${i}`, externalData: entries });
    }
    refuse(toBinary(ModelProtoSchema, overlapping), /tensors overlap in the side file 'model\.data'/, source);
  });
});

describe('graphs that do not hold together', () => {
  const body = (graph: GraphProto): GraphProto => graph.node[0]!.attribute[0]!.g!;
  it.each<[string, (graph: GraphProto) => unknown, RegExp]>([
    [
      'an undefined name',
      (g) => (g.node[1]!.input[0] = 'nowhere'),
      /'Mul' node of 'squares' uses 'nowhere', which nothing defines/,
    ],
    [
      'a name computed later',
      (g) => g.node.reverse() && (g.node.at(-1)!.input[0] = 'y'),
      /uses 'y', which is computed only later/,
    ],
    [
      'a cycle',
      (g) => ((g.node[1]!.input[0] = 'doubled'), (g.node[2]!.input[0] = 'squares')),
      /'doubled', which is computed only later.*without a cycle/,
    ],
    ['a name of an inner graph', (g) => (g.node[1]!.input[0] = 'scaled'), /uses 'scaled', which nothing defines/],
    ['an undefined name in an inner graph', (g) => (body(g).node[0]!.input[1] = 'ratio'), /uses 'ratio'/],
    ["a loop's own result in its body", (g) => (body(g).node[0]!.input[1] = 'y'), /uses 'y', which nothing defines/],
    [
      'a name twice',
      (g) => (g.node[1]!.output[0] = 'y'),
      /the name 'y', of an output of the 'Mul' node of 'y', is defined twice/,
    ],
    ['an input twice', (g) => (g.input[1]!.name = 'x'), /the name 'x', of an input, is defined twice/],
    ['an initializer twice', (g) => (g.initializer[1]!.name = 'rate'), /the name 'rate', of an initializer/],
    ['an outer name in an inner graph', (g) => (body(g).node[0]!.output[0] = 'x'), /the name 'x'/],
    ['an input without a name', (g) => (g.input[0]!.name = ''), /an input of graph 'hand_made' has no name/],
    [
      'an output that is never computed',
      (g) => (g.output[0]!.name = 'z'),
      /output 'z' of graph 'hand_made' is never computed/,
    ],
    ['an output twice', (g) => (g.output[1]!.name = 'y'), /has the output 'y' twice/],
    ['a node of nothing', (g) => (g.node[0]!.opType = ''), /names no operator/],
    ['an operator of another set', (g) => (g.node[0]!.domain = 'com.microsoft'), /operator set 'com\.microsoft'/],
    ['an input without a type', (g) => delete g.input[0]!.type, /'x' has no type; expected the type of a tensor/],
    [
      'a sequence',
      (g) => (g.input[0]!.type!.value = { case: 'sequenceType', value: create(TypeProto_SequenceSchema) }),
      /'x' has sequenceType/,
    ],
    ['a negative extent', (g) => setDim(g, -1n), /'x' has an extent of -1/],
  ])('%s', (_name, change, message) => {
    refuse(
      changed(({ graph }) => void change(graph)),
      message,
    );
  });

  const setDim = (graph: GraphProto, value: bigint): void => {
    const { type } = graph.input[0]!;
    if (type?.value.case === 'tensorType') type.value.value.shape!.dim[0]!.value = { case: 'dimValue', value };
  };

  const attribute = (node: NodeProto): NodeProto['attribute'][number] => node.attribute[0]!;
  it.each<[string, (node: NodeProto) => unknown, RegExp]>([
    ['twice', (n) => n.attribute.push(attribute(n)), /has the attribute 'axis' twice/],
    ['without a name', (n) => (attribute(n).name = ''), /an attribute without a name/],
    ['without a kind', (n) => (attribute(n).type = 0), /is of kind UNDEFINED/],
    ['of another kind', (n) => (attribute(n).type = 8), /is of kind STRINGS; expected one of INT, INTS/],
    ['of a function', (n) => (attribute(n).refAttrName = 'a'), /refers to one of a function/],
    ['beyond 2^53', (n) => (attribute(n).i = 2n ** 63n - 1n), /is 9223372036854775807/],
    ['without its tensor', (n) => (attribute(n).type = 4), /'axis' of node 'Gather_16' \('Gather'\) has no value/],
    ['without its graph', (n) => (attribute(n).type = 5), /has no value/],
    [
      'of broken text',
      (n) => {
        attribute(n).type = 3;
        attribute(n).s = Uint8Array.of(0xff);
      },
      /is no text; expected UTF-8/,
    ],
  ])('an attribute %s', (_name, change, message) => {
    refuse(
      changed(({ graph }) => void change(graph.node[4]!)),
      message,
    );
  });

  it('metadata with a key twice, sparse tensors, functions, training information', () => {
    refuse(
      changed(({ metadataProps: props }) => props.push(props[0]!)),
      /the metadata has a key twice/,
    );
    const bytes = (graph: Uint8Array): Uint8Array => Uint8Array.from([...valid, ...graph]);
    refuse(bytes(field(7, field(15, []))), /sparse initializers/);
    refuse(bytes(field(25, [])), /functions of its own/);
    refuse(bytes(field(20, [])), /training information/);
  });
});

describe('files made to exhaust the reader', () => {
  it('graphs nested beyond any use', () => {
    const nested = (depth: number): OnnxGraph => ({
      ...{ name: 'g', inputs: [], outputs: [], initializers: [] },
      nodes:
        depth === 0
          ? []
          : [{ opType: 'If', inputs: [], outputs: [], origin: '', attributes: { g: graphOf(nested(depth - 1)) } }],
    });
    const graphOf = (value: OnnxGraph): Attribute => ({ kind: 'graph', value });
    const deepest = { ...handMade, graph: nested(31) };
    expect(decodeModel(encodeModel(deepest).bytes)).toStrictEqual(deepest);
    let bytes: Uint8Array = new Uint8Array();
    for (let i = 0; i < 300; i += 1) bytes = field(1, field(5, field(6, bytes)));
    refuse(Uint8Array.from([...valid, ...field(7, bytes)]), /messages are nested more than 100 deep/);
    expect(() => encodeModel({ ...handMade, graph: nested(32) })).toThrow(/more than 32 graphs are nested/);
  });

  it('millions of empty messages, or of elements that take more memory than file', () => {
    const filled = (number: number, content: Uint8Array): Uint8Array => {
      const head = Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]);
      const bytes = new Uint8Array(head.length + content.length);
      bytes.set(head);
      bytes.set(content, head.length);
      return bytes;
    };
    // Two bytes for each empty node; one for each element of int64_data.
    const nodes = new Uint8Array(decodedLimit / 200 + 100).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
    refuse(filled(7, nodes), /takes more than 536870912 bytes of memory to read/);
    const elements = new Uint8Array(decodedLimit / 32 + 100);
    refuse(filled(7, filled(5, filled(7, elements))), /takes more than 536870912 bytes/);
  });

  it('names of megabytes are cut in messages', () => {
    const name = 'n'.repeat(1e6);
    const decode = () => decodeModel(changed(({ graph }) => (graph.node[1]!.input[0] = name)));
    expect(decode).toThrow(/uses 'n{60}…', which/);
  });
});
