/** Images with padding around them. */

/** Planes, and where they lie in larger ones. */
export interface Frame {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  /** Height and width with the padding, and how much of it comes first. */
  readonly tall: number;
  readonly wide: number;
  readonly above: number;
  readonly before: number;
}

/** The number of elements with the padding. */
export const framedSize = ({ planes, tall, wide }: Frame): number => planes * tall * wide;

/** Images with zeros around them; themselves, where there is no padding. */
export function framed(images: Float32Array, frame: Frame): Float32Array {
  if (framedSize(frame) === images.length) return images;
  const all = new Float32Array(framedSize(frame));
  eachRow(frame, (inner, outer) => {
    for (let i = 0; i < frame.width; i++) all[outer + i] = images[inner + i]!;
  });
  return all;
}

/** The images within padding. */
export function unframe(all: Float64Array, frame: Frame, images: Float32Array): void {
  eachRow(frame, (inner, outer) => {
    for (let i = 0; i < frame.width; i++) images[inner + i] = all[outer + i]!;
  });
}

/** Where each row of the images begins, without padding and with it. */
function eachRow(
  { planes, height, width, tall, wide, above, before }: Frame,
  visit: (inner: number, outer: number) => void,
): void {
  for (let row = 0; row < planes * height; row++) {
    const [plane, line] = [Math.floor(row / height), row % height];
    visit(row * width, (plane * tall + above + line) * wide + before);
  }
}
