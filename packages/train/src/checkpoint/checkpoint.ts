/** Everything from which training goes on bit for bit, and its form in a safetensors file. */
import { array, FormatError, random, type HostArray, type RandomState } from '@node-ode/core';
import type { Safetensors } from '../safetensors/content.ts';
import { decodeSafetensors } from '../safetensors/decode.ts';
import { encodeSafetensors } from '../safetensors/encode.ts';
import type { History } from '../fit/history.ts';

/** Where training is within its data. */
export interface Position {
  /** Times that the data was gone through. */
  readonly epoch: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  /** The generator when this epoch began. */
  readonly random: RandomState;
}

/** A training run at one step. */
export interface Checkpoint extends Position {
  /** Steps done. */
  readonly step: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** The leaves of the state by their paths: parameters, optimiser state. */
  readonly state: ReadonlyMap<string, HostArray>;
  readonly history: History;
  /** Whatever the program wants to find again. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Keeps checkpoints: in files (`checkpointFolder` of `@node-ode/train/node`), a database, memory. */
export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<void>;
  /** The newest that can be read, if there is any. */
  latest(): Promise<Checkpoint | undefined>;
}

const format = 'node-ode checkpoint 1';
const statePrefix = 'state/';
const historyPrefix = 'history/';
const metadataPrefix = 'user/';

/**
 * A checkpoint as the bytes of a safetensors file: the tensors `state/…` and `history/…`, everything else in its metadata.
 *
 * @example
 * localStorage.setItem('run', btoa(String.fromCharCode(...encodeCheckpoint(checkpoint))));
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { step, epoch, batch, seconds, random: words, state, history, metadata } = checkpoint;
  const tensors: [string, HostArray][] = [
    ...[...state].map(([path, leaf]): [string, HostArray] => [statePrefix + path, leaf]),
    ...Object.entries(history).map(([name, column]): [string, HostArray] => [
      historyPrefix + name,
      array(Float64Array.from(column)),
    ]),
  ];
  return encodeSafetensors(tensors, {
    format,
    step: String(step),
    epoch: String(epoch),
    batch: String(batch),
    seconds: String(seconds),
    random: words.join(' '),
    ...Object.fromEntries(Object.entries(metadata).map(([key, text]) => [metadataPrefix + key, text])),
  });
}

/**
 * Reads what `encodeCheckpoint` wrote.
 *
 * @param source What errors call the bytes, such as the name of their file.
 * @throws FormatError if the bytes are no checkpoint.
 * @example
 * const { step, history } = decodeCheckpoint(bytes, 'step-00000100.safetensors');
 */
export const decodeCheckpoint = (bytes: Uint8Array, source = 'the bytes'): Checkpoint =>
  checkpointOf(decodeSafetensors(bytes, source), source);

/** The checkpoint that a safetensors file holds. */
export function checkpointOf({ tensors, metadata }: Safetensors, source: string): Checkpoint {
  if (metadata.get('format') !== format) {
    throw new FormatError('decodeCheckpoint', `${source} has the format ${JSON.stringify(metadata.get('format'))}`, {
      expected: `“${format}”: a checkpoint of @node-ode/train`,
    });
  }
  const number = (key: string, isValid: (n: number) => boolean): number => {
    const text = metadata.get(key) ?? '';
    const value = text.trim() === '' ? NaN : Number(text);
    if (!isValid(value)) {
      throw new FormatError('decodeCheckpoint', `${source} has the ${key} “${text}”`, {
        expected: 'a number, not below 0',
      });
    }
    return value;
  };
  const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  const withPrefix = (prefix: string): [string, HostArray][] =>
    [...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, leaf]) => [name.slice(prefix.length), leaf]);
  return {
    step: number('step', isCount),
    epoch: number('epoch', isCount),
    batch: number('batch', isCount),
    seconds: number('seconds', (n) => n >= 0),
    random: randomState(metadata.get('random') ?? '', source),
    state: new Map(withPrefix(statePrefix)),
    history: Object.fromEntries(withPrefix(historyPrefix).map(([name, { data }]) => [name, Array.from(data)])),
    metadata: Object.fromEntries(
      [...metadata]
        .filter(([key]) => key.startsWith(metadataPrefix))
        .map(([key, text]) => [key.slice(metadataPrefix.length), text]),
    ),
  };
}

function randomState(text: string, source: string): RandomState {
  const words = text.split(' ').map(Number);
  try {
    return random(words).state();
  } catch (cause) {
    throw new FormatError('decodeCheckpoint', `${source} has the generator state “${text}”`, {
      expected: 'six 32-bit words',
      cause,
    });
  }
}
