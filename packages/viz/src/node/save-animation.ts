/** Animations on disk. */
import type { Animation } from '../animate.ts';
import { renderGif, type GifOptions } from './render-gif.ts';
import { writeAtomically } from './write-atomically.ts';

/** The file that was written. */
export interface SavedAnimation {
  readonly gif: string;
}

/**
 * Writes `path`.gif, and the folder it is in if need be. The file is complete or not there.
 *
 * @throws OptionError if there are no frames, or `scale` is not a positive number; FileError if the disk is full or the place
 * can't be written.
 * @example
 * await saveAnimation(animate((t) => flowAt({ ...options, time: t })), 'output/flow'); // output/flow.gif
 */
export async function saveAnimation(
  animation: Animation,
  path: string,
  options: GifOptions = {},
): Promise<SavedAnimation> {
  await writeAtomically('saveAnimation', `${path}.gif`, await renderGif(animation, options));
  return { gif: `${path}.gif` };
}
