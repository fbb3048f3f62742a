/** What an exported file says about itself in its metadata: how trees map to its inputs and outputs, and how it fails. */
import { FormatError, OptionError } from '@node-ode/core';
import { encodeModel } from '../model/encode.ts';
import type { OnnxModel } from '../model/ir.ts';
import { checksum } from './checksum.ts';

/** How trees of arguments and results are laid out over a model's inputs and outputs. */
export interface FileInterface {
  /** The list of arguments with the position of an input for each leaf. */
  readonly arguments: unknown;
  /** The result with the position of an output for each leaf. */
  readonly result: unknown;
  /** Output with the number of function evaluations of forward solves. */
  readonly nfe?: string;
  /** Outputs [code, t, h, steps tried] that tell of failed solves, with the name of the report that each is. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Version of what is below; a file of a newer one is refused. */
const version = 1;

/** Keys of the metadata; those of the user do not begin like this. */
const prefix = 'node_ode.';
const keys = { version: `${prefix}version`, interface: `${prefix}interface`, checksum: `${prefix}checksum` } as const;

/**
 * The model with the user's metadata, what `readInterface` needs, and a checksum of all of it.
 *
 * @throws OptionError for metadata that are no strings, or whose keys are ours.
 */
export function withInterface(
  model: OnnxModel,
  described: FileInterface,
  metadata: Readonly<Record<string, string>>,
): OnnxModel {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && !key.startsWith(prefix) && key !== '') continue;
    throw new OptionError('exportOnnx', `metadata '${key}' is ${typeof value === 'string' ? 'ours' : typeof value}`, {
      expected: `strings, under keys that do not begin with '${prefix}'`,
      advice: 'Write numbers and objects with JSON.stringify.',
    });
  }
  const whole = {
    ...model,
    metadata: { ...metadata, [keys.version]: String(version), [keys.interface]: JSON.stringify(described) },
  };
  return { ...whole, metadata: { ...whole.metadata, [keys.checksum]: checksumOf(whole) } };
}

/**
 * The interface in a model's metadata, and the user's metadata.
 *
 * @throws FormatError if another program wrote the file, a newer version of this one did, or it changed since.
 */
export function readInterface(model: OnnxModel): {
  readonly described: FileInterface;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const { [keys.version]: written, [keys.interface]: json, [keys.checksum]: sum, ...metadata } = model.metadata;
  if (written === undefined) {
    throw new FormatError('loadOnnx', 'the file is an ONNX model that exportOnnx did not write', {
      expected: 'a file of exportOnnx',
      advice: 'Run other models with ONNX Runtime itself.',
    });
  }
  if (written !== String(version)) {
    throw new FormatError('loadOnnx', `the file has version '${written}' of the format`, {
      expected: `version ${version}`,
      advice: 'Update @node-ode/backend-onnx, or export the model again.',
    });
  }
  const { [keys.checksum]: _, ...rest } = model.metadata;
  if (sum !== checksumOf({ ...model, metadata: rest })) {
    throw new FormatError('loadOnnx', 'the file is not as it was written: its checksum differs', {
      advice: 'It was damaged, or another program edited it: copy or export it again.',
    });
  }
  return { described: parse(json), metadata };
}

/** A checksum of everything in a model, wherever its constants are kept. */
function checksumOf(model: OnnxModel): string {
  const { bytes, externalData } = encodeModel(model, { externalData: { location: 'data' } });
  return checksum(bytes, ...(externalData === undefined ? [] : [externalData]));
}

function parse(json: string | undefined): FileInterface {
  const refuse = (cause?: unknown): FormatError =>
    new FormatError('loadOnnx', `the file's ${keys.interface} is not what exportOnnx writes`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(json ?? '');
  } catch (cause) {
    throw refuse(cause);
  }
  const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null;
  if (!isObject(value) || !Array.isArray(value['arguments']) || !('result' in value)) throw refuse();
  const { arguments: args, result, nfe, failures } = value;
  if (!isObject(failures) || !Object.values(failures).every((name) => typeof name === 'string')) throw refuse();
  if (nfe !== undefined && typeof nfe !== 'string') throw refuse();
  return {
    arguments: args,
    result,
    failures: failures as Readonly<Record<string, string>>,
    ...(nfe === undefined ? {} : { nfe }),
  };
}
