/** Windows over the planes of images: how their elements are laid out to be read and written in vectors. */
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { convolutionAxis, inputGradAxis, type Axis } from '../convolution/axis.ts';
import { align } from '../convolution/regions.ts';
import { frameOf, sourceInFrame, type Axes, type Frame } from '../convolution/source.ts';
import type { Windows } from '../convolution/spec.ts';
import { tapOffsets, type TapOffsets } from '../convolution/taps.ts';
import { range, vectorType, type VectorType } from '../matmul/vector.ts';

/** Lines of so many positions. */
export interface Grid {
  readonly lines: number;
  readonly positions: number;
}

export interface PlaneWindows {
  readonly planes: number;
  readonly type: VectorType;
  readonly lanes: 'f32x4' | 'f64x2';
  /** Bytes of a plane of images and of results. */
  readonly image: number;
  readonly result: number;
  /** From a result to the elements of its window. */
  readonly axes: Axes;
  readonly grid: Grid;
  /** A plane of images in which the elements that neighbouring windows have for a tap are neighbours. */
  readonly frame: Frame;
  readonly taps: TapOffsets;
}

export function planeWindows(dtype: 'f32' | 'f64', planes: number, windows: Windows): PlaneWindows {
  const type = vectorType(dtype);
  const axes: Axes = [convolutionAxis(windows, 0), convolutionAxis(windows, 1)];
  const frame = frameOf(axes, 1, windows.result[0], type);
  const [down, across] = axes;
  return {
    planes,
    type,
    lanes: dtype === 'f32' ? 'f32x4' : 'f64x2',
    image: windows.image[0] * windows.image[1] * type.bytes,
    result: windows.result[0] * windows.result[1] * type.bytes,
    axes,
    grid: { lines: down.positions, positions: across.positions },
    frame,
    taps: tapOffsets(sourceInFrame(frame, type), down.phases[0]!, across.phases[0]!),
  };
}

/** Elements of an image that are as far apart as windows are: their windows are theirs at the same taps. */
export interface ElementPhase {
  /** Bytes from the start of the image's frame to the first of them. */
  readonly start: number;
  /** In the frame of results. */
  readonly taps: TapOffsets;
}

/** From an element of an image to the results of the windows that have it. */
export interface ElementWindows {
  readonly axes: Axes;
  /** A plane of results, with room for windows that are not there. */
  readonly results: Frame;
  /** A plane of images, the elements of a phase next to each other, in rows of whole vectors. */
  readonly images: Frame;
  /** Elements of a phase. */
  readonly grid: Grid;
  /** Bytes from one line of a phase to the next. */
  readonly line: number;
  readonly phases: readonly ElementPhase[];
}

export function elementWindows(type: VectorType, windows: Windows): ElementWindows {
  const axes: Axes = [inputGradAxis(windows, 0), inputGradAxis(windows, 1)];
  const [down, across] = axes;
  const results = frameOf(axes, 1, down.positions, type);
  const laneBytes = align(across.positions * type.bytes);
  const count = ({ phases }: Axis): number => phases.length;
  const lanes = range(count(across)).map((first) => ({ first, extent: across.positions, at: first * laneBytes }));
  const row = lanes.length * laneBytes;
  const rows = count(down) * down.positions;
  const images: Frame = {
    rows,
    firstRow: 0,
    lanes,
    step: count(across),
    row,
    channel: rows * row,
    sample: rows * row,
  };
  const source = sourceInFrame(results, type);
  return {
    axes,
    results,
    images,
    grid: { lines: down.positions, positions: across.positions },
    line: count(down) * row,
    phases: down.phases.flatMap((y, i) =>
      across.phases.map((x, j) => ({ start: i * row + lanes[j]!.at, taps: tapOffsets(source, y, x) })),
    ),
  };
}

/** A vector of positions: its line, its first column, and how many positions it has, 1 … lanes. */
export interface PositionVector {
  readonly line: Local;
  readonly column: Local;
  readonly count: number;
}

/** Runs `body`, which is written once or twice, for each vector of the lines. */
export function eachVector(
  f: FunctionBuilder,
  { lanes }: VectorType,
  { lines, positions }: Grid,
  body: (vector: PositionVector) => void,
): void {
  const [line, column] = [f.local('i32'), f.local('i32')];
  const rest = positions % lanes;
  const whole = positions - rest;
  countUp(f, line, { start: i32(0), end: i32(lines), step: 1 }, () => {
    if (whole > 0) {
      countUp(f, column, { start: i32(0), end: i32(whole), step: lanes }, () => {
        body({ line, column, count: lanes });
      });
    }
    if (rest > 0) {
      f.i32(whole).set(column);
      body({ line, column, count: rest });
    }
  });
}

/** The address of a vector in lines that begin so many bytes apart. */
export const vectorAt = (
  f: FunctionBuilder,
  { bytes }: VectorType,
  start: Local,
  stride: number,
  { line, column }: PositionVector,
): Local =>
  f.keep(
    'i32',
    op(
      'i32.add',
      op('i32.add', get(start), op('i32.mul', get(line), i32(stride))),
      op('i32.mul', get(column), i32(bytes)),
    ),
  );
