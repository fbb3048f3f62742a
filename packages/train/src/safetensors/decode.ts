/** The bytes of a safetensors file to arrays. */
import { bytesOf, emptyArray, finish } from './bytes.ts';
import { lengthBytes, type Safetensors } from './content.ts';
import { headerLength, parseHeader } from './header.ts';

/**
 * Reads a safetensors file from its bytes; the arrays are copies. Nothing is allocated before the header was checked
 * against the number of bytes: it must describe all of them, each once.
 *
 * @param source What errors call the bytes, such as the name of their file.
 * @throws FormatError naming the source and the offset of what is wrong: truncated, overlapping, foreign, a dtype that
 * core does not have (F16, I64, …), a name that is there twice, a header over 100 MB.
 * @example
 * const { tensors, metadata } = decodeSafetensors(bytes, 'model.safetensors');
 * const weight = tensors.get('weight');
 */
export function decodeSafetensors(bytes: Uint8Array, source = 'the bytes'): Safetensors {
  const length = headerLength(bytes.subarray(0, lengthBytes), bytes.length, source);
  const { entries, metadata } = parseHeader(bytes.subarray(lengthBytes, lengthBytes + length), bytes.length, source);
  const tensors = entries.map((entry) => {
    const array = emptyArray(entry);
    bytesOf(array.data).set(bytes.subarray(entry.begin, entry.end));
    return [entry.name, finish(array, entry, source)] as const;
  });
  return { tensors: new Map(tensors), metadata };
}
