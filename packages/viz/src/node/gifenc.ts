/** The GIF encoder, typed: the package has no types, and its default export is not the same in Node and in bundlers. */
import { createRequire } from 'node:module';

/** Red, green and blue, 0 to 255. */
export type Palette = readonly (readonly number[])[];

interface FrameOptions {
  /** The first frame's is that of the whole file. */
  readonly palette?: Palette;
  /** Milliseconds. */
  readonly delay: number;
  /** 0 is for ever, −1 once. */
  readonly repeat?: number;
  readonly transparent: boolean;
  readonly transparentIndex: number;
  /** 1 leaves the frame where it is, for the next to be drawn over it. */
  readonly dispose: number;
}

interface Encoder {
  writeFrame(indices: Uint8Array, width: number, height: number, options: FrameOptions): void;
  finish(): void;
  bytes(): Uint8Array;
}

interface Gifenc {
  GIFEncoder(): Encoder;
  quantize(rgba: Uint8Array, mostColours: number): Palette;
  applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array;
}

const gifenc: Gifenc = createRequire(import.meta.url)('gifenc');

export const { GIFEncoder, quantize, applyPalette } = gifenc;
