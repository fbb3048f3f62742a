/** Convolutions of single channels, as depthwise ones are: their products are too short for packing to pay. Each result is summed at once. */
import { countTo, countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { fillElements } from '../kernels/runs.ts';
import { eachIndex, whole } from '../matmul/span.ts';
import { advance, vectorBytes, vectorType, type VectorType } from '../matmul/vector.ts';
import { convolutionAxis, inputGradAxis } from './axis.ts';
import type { CorrelationPlace } from './emit-correlation.ts';
import { indexed } from './emit-blocks.ts';
import { frameFilled } from './functions.ts';
import type { LineWriter, Sink } from './sink.ts';
import { frameOf, isReadInPlace, sourceInFrame, sourceInPlace, type Axes, type Frame, type Source } from './source.ts';
import type { ConvolutionSpec } from './spec.ts';

export interface DirectPlan {
  readonly type: VectorType;
  readonly axes: Axes;
  readonly samples: number;
  readonly groups: number;
  /** Channels of the result in a group. */
  readonly rows: number;
  readonly source: Source;
  readonly frame: Frame | undefined;
  /** Each tap's element of the kernel and of the source: bytes from the first. */
  readonly taps: readonly { readonly kernel: number; readonly source: number }[];
  /** Bytes of scratch memory, by what they are for. */
  readonly bytes: { readonly frame: number };
}

/** Up to so many elements of the kernel stay in registers; more are faster by products (bench/convolution.mjs). */
const mostTaps = 10;

/** The plan of a convolution, or of its input gradient, that is best computed so; undefined for others. */
export function planDirect(spec: ConvolutionSpec, isInputGrad: boolean): DirectPlan | undefined {
  const [channels, rows] = isInputGrad ? [spec.outputs, spec.inputs] : [spec.inputs, spec.outputs];
  const axisOf = isInputGrad ? inputGradAxis : convolutionAxis;
  const axes: Axes = [axisOf(spec, 0), axisOf(spec, 1)];
  const [down, across] = axes;
  const isOnePhase = down.phases.length * across.phases.length === 1;
  if (channels > 1 || !isOnePhase || spec.kernel[0] * spec.kernel[1] > mostTaps) return undefined;
  const type = vectorType(spec.dtype);
  const isInPlace = isReadInPlace(axes) && across.step === 1;
  const frame = isInPlace ? undefined : frameOf(axes, 1, down.positions, type);
  const source = frame === undefined ? sourceInPlace(axes, spec.groups, type) : sourceInFrame(frame, type);
  const taps = down.phases[0]!.flatMap((y) =>
    across.phases[0]!.map((x) => ({
      kernel: (y.index * spec.kernel[1] + x.index) * type.bytes,
      source: source.tap(y.offset, x.offset),
    })),
  );
  const { samples, groups } = spec;
  return {
    type,
    axes,
    samples,
    groups,
    rows,
    source,
    frame,
    taps,
    bytes: { frame: frame?.sample ?? 0 },
  };
}

export function emitDirect(
  f: FunctionBuilder,
  plan: DirectPlan,
  { source, kernel, scratch, within = {} }: CorrelationPlace,
  sink: Sink,
): void {
  const { type, axes, groups, rows, frame, taps, bytes } = plan;
  const [down, across] = axes;
  const plane = down.source * across.source * type.bytes;
  const framed = f.keep('i32', scratch);
  if (frame !== undefined) fillElements(f, get(framed), type.dtype, 0, bytes.frame / type.bytes);
  const emitGroup = (sample: Local, group: Local, first: Local): void => {
    const own = indexed(f, first, get(group), plane);
    if (frame !== undefined) {
      const copy = { frame, axes, samples: 1, channels: 1, sample: plane, hasAllRows: true };
      frameFilled(f, type, copy, { source: own, target: framed, firstRow: own });
    }
    countTo(f, rows, (row) => {
      const channel = indexed(f, row, get(group), rows);
      const weights = indexed(f, kernel, get(channel), taps.length * type.bytes);
      emitPlane(f, plan, frame === undefined ? own : framed, weights, (line) =>
        sink.line({ sample: get(sample), channel: get(channel), line }),
      );
    });
  };
  eachIndex(f, plan.samples, within.samples ?? whole(plan.samples), (sample) => {
    const first = indexed(f, source, get(sample), groups * plane);
    eachIndex(f, groups, within.groups ?? whole(groups), (group) => {
      emitGroup(sample, group, first);
    });
  });
}

/** One channel of one image of results. */
function emitPlane(
  f: FunctionBuilder,
  { type, axes: [down, across], source, taps }: DirectPlan,
  start: Local,
  weights: Local,
  lineOf: (line: Code) => LineWriter,
): void {
  const splats = taps.map(({ kernel }) => f.keep('v128', (g) => g.get(weights).memory(type.loadSplat, kernel)));
  const [line, column, at, sum] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('v128')];
  const rest = across.positions % type.lanes;
  const whole = across.positions - rest;
  countUp(f, line, { start: i32(0), end: i32(down.positions), step: 1 }, () => {
    const write = lineOf(get(line));
    f.emit(op('i32.add', get(start), op('i32.mul', get(line), i32(down.step * source.row)))).set(at);
    const vector = (position: Code, count: number): void => {
      const products = taps.map((tap, i) =>
        op(type.mul, get(splats[i]!), (g) => g.get(at).memory('v128.load', tap.source)),
      );
      f.emit(products.reduce((total, product) => op(type.add, total, product))).set(sum);
      write(sum, position, count);
    };
    if (whole > 0) {
      countUp(f, column, { start: i32(0), end: i32(whole), step: type.lanes }, () => {
        vector(get(column), type.lanes);
        advance(f, at, vectorBytes);
      });
    }
    if (rest > 0) vector(i32(whole), rest);
  });
}
