/** MAT-files. */
import { constants, inflateSync } from 'node:zlib';
import { parseMat, type MatArray, type MatOptions } from '../../mat/parse.ts';
import { readBytes } from '../files/byte-stream.ts';

/** zlib data to `maxLength` bytes at most. */
export const inflateZlib: NonNullable<MatOptions['inflate']> = (data, { maxLength, isPrefix = false }) =>
  inflateSync(data, {
    // zero is no limit that zlib accepts
    maxOutputLength: Math.max(1, maxLength),
    ...(isPrefix ? { finishFlush: constants.Z_SYNC_FLUSH } : {}),
  });

/**
 * Reads the variables of a MAT-file of version 5 (MATLAB's -v6 and -v7, SciPy's savemat): full, real arrays of numbers.
 *
 * @throws FormatError naming file and offset if it can't be read, is truncated, damaged, of another version, or a wanted variable
 * is missing or something else.
 * @example
 * // const [y] = await loadMat('train_32x32.mat', { names: ['y'] });
 */
export const loadMat = async (
  path: string,
  options: Pick<MatOptions, 'names' | 'maxBytes'> = {},
): Promise<readonly MatArray[]> =>
  parseMat(await readBytes('loadMat', path), { ...options, source: path, inflate: inflateZlib });
