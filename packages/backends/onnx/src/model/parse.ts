/** From bytes to the messages of the schema, or to an error that says what the bytes are not. */
import { fromBinary } from '@bufbuild/protobuf';
import { FormatError } from '@node-ode/core';
import { decoding } from './format-errors.ts';
import { ModelProtoSchema, type GraphProto, type ModelProto } from './generated/onnx_pb.ts';
import { maxModelBytes } from './limits.ts';
import { checkWire } from './wire.ts';

/** A model's messages, with a graph among them. */
export type ParsedModel = ModelProto & { readonly graph: GraphProto };

/** @throws FormatError if the bytes are no protobuf, or one that holds no model. */
export const parseModel = (input: Uint8Array): ParsedModel => {
  // A Node Buffer's `slice` is a view, where the library and we expect a copy.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (bytes.length === 0) throw foreignFile('an empty file', 'Was writing it cut short?');
  if (bytes.length > maxModelBytes) {
    throw foreignFile(
      `a file of ${bytes.length} bytes`,
      'Protobuf holds at most 2 GiB; the rest goes into external data.',
    );
  }
  const model = readMessages(bytes);
  if (!hasGraph(model)) {
    throw new FormatError(decoding, 'this protobuf holds no graph', { expected: 'an ONNX file (ModelProto)' });
  }
  return model;
};

const readMessages = (bytes: Uint8Array): ModelProto => {
  try {
    checkWire(ModelProtoSchema, bytes);
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    const foreign = describeForeign(bytes);
    if (foreign !== undefined) throw foreignFile(foreign.what, foreign.advice);
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(decoding, 'this is no ONNX file', { cause });
  }
};

const hasGraph = (model: ModelProto): model is ParsedModel => model.graph !== undefined;

/** Other files that are often where a model should be, by how they begin. */
const foreignFiles: readonly {
  readonly begins: string;
  readonly at: number;
  readonly what: string;
  readonly advice: string;
}[] = [
  {
    begins: 'version https://git-lfs',
    at: 0,
    what: 'a Git LFS pointer',
    advice: 'Fetch the file itself: git lfs pull.',
  },
  {
    begins: 'ORTM',
    at: 4,
    what: "a model in ONNX Runtime's own format",
    advice: 'Read the .onnx file that it was made from.',
  },
  {
    begins: 'PK\u0003\u0004',
    at: 0,
    what: 'a zip archive',
    advice: 'PyTorch saves those; export the model with torch.onnx.export.',
  },
  { begins: '<', at: 0, what: 'a page of HTML or XML', advice: 'Was it downloaded from a wrong address?' },
];

const describeForeign = (bytes: Uint8Array): (typeof foreignFiles)[number] | undefined =>
  foreignFiles.find(({ begins, at }) =>
    Array.from(begins).every((character, i) => bytes[at + i] === character.charCodeAt(0)),
  );

const foreignFile = (what: string, advice: string): FormatError =>
  new FormatError(decoding, `this is ${what}`, { expected: 'an ONNX file', advice });
