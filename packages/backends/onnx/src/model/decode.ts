/** Reads the bytes of an ONNX file back into a model. */
import { FormatError } from '@node-ode/core';
import { checkNames } from './check-names.ts';
import { decodeTensor, elementTypeOf, extent } from './decode-tensor.ts';
import { ExternalDataReader, type ExternalDataSource } from './external-data.ts';
import { decoding, quote } from './format-errors.ts';
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type OperatorSetIdProto,
  type StringStringEntryProto,
  type TensorShapeProto_Dimension,
  type ValueInfoProto,
} from './generated/onnx_pb.ts';
import type { Attribute, Dim, OnnxGraph, OnnxModel, OnnxNode, ValueInfo } from './ir.ts';
import { maxGraphDepth } from './limits.ts';
import { parseModel } from './parse.ts';

/** How a model is read. */
export interface DecodeOptions {
  /**
   * Gives the bytes of a file beside the model; asked once for each. Locations lead nowhere but into the model's folder and
   * below. Tensors may be views of what it gives.
   */
  readonly externalData?: ExternalDataSource;
}

/**
 * The model in an ONNX file, ours or another's: of the default operator set, with tensors of the five element types.
 * An extent without a name is `''`; what only describes (producer, documentation, `value_info`) is left out.
 *
 * @throws FormatError saying what is wrong, if the bytes are no such model: truncated, foreign, inconsistent, or larger in
 * memory than a file of that size should be. Nothing else is thrown, whatever the bytes are.
 *
 * @example
 * const model = decodeModel(await readFile('model.onnx'), {
 *   externalData: (location) => readFileSync(join(folder, location)),
 * });
 */
export const decodeModel = (bytes: Uint8Array, options: DecodeOptions = {}): OnnxModel => {
  const proto = parseModel(bytes);
  if (proto.functions.length > 0) throw unsupported('functions of its own');
  if (proto.trainingInfo.length > 0) throw unsupported('training information');
  const irVersion = version(proto.irVersion, 'file format');
  const opset = version(defaultOpset(proto.opsetImport), 'default operator set');
  const graph = new Decoder(new ExternalDataReader(options.externalData)).graph(proto.graph);
  checkNames(graph);
  return { graph, opset, irVersion, metadata: entries(proto.metadataProps) };
};

class Decoder {
  readonly #external: ExternalDataReader;
  #depth = 0;

  constructor(external: ExternalDataReader) {
    this.#external = external;
  }

  graph(proto: GraphProto): OnnxGraph {
    if (proto.sparseInitializer.length > 0) throw unsupported('sparse initializers');
    this.#depth += 1;
    if (this.#depth > maxGraphDepth) {
      throw new FormatError(decoding, `more than ${maxGraphDepth} graphs are nested in each other`);
    }
    const graph = {
      name: proto.name,
      inputs: proto.input.map(valueInfo),
      outputs: proto.output.map(valueInfo),
      initializers: proto.initializer.map((tensor) => ({
        name: tensor.name,
        tensor: decodeTensor(tensor, this.#external, `initializer ${quote(tensor.name)}`),
        origin: tensor.docString,
      })),
      nodes: proto.node.map((node) => this.#node(node)),
    };
    this.#depth -= 1;
    return graph;
  }

  #node({ opType, domain, name, input, output, attribute, docString }: NodeProto): OnnxNode {
    const where = `node ${quote(name)} (${quote(opType)})`;
    if (opType === '') throw new FormatError(decoding, `node ${quote(name)} names no operator`);
    if (!isDefaultDomain(domain)) {
      throw new FormatError(decoding, `${where} is of the operator set ${quote(domain)}`, {
        expected: 'the default one, ai.onnx',
      });
    }
    const attributes = new Map<string, Attribute>();
    for (const proto of attribute) {
      if (proto.name === '' || attributes.has(proto.name)) {
        throw new FormatError(
          decoding,
          `${where} has ${proto.name === '' ? 'an attribute without a name' : `the attribute ${quote(proto.name)} twice`}`,
        );
      }
      attributes.set(proto.name, this.#attribute(proto, `attribute ${quote(proto.name)} of ${where}`));
    }
    return { opType, inputs: input, outputs: output, attributes: Object.fromEntries(attributes), origin: docString };
  }

  #attribute(proto: AttributeProto, where: string): Attribute {
    if (proto.refAttrName !== '') throw new FormatError(decoding, `${where} refers to one of a function`);
    switch (proto.type) {
      case AttributeType.INT:
        return { kind: 'int', value: integer(proto.i, where) };
      case AttributeType.INTS:
        return { kind: 'ints', value: proto.ints.map((value) => integer(value, where)) };
      case AttributeType.FLOAT:
        return { kind: 'float', value: proto.f };
      case AttributeType.FLOATS:
        return { kind: 'floats', value: proto.floats };
      case AttributeType.STRING:
        return { kind: 'string', value: text(proto.s, where) };
      case AttributeType.TENSOR:
        return { kind: 'tensor', value: decodeTensor(required(proto.t, where), this.#external, where) };
      case AttributeType.GRAPH:
        return { kind: 'graph', value: this.graph(required(proto.g, where)) };
      default:
        throw new FormatError(decoding, `${where} is of kind ${AttributeType[proto.type]}`, {
          expected: 'one of INT, INTS, FLOAT, FLOATS, STRING, TENSOR, GRAPH',
        });
    }
  }
}

const unsupported = (what: string): FormatError =>
  new FormatError(decoding, `the model has ${what}`, { expected: 'operators and dense tensors alone' });

const isDefaultDomain = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

const defaultOpset = (imports: readonly OperatorSetIdProto[]): bigint => {
  const versions = imports.filter(({ domain }) => isDefaultDomain(domain));
  if (versions.length === 1) return versions[0]!.version;
  throw new FormatError(decoding, `the model imports ${versions.length} versions of the default operator set`, {
    expected: 'one',
  });
};

const version = (value: bigint, what: string): number => {
  if (value >= 1n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new FormatError(decoding, `the version of the ${what} is ${value}`, { expected: '1 or more' });
};

const valueInfo = ({ name, type }: ValueInfoProto): ValueInfo => {
  if (type?.value.case !== 'tensorType') {
    throw new FormatError(decoding, `value ${quote(name)} has ${type?.value.case ?? 'no type'}`, {
      expected: 'the type of a tensor',
    });
  }
  const { elemType, shape } = type.value.value;
  return {
    name,
    elementType: elementTypeOf(elemType, `value ${quote(name)}`),
    dims: shape?.dim.map((dim) => dimension(dim, `value ${quote(name)}`)),
  };
};

const dimension = ({ value }: TensorShapeProto_Dimension, where: string): Dim => {
  switch (value.case) {
    case 'dimValue':
      return extent(value.value, where);
    case 'dimParam':
      return value.value;
    case undefined:
      return '';
  }
};

const integer = (value: bigint, where: string): number => {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new FormatError(decoding, `${where} is ${value}`, { expected: 'an integer that a JavaScript number holds' });
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const text = (bytes: Uint8Array, where: string): string => {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FormatError(decoding, `${where} is no text`, { expected: 'UTF-8', cause });
  }
};

const required = <T>(value: T | undefined, where: string): T => {
  if (value === undefined) throw new FormatError(decoding, `${where} has no value`);
  return value;
};

const entries = (props: readonly StringStringEntryProto[]): Readonly<Record<string, string>> => {
  const metadata = new Map(props.map(({ key, value }) => [key, value]));
  if (metadata.size !== props.length) throw new FormatError(decoding, 'the metadata has a key twice');
  return Object.fromEntries(metadata);
};
