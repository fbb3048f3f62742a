/** Writes a model as the bytes of an ONNX file. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { OptionError, ShapeError, UnsupportedError } from '@node-ode/core';
import { ExternalDataWriter, locationProblem } from './external-data.ts';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type AttributeProtoSchema,
  type GraphProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import type { Attribute, Dim, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from './ir.ts';
import { maxGraphDepth, maxModelBytes } from './limits.ts';
import { elementTypes, toLittleEndian } from './tensor-bytes.ts';

/** How a model is written. */
export interface EncodeOptions {
  /** Writes large initializers, those of subgraphs included, into one file beside the model. */
  readonly externalData?: {
    /** Path of that file, relative to the model's folder. */
    readonly location: string;
    /** Bytes from which on an initializer is large. Default 1024. */
    readonly threshold?: number;
  };
  /** Whether nodes and initializers say in their `doc_string` what they were made from. Default true. */
  readonly origins?: boolean;
}

/** A model's file, and the file beside it where one was asked for and anything was large enough. */
export interface EncodedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly externalData?: Uint8Array<ArrayBuffer>;
}

/**
 * The bytes of a model as an ONNX file; equal models give equal bytes.
 *
 * @throws UnsupportedError if the file would be larger than protobuf allows, 2 GiB, or nests more than 32 graphs.
 * @throws OptionError if an option or an attribute is out of range; ShapeError if a tensor has not the elements of its shape.
 *
 * @example
 * const { bytes, externalData } = encodeModel(model, { externalData: { location: 'model.onnx.data' } });
 * await writeFile('model.onnx', bytes);
 * if (externalData !== undefined) await writeFile('model.onnx.data', externalData);
 */
export const encodeModel = (model: OnnxModel, options: EncodeOptions = {}): EncodedModel => {
  const encoder = new Encoder(options);
  const message = create(ModelProtoSchema, {
    irVersion: integer(model.irVersion, 'irVersion'),
    producerName: 'node-ode',
    graph: encoder.graph(model.graph),
    opsetImport: [
      { domain: '', version: integer(model.opset, 'opset') },
      ...encoder.domains().map((domain) => ({ domain, version: 1n })),
    ],
    metadataProps: sortedEntries(model.metadata).map(([key, value]) => ({ key, value })),
  });
  const bytes = toBinary(ModelProtoSchema, message);
  requireSize(bytes.length);
  const externalData = encoder.externalData();
  return externalData === undefined ? { bytes } : { bytes, externalData };
};

/** Bytes from which on an initializer goes into the side file, if nothing else is said: less is not worth a page. */
const defaultThreshold = 1024;

class Encoder {
  readonly #origins: boolean;
  readonly #external: ExternalDataWriter | undefined;
  readonly #threshold: number;
  readonly #domains = new Set<string>();
  #nodes = 0;
  #depth = 0;
  #tensorBytes = 0;

  constructor({ externalData, origins = true }: EncodeOptions) {
    const threshold = externalData?.threshold ?? defaultThreshold;
    if (!(threshold >= 0)) {
      throw new OptionError('encodeModel', `externalData.threshold is ${threshold}`, { expected: 'a number of bytes' });
    }
    const problem = externalData && locationProblem(externalData.location);
    if (problem !== undefined) {
      throw new OptionError('encodeModel', `externalData.location '${externalData?.location}' ${problem}`, {
        expected: "a path relative to the model's folder",
      });
    }
    this.#origins = origins;
    this.#external = externalData && new ExternalDataWriter(externalData.location);
    this.#threshold = threshold;
  }

  externalData(): Uint8Array<ArrayBuffer> | undefined {
    return this.#external?.finish();
  }

  /** The operator sets of the nodes so far, but for the default one. */
  domains(): readonly string[] {
    return [...this.#domains].sort();
  }

  graph(graph: OnnxGraph): MessageInitShape<typeof GraphProtoSchema> {
    this.#depth += 1;
    if (this.#depth > maxGraphDepth) {
      throw new UnsupportedError('encodeModel', `more than ${maxGraphDepth} graphs are nested in each other`, {
        advice: "Protobuf's readers accept no more.",
      });
    }
    const message = {
      name: graph.name,
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
      initializer: graph.initializers.map(({ name, tensor, origin }) => ({
        ...this.#initializer(tensor, name),
        name,
        ...this.#docString(origin),
      })),
      node: graph.nodes.map((node) => this.#node(node)),
    };
    this.#depth -= 1;
    return message;
  }

  #node(node: OnnxNode): MessageInitShape<typeof NodeProtoSchema> {
    const name = `${node.opType}_${this.#nodes}`;
    this.#nodes += 1;
    if (node.domain !== undefined) this.#domains.add(node.domain);
    return {
      name,
      opType: node.opType,
      ...(node.domain === undefined ? {} : { domain: node.domain }),
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: sortedEntries(node.attributes).map(([key, attribute]) => ({
        name: key,
        ...this.#attribute(attribute, `attribute '${key}' of ${name}`),
      })),
      ...this.#docString(node.origin),
    };
  }

  #attribute(attribute: Attribute, where: string): MessageInitShape<typeof AttributeProtoSchema> {
    switch (attribute.kind) {
      case 'int':
        return { type: AttributeType.INT, i: integer(attribute.value, where) };
      case 'ints':
        return { type: AttributeType.INTS, ints: attribute.value.map((value) => integer(value, where)) };
      case 'float':
        return { type: AttributeType.FLOAT, f: float(attribute.value, where) };
      case 'floats':
        return { type: AttributeType.FLOATS, floats: attribute.value.map((value) => float(value, where)) };
      case 'string':
        return { type: AttributeType.STRING, s: new TextEncoder().encode(attribute.value) };
      case 'tensor':
        return { type: AttributeType.TENSOR, t: this.#inline(attribute.value, where) };
      case 'graph':
        return { type: AttributeType.GRAPH, g: this.graph(attribute.value) };
    }
  }

  #initializer(tensor: OnnxTensor, name: string): MessageInitShape<typeof TensorProtoSchema> {
    const { byteLength } = tensor.data;
    if (this.#external === undefined || byteLength === 0 || byteLength < this.#threshold) {
      return this.#inline(tensor, `initializer '${name}'`);
    }
    const region = this.#external.add(toLittleEndian(tensor.data));
    return {
      ...tensorType(tensor, `initializer '${name}'`),
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(region).map(([key, value]) => ({ key, value: String(value) })),
    };
  }

  /** A tensor with its elements in the file itself. Their bytes are added up, so that 2 GiB are refused before they are copied. */
  #inline(tensor: OnnxTensor, where: string): MessageInitShape<typeof TensorProtoSchema> {
    this.#tensorBytes += tensor.data.byteLength;
    requireSize(this.#tensorBytes);
    return { ...tensorType(tensor, where), rawData: toLittleEndian(tensor.data) };
  }

  #docString(origin: string): { readonly docString?: string } {
    return this.#origins && origin !== '' ? { docString: origin } : {};
  }
}

const requireSize = (bytes: number): void => {
  if (bytes <= maxModelBytes) return;
  throw new UnsupportedError('encodeModel', `the model takes at least ${bytes} bytes`, {
    expected: `at most ${maxModelBytes}, the most that protobuf can hold`,
    advice: "Write large constants beside it: { externalData: { location: 'model.onnx.data' } }.",
  });
};

const tensorType = (
  { dims, elementType, data }: OnnxTensor,
  where: string,
): { readonly dims: bigint[]; readonly dataType: number } => {
  if (dims.reduce((product, dim) => product * dim, 1) !== data.length) {
    throw new ShapeError('encodeModel', `${where} of shape [${dims.join(', ')}] has ${data.length} elements`);
  }
  return { dims: dims.map((dim) => integer(dim, where)), dataType: elementTypes[elementType].dataType };
};

const valueInfo = ({ name, elementType, dims }: ValueInfo): MessageInitShape<typeof ValueInfoProtoSchema> => ({
  name,
  type: {
    value: {
      case: 'tensorType',
      value: {
        elemType: elementTypes[elementType].dataType,
        ...(dims === undefined ? {} : { shape: { dim: dims.map((dim) => dimension(dim, name)) } }),
      },
    },
  },
});

/** The empty name stands for an extent of which not even a name is known. */
const dimension = (dim: Dim, name: string) => {
  if (dim === '') return {};
  return typeof dim === 'string'
    ? { value: { case: 'dimParam' as const, value: dim } }
    : { value: { case: 'dimValue' as const, value: integer(dim, `an extent of '${name}'`) } };
};

const sortedEntries = <T>(record: Readonly<Record<string, T>>): (readonly [string, T])[] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

const integer = (value: number, where: string): bigint => {
  if (!Number.isSafeInteger(value)) {
    throw new OptionError('encodeModel', `${where} is ${value}`, { expected: 'an integer' });
  }
  return BigInt(value);
};

/** The nearest float32, which is what attributes are. */
const float = (value: number, where: string): number => {
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded)) {
    throw new OptionError('encodeModel', `${where} is ${value}`, { expected: 'a number in the range of float32' });
  }
  return rounded;
};
