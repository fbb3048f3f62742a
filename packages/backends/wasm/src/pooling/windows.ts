/** Windows over the planes of images: where their elements are, and loops over their positions, vector by vector. */
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { convolutionAxis } from '../convolution/axis.ts';
import { frameOf, sourceInFrame, type Axes, type Frame } from '../convolution/source.ts';
import type { Windows } from '../convolution/spec.ts';
import { tapOffsets, type TapOffsets } from '../convolution/taps.ts';
import { vectorType, type VectorType } from '../matmul/vector.ts';

/** How the windows of planes are read: from a frame, in which the positions of a tap along a line are neighbours. */
export interface PlaneWindows {
  readonly planes: number;
  readonly type: VectorType;
  readonly lanes: 'f32x4' | 'f64x2';
  readonly axes: Axes;
  readonly frame: Frame;
  readonly frameBytes: number;
  readonly taps: TapOffsets;
  /** Bytes of a plane of images and of results. */
  readonly image: number;
  readonly result: number;
}

export function planeWindows(dtype: 'f32' | 'f64', planes: number, windows: Windows): PlaneWindows {
  const type = vectorType(dtype);
  const axes: Axes = [convolutionAxis(windows, 0), convolutionAxis(windows, 1)];
  const frame = frameOf(axes, 1, windows.result[0], type);
  return {
    planes,
    type,
    lanes: dtype === 'f32' ? 'f32x4' : 'f64x2',
    axes,
    frame,
    frameBytes: frame.sample,
    taps: tapOffsets(sourceInFrame(frame, type), axes[0].phases[0]!, axes[1].phases[0]!),
    image: windows.image[0] * windows.image[1] * type.bytes,
    result: windows.result[0] * windows.result[1] * type.bytes,
  };
}

/** A vector of positions: its line and first column, bytes to it from the start of the frame and of the plane of results. */
export interface PositionVector {
  readonly line: Local;
  readonly column: Local;
  readonly inFrame: Local;
  readonly inResult: Local;
  /** Positions in it, 1 … lanes. */
  readonly count: number;
}

/** Runs `body`, which is written once or twice, for each vector of positions of a plane. */
export function eachPositionVector(
  f: FunctionBuilder,
  { type, axes: [down, across], frame }: PlaneWindows,
  body: (vector: PositionVector) => void,
): void {
  const [line, column, inFrame, inResult] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
  const rest = across.positions % type.lanes;
  const whole = across.positions - rest;
  const at = (count: number): void => {
    const bytes = op('i32.mul', get(column), i32(type.bytes));
    const lineAt = (stride: number): Code => op('i32.add', op('i32.mul', get(line), i32(stride)), bytes);
    f.emit(lineAt(down.step * frame.row)).set(inFrame);
    f.emit(lineAt(across.positions * type.bytes)).set(inResult);
    body({ line, column, inFrame, inResult, count });
  };
  countUp(f, line, { start: i32(0), end: i32(down.positions), step: 1 }, () => {
    if (whole > 0) {
      countUp(f, column, { start: i32(0), end: i32(whole), step: type.lanes }, () => {
        at(type.lanes);
      });
    }
    if (rest > 0) {
      f.i32(whole).set(column);
      at(rest);
    }
  });
}
