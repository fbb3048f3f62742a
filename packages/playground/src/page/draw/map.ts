/** Numbers on a grid as colours. */
import type { MapLayer } from '../../scenes/picture.ts';
import type { Palette } from '../theme.ts';
import type { Frame } from './surface.ts';

type Rgb = readonly [number, number, number];

/** A map as an image, kept as long as map and colours are the same. */
const images = new WeakMap<MapLayer, { readonly palette: Palette; readonly image: HTMLCanvasElement }>();

/** Draws a map over a frame. */
export function drawMap(context: CanvasRenderingContext2D, frame: Frame, map: MapLayer, palette: Palette): void {
  const known = images.get(map);
  const image = known?.palette === palette ? known.image : imageOf(map, palette);
  if (known?.palette !== palette) images.set(map, { palette, image });
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, frame.left, frame.top, frame.width, frame.height);
}

function imageOf({ kind, side, data }: MapLayer, palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [side, side];
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  const pixels = context.createImageData(side, side);
  const colourOf = colouring(kind, data, palette);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      // Rows come from below; images begin at the top.
      pixels.data.set(colourOf((side - 1 - row) * side + column), 4 * (row * side + column));
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** The colour of each cell: red, green, blue, and how opaque it is, from 0 to 255. */
function colouring(
  kind: MapLayer['kind'],
  data: Float32Array,
  palette: Palette,
): (cell: number) => readonly [...Rgb, number] {
  const [first, second, third] = [rgbOf(palette.first), rgbOf(palette.second), rgbOf(palette.third)];
  const opacity = (share: number): number => Math.round(255 * share);
  switch (kind) {
    case 'density': {
      const most = robustMost(data);
      return (cell) => [...first, opacity(0.9 * Math.sqrt(strengthOf((data[cell] ?? NaN) / most)))];
    }
    case 'decision':
      return (cell) => {
        const value = data[cell] ?? NaN;
        return [...(value < 0 ? first : second), opacity(0.5 * strengthOf(value))];
      };
    case 'classes':
      return (cell) => {
        const [a, b, c] = [data[3 * cell] ?? NaN, data[3 * cell + 1] ?? NaN, data[3 * cell + 2] ?? NaN];
        const mixed = (k: 0 | 1 | 2): number => Math.round(a * first[k] + b * second[k] + c * third[k]);
        return [mixed(0), mixed(1), mixed(2), Number.isFinite(a + b + c) ? opacity(0.5) : 0];
      };
  }
}

const strengthOf = (value: number): number => (Number.isFinite(value) ? Math.min(1, Math.abs(value)) : 0);

/** Nearly the largest value: a single cell must not make all others pale. */
function robustMost(data: Float32Array): number {
  const sorted = data.filter(Number.isFinite).sort();
  return Math.max(sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0, 1e-6);
}

/** The parts of a colour #rrggbb. */
export function rgbOf(colour: string): Rgb {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}
