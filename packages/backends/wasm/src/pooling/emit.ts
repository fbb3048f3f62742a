/** Pooling and its gradients, plane by plane. Gradients gather in a frame, where the elements of a tap are neighbours, too. */
import { countTo, get, i32, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { emptyFrame, fillFrame, isComplete } from '../convolution/frame.ts';
import { regions } from '../convolution/regions.ts';
import { eachTap } from '../convolution/taps.ts';
import { placeOf } from '../kernels/rows.ts';
import { fillElements } from '../kernels/runs.ts';
import { storePart } from '../matmul/vector.ts';
import { divisorOf } from './counts.ts';
import { eachPositionVector, type PlaneWindows, type PositionVector } from './windows.ts';

/** Addresses; scratch memory starts at a multiple of 16. */
type Places<N extends string> = Readonly<Record<N | 'scratch', Code>>;

/** The largest element of each window; NaN if one is. */
export function emitMaxPool(f: FunctionBuilder, windows: PlaneWindows, places: Places<'x' | 'y'>): void {
  const at = regions(f, places.scratch, { frame: windows.frameBytes });
  fillFramed(f, windows, at.frame, -Infinity);
  const most = f.local('v128');
  eachPlane(f, windows, { images: { x: places.x }, results: { y: places.y } }, ({ x, y }) => {
    copyToFrame(f, windows, x, at.frame);
    eachPositionVector(f, windows, (vector) => {
      f.emit(splat(windows.lanes, -Infinity)).set(most);
      eachElement(f, windows, at.frame, vector, (element) => {
        f.emit(op(`${windows.lanes}.max`, get(most), element)).set(most);
      });
      storeResult(f, windows, y, vector, get(most));
    });
  });
}

/** The cotangent of each window, shared equally between the elements that are its result. */
export function emitMaxPoolGrad(
  f: FunctionBuilder,
  windows: PlaneWindows,
  places: Places<'x' | 'y' | 'ct' | 'target'>,
): void {
  const { lanes, frameBytes } = windows;
  const at = regions(f, places.scratch, { frame: frameBytes, sums: frameBytes });
  fillFramed(f, windows, at.frame, -Infinity);
  const [result, count, share] = [f.local('v128'), f.local('v128'), f.local('v128')];
  const hit = (element: Code): Code => op('v128.and', op(`${lanes}.eq`, element, get(result)), splat(lanes, 1));
  const { x, y, ct, target } = places;
  eachPlane(f, windows, { images: { x, target }, results: { y, ct } }, (plane) => {
    copyToFrame(f, windows, plane.x, at.frame);
    fillFramed(f, windows, at.sums, 0);
    eachPositionVector(f, windows, (vector) => {
      f.emit(resultAt(plane.y, vector)).set(result);
      f.emit(splat(lanes, 0)).set(count);
      eachElement(f, windows, at.frame, vector, (element) => {
        f.emit(op(`${lanes}.add`, get(count), hit(element))).set(count);
      });
      f.emit(masked(windows, op(`${lanes}.div`, resultAt(plane.ct, vector), get(count)), vector)).set(share);
      addToElements(f, windows, at, vector, (element) => op(`${lanes}.mul`, hit(element), get(share)));
    });
    copyFromFrame(f, windows, at.sums, plane.target);
  });
}

/** The mean of each window. */
export function emitMeanPool(
  f: FunctionBuilder,
  windows: PlaneWindows,
  countIncludePad: boolean,
  places: Places<'x' | 'y'>,
): void {
  const { lanes, frameBytes } = windows;
  const divisor = divisorOf(windows, countIncludePad);
  const at = regions(f, places.scratch, { frame: frameBytes, divisor: divisor.bytes });
  fillFramed(f, windows, at.frame, 0);
  divisor.prepare(f, at.divisor);
  const sum = f.local('v128');
  eachPlane(f, windows, { images: { x: places.x }, results: { y: places.y } }, ({ x, y }) => {
    copyToFrame(f, windows, x, at.frame);
    eachPositionVector(f, windows, (vector) => {
      f.emit(splat(lanes, 0)).set(sum);
      eachElement(f, windows, at.frame, vector, (element) => {
        f.emit(op(`${lanes}.add`, get(sum), element)).set(sum);
      });
      storeResult(f, windows, y, vector, divisor.divide(at.divisor, get(sum), vector));
    });
  });
}

/** The cotangent of each window, shared equally between its elements. */
export function emitMeanPoolGrad(
  f: FunctionBuilder,
  windows: PlaneWindows,
  countIncludePad: boolean,
  places: Places<'ct' | 'target'>,
): void {
  const divisor = divisorOf(windows, countIncludePad);
  const at = regions(f, places.scratch, { sums: windows.frameBytes, divisor: divisor.bytes });
  divisor.prepare(f, at.divisor);
  const share = f.local('v128');
  eachPlane(f, windows, { images: { target: places.target }, results: { ct: places.ct } }, ({ ct, target }) => {
    fillFramed(f, windows, at.sums, 0);
    eachPositionVector(f, windows, (vector) => {
      f.emit(masked(windows, divisor.divide(at.divisor, resultAt(ct, vector), vector), vector)).set(share);
      addToElements(f, windows, { frame: at.sums, sums: at.sums }, vector, () => get(share));
    });
    copyFromFrame(f, windows, at.sums, target);
  });
}

/** Runs `body` for each plane, with the addresses of its image and its results. */
function eachPlane<const I extends string, const R extends string>(
  f: FunctionBuilder,
  { planes, image, result }: PlaneWindows,
  { images, results }: { readonly images: Readonly<Record<I, Code>>; readonly results: Readonly<Record<R, Code>> },
  body: (at: Readonly<Record<I | R, Local>>) => void,
): void {
  countTo(f, planes, (plane) => {
    const at =
      (stride: number) =>
      ([name, start]: readonly [string, Code]) =>
        [name, f.keep('i32', op('i32.add', start, op('i32.mul', get(plane), i32(stride))))] as const;
    const places = [...Object.entries<Code>(images).map(at(image)), ...Object.entries<Code>(results).map(at(result))];
    body(Object.fromEntries(places) as Record<I | R, Local>);
  });
}

function fillFramed(f: FunctionBuilder, { type, frameBytes }: PlaneWindows, frame: Local, value: number): void {
  fillElements(f, get(frame), type.dtype, value, frameBytes / type.bytes);
}

function copyToFrame(f: FunctionBuilder, { type, axes, frame, image }: PlaneWindows, from: Local, to: Local): void {
  const copy = { frame, axes, samples: 1, channels: 1, sample: image, hasAllRows: true };
  fillFrame(f, type, copy, from, to, from);
}

/** Elements that no window has are zero. */
function copyFromFrame(f: FunctionBuilder, { type, axes, frame, image }: PlaneWindows, from: Local, to: Local): void {
  if (!isComplete(frame, axes)) fillElements(f, get(to), type.dtype, 0, image / type.bytes);
  emptyFrame(f, type, frame, axes, placeOf({ address: get(from) }), placeOf({ address: get(to) }));
}

/** Visits the elements of a vector of windows in a frame, tap by tap. */
function eachElement(
  f: FunctionBuilder,
  { taps }: PlaneWindows,
  frame: Local,
  { inFrame }: PositionVector,
  visit: (element: Code) => void,
): void {
  const start = f.keep('i32', op('i32.add', get(frame), get(inFrame)));
  eachTap(f, taps, start, {
    cost: 1,
    visit: (pointer, offset) => {
      visit((g) => g.get(pointer).memory('v128.load', offset));
    },
  });
}

/** Adds something to the sums of a vector of windows' elements, which lie like the elements in their frame. */
function addToElements(
  f: FunctionBuilder,
  { taps, lanes }: PlaneWindows,
  at: Readonly<Record<'frame' | 'sums', Local>>,
  { inFrame }: PositionVector,
  termOf: (element: Code) => Code,
): void {
  const start = f.keep('i32', op('i32.add', get(at.frame), get(inFrame)));
  const toSums = f.keep('i32', op('i32.sub', get(at.sums), get(at.frame)));
  const sum = f.local('i32');
  eachTap(f, taps, start, {
    cost: 2,
    visit: (pointer, offset) => {
      f.emit(op('i32.add', get(pointer), get(toSums))).set(sum);
      const element: Code = (g) => g.get(pointer).memory('v128.load', offset);
      f.get(sum).get(sum).memory('v128.load', offset).emit(termOf(element)).op(`${lanes}.add`);
      f.memory('v128.store', offset);
    },
  });
}

const resultAt =
  (plane: Local, { inResult }: PositionVector): Code =>
  (f) =>
    f.emit(op('i32.add', get(plane), get(inResult))).memory('v128.load');

/** Zeros in the lanes without a position: they are those of neighbours in the frame. */
function masked({ type }: PlaneWindows, vector: Code, { count }: PositionVector): Code {
  if (count === type.lanes) return vector;
  const mask = new Uint8Array(16).fill(255, 0, count * type.bytes);
  return op('v128.and', vector, (f) => f.v128(mask));
}

function storeResult(
  f: FunctionBuilder,
  { type }: PlaneWindows,
  plane: Local,
  { inResult, count }: PositionVector,
  value: Code,
): void {
  const address = f.keep('i32', op('i32.add', get(plane), get(inResult)));
  storePart(f, type, address, f.keep('v128', value), count);
}
