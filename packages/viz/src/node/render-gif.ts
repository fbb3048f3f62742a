/** Animations to GIF: the pixels of each frame, one palette for all of them, and after the first only what changes. */
import { OptionError } from '@node-ode/core';
import type { Animation } from '../animate.ts';
import { spreadOver } from '../extent.ts';
import { applyPalette, GIFEncoder, quantize, type Palette } from './gifenc.ts';
import { withPixels } from './render-pixels.ts';

/** How an animation becomes a file. */
export interface GifOptions {
  /** Pixels of the GIF for each pixel of the figures; 1 by default. */
  readonly scale?: number;
  /** It begins anew after its end; by default, yes. */
  readonly loop?: boolean;
}

interface Pixels {
  readonly rgba: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Frames that the palette is made of. */
const sampled = 8;
/** A GIF has at most 256; one of them says that nothing changes. */
const mostColours = 255;

/**
 * The bytes of a GIF file. Text is set in DejaVu Sans, whatever fonts the machine has. Colours are at most 255, those of some
 * frames, which is enough for charts; maps of smooth colours show faint edges.
 *
 * @throws OptionError if there are no frames, a frame has no positive time, or `scale` is not a positive number.
 * @example
 * const gif = await renderGif(animate((t) => flowAt({ ...options, time: t })));
 */
export async function renderGif(animation: Animation, options: GifOptions = {}): Promise<Uint8Array> {
  const { frames, seconds } = animation;
  const { scale = 1, loop = true } = options;
  check(animation);
  const draw = (index: number): Promise<Pixels> =>
    withPixels('renderGif', frames[index]?.svg ?? '', { scale }, ({ pixels, width, height }) => ({
      rgba: pixels,
      width,
      height,
    }));
  const palette = await paletteOf(draw, frames.length);
  const unchanged = palette.length;
  const gif = GIFEncoder();
  let shown: Uint8Array | undefined;
  for (let i = 0; i < frames.length; i++) {
    const { rgba, width, height } = await draw(i);
    const indices = applyPalette(rgba, palette);
    gif.writeFrame(shown === undefined ? indices : changes(shown, indices, unchanged), width, height, {
      // the colours of the first frame are those of all
      ...(shown === undefined ? { palette: [...palette, [0, 0, 0]], repeat: loop ? 0 : -1 } : {}),
      delay: 1000 * (seconds[i] ?? 0),
      transparent: shown !== undefined,
      transparentIndex: unchanged,
      dispose: 1,
    });
    shown = indices;
  }
  gif.finish();
  return gif.bytes();
}

function check({ frames, seconds }: Animation): void {
  const wrong = frames.findIndex((_, i) => !((seconds[i] ?? 0) > 0));
  if (frames.length === 0) throw new OptionError('renderGif', 'no frames', { expected: 'at least one' });
  if (wrong >= 0) {
    throw new OptionError('renderGif', `${seconds[wrong]} seconds for frame ${wrong}`, {
      expected: 'a positive number for each frame',
    });
  }
}

/** The colours of some frames. */
async function paletteOf(draw: (index: number) => Promise<Pixels>, count: number): Promise<Palette> {
  const all: Uint8Array[] = [];
  for (const index of spreadOver(count, sampled)) all.push((await draw(index)).rgba);
  const joined = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  all.reduce((offset, rgba) => {
    joined.set(rgba, offset);
    return offset + rgba.length;
  }, 0);
  return quantize(joined, mostColours);
}

const changes = (before: Uint8Array, now: Uint8Array, unchanged: number): Uint8Array =>
  now.map((index, i) => (index === before[i] ? unchanged : index));
