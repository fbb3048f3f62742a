/** Pooling and its gradients, plane by plane. Gradients are gathered: each element sums what its windows have for it. */
import { countTo, get, i32, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { emptyFrame, fillFrame } from '../convolution/frame.ts';
import { regions } from '../convolution/regions.ts';
import type { Axes, Frame } from '../convolution/source.ts';
import { eachTap, type TapOffsets } from '../convolution/taps.ts';
import { placeOf } from '../kernels/rows.ts';
import { fillElements } from '../kernels/runs.ts';
import { storePart, type VectorType } from '../matmul/vector.ts';
import type { Divisor } from './counts.ts';
import { eachVector, vectorAt, type ElementWindows, type PlaneWindows, type PositionVector } from './windows.ts';

/** Addresses; scratch memory starts at a multiple of 16. */
type Places<N extends string> = Readonly<Record<N | 'scratch', Code>>;

export const maxPoolRegions = ({ frame }: PlaneWindows) => ({ frame: frame.sample });

/** The largest element of each window; NaN if one is. */
export function emitMaxPool(f: FunctionBuilder, windows: PlaneWindows, places: Places<'x' | 'y'>): void {
  const { type, axes, frame, taps, lanes } = windows;
  const at = regions(f, places.scratch, maxPoolRegions(windows));
  fillWith(f, type, at.frame, frame, -Infinity);
  const [element, most, signs, numbers] = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')];
  const magnitude = op(`${lanes}.abs`, splat('i32x4', -1));
  eachPlane(f, windows, { images: { x: places.x }, results: { y: places.y } }, ({ x, y }) => {
    copyToFrame(f, type, axes, frame, x, at.frame);
    eachVector(f, type, windows.grid, (vector) => {
      f.emit(splat(lanes, -Infinity)).set(most);
      for (const mask of [signs, numbers]) f.emit(splat('i32x4', -1)).set(mask);
      // The maximum of IEEE takes V8 several times as long as the plain one, which leaves out NaN and the sign of zero.
      eachElement(f, taps, firstElement(f, windows, at.frame, vector), (value) => {
        f.emit(value).set(element);
        f.emit(op(`${lanes}.pmax`, get(most), get(element))).set(most);
        f.emit(op('v128.and', get(signs), get(element))).set(signs);
        f.emit(op('v128.and', get(numbers), op(`${lanes}.eq`, get(element), get(element)))).set(numbers);
      });
      const signed = op('v128.and', get(most), op('v128.or', get(signs), magnitude));
      storeResult(f, windows, y, vector, op('v128.bitselect', signed, splat(lanes, NaN), get(numbers)));
    });
  });
}

export const maxPoolGradRegions = ({ frame }: PlaneWindows, { results, images }: ElementWindows) => ({
  frame: frame.sample,
  results: results.sample,
  shares: results.sample,
  images: images.sample,
  sums: images.sample,
});

/** The cotangent of each window, shared equally between the elements that are its result. */
export function emitMaxPoolGrad(
  f: FunctionBuilder,
  windows: PlaneWindows,
  elements: ElementWindows,
  places: Places<'x' | 'y' | 'ct' | 'target'>,
): void {
  const { type, lanes, axes, frame } = windows;
  const at = regions(f, places.scratch, maxPoolGradRegions(windows, elements));
  fillWith(f, type, at.frame, frame, -Infinity);
  // No element is the result of a window that is not there.
  fillWith(f, type, at.results, elements.results, NaN);
  fillWith(f, type, at.shares, elements.results, 0);
  const [result, count, image] = [f.local('v128'), f.local('v128'), f.local('v128')];
  const hit = (x: Code, y: Code): Code => op('v128.and', op(`${lanes}.eq`, x, y), splat(lanes, 1));
  const { x, y, ct, target } = places;
  eachPlane(f, windows, { images: { x, target }, results: { y, ct } }, (plane) => {
    copyToFrame(f, type, axes, frame, plane.x, at.frame);
    eachVector(f, type, windows.grid, (vector) => {
      f.emit(resultAt(f, windows, plane.y, vector)).set(result);
      f.emit(splat(lanes, 0)).set(count);
      eachElement(f, windows.taps, firstElement(f, windows, at.frame, vector), (element) => {
        f.emit(op(`${lanes}.add`, get(count), hit(element, get(result)))).set(count);
      });
      const share = op(`${lanes}.div`, resultAt(f, windows, plane.ct, vector), get(count));
      storeShare(f, windows, elements, at.shares, vector, share);
    });
    copyToFrame(f, type, elements.axes, elements.results, plane.y, at.results);
    copyToFrame(f, type, axes, elements.images, plane.x, at.images);
    const fromShares = f.keep('i32', op('i32.sub', get(at.results), get(at.shares)));
    const fromSums = f.keep('i32', op('i32.sub', get(at.images), get(at.sums)));
    const resultOf = f.local('i32');
    gather(f, windows, elements, at, (sums) => {
      f.emit(op('i32.add', get(sums), get(fromSums)))
        .memory('v128.load')
        .set(image);
      return (share, pointer, offset) => {
        f.emit(op('i32.add', get(pointer), get(fromShares))).set(resultOf);
        return op(`${lanes}.mul`, hit(get(image), loadAt(resultOf, offset)), share);
      };
    });
    copyFromFrame(f, type, axes, elements.images, at.sums, plane.target);
  });
}

export const meanPoolRegions = ({ frame }: PlaneWindows, { bytes }: Divisor) => ({
  frame: frame.sample,
  divisor: bytes,
});

/** The mean of each window. */
export function emitMeanPool(
  f: FunctionBuilder,
  windows: PlaneWindows,
  divisor: Divisor,
  places: Places<'x' | 'y'>,
): void {
  const { type, lanes, axes, frame, taps } = windows;
  const at = regions(f, places.scratch, meanPoolRegions(windows, divisor));
  fillWith(f, type, at.frame, frame, 0);
  divisor.prepare(f, at.divisor);
  const sum = f.local('v128');
  eachPlane(f, windows, { images: { x: places.x }, results: { y: places.y } }, ({ x, y }) => {
    copyToFrame(f, type, axes, frame, x, at.frame);
    eachVector(f, type, windows.grid, (vector) => {
      f.emit(splat(lanes, 0)).set(sum);
      eachElement(f, taps, firstElement(f, windows, at.frame, vector), (element) => {
        f.emit(op(`${lanes}.add`, get(sum), element)).set(sum);
      });
      storeResult(f, windows, y, vector, divisor.divide(at.divisor, get(sum), vector));
    });
  });
}

export const meanPoolGradRegions = ({ results, images }: ElementWindows, { bytes }: Divisor) => ({
  shares: results.sample,
  sums: images.sample,
  divisor: bytes,
});

/** The cotangent of each window, shared equally between its elements. */
export function emitMeanPoolGrad(
  f: FunctionBuilder,
  windows: PlaneWindows,
  elements: ElementWindows,
  divisor: Divisor,
  places: Places<'ct' | 'target'>,
): void {
  const { type, axes } = windows;
  const at = regions(f, places.scratch, meanPoolGradRegions(elements, divisor));
  fillWith(f, type, at.shares, elements.results, 0);
  divisor.prepare(f, at.divisor);
  eachPlane(f, windows, { images: { target: places.target }, results: { ct: places.ct } }, ({ ct, target }) => {
    eachVector(f, type, windows.grid, (vector) => {
      const share = divisor.divide(at.divisor, resultAt(f, windows, ct, vector), vector);
      storeShare(f, windows, elements, at.shares, vector, share);
    });
    gather(f, windows, elements, at, () => (share) => share);
    copyFromFrame(f, type, axes, elements.images, at.sums, target);
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

function fillWith(f: FunctionBuilder, { dtype, bytes }: VectorType, at: Local, frame: Frame, value: number): void {
  fillElements(f, get(at), dtype, value, frame.sample / bytes);
}

function copyToFrame(f: FunctionBuilder, type: VectorType, axes: Axes, frame: Frame, from: Local, to: Local): void {
  fillFrame(f, type, { frame, axes, samples: 1, channels: 1, sample: 0, hasAllRows: true }, from, to, from);
}

function copyFromFrame(f: FunctionBuilder, type: VectorType, axes: Axes, frame: Frame, from: Local, to: Local): void {
  emptyFrame(f, type, frame, axes, placeOf({ address: get(from) }), placeOf({ address: get(to) }));
}

const loadAt =
  (pointer: Local, offset: number): Code =>
  (f) =>
    f.get(pointer).memory('v128.load', offset);

/** The address of what tap offsets of a vector of windows count from. */
const firstElement = (f: FunctionBuilder, windows: PlaneWindows, frame: Local, vector: PositionVector): Local =>
  vectorAt(f, windows.type, frame, windows.axes[0].step * windows.frame.row, vector);

/** Visits the elements of a vector of windows, tap by tap. */
function eachElement(f: FunctionBuilder, taps: TapOffsets, first: Local, visit: (element: Code) => void): void {
  eachTap(f, taps, first, {
    cost: 1,
    visit: (pointer, offset) => {
      visit(loadAt(pointer, offset));
    },
  });
}

/** What a window adds to an element, given its share and where that is. */
type Term = (share: Code, pointer: Local, offset: number) => Code;

/** Sums for each element what its windows have for it; `begin` takes where the sums of a vector of elements will be. */
function gather(
  f: FunctionBuilder,
  { type, lanes }: PlaneWindows,
  { phases, grid, line, results }: ElementWindows,
  at: Readonly<Record<'shares' | 'sums', Local>>,
  begin: (sums: Local) => Term,
): void {
  const sum = f.local('v128');
  for (const { start, taps } of phases) {
    const first = f.keep('i32', op('i32.add', get(at.sums), i32(start)));
    eachVector(f, type, grid, (vector) => {
      const sums = vectorAt(f, type, first, line, vector);
      const term = begin(sums);
      f.emit(splat(lanes, 0)).set(sum);
      eachTap(f, taps, vectorAt(f, type, at.shares, results.row, vector), {
        cost: 1,
        visit: (pointer, offset) => {
          f.emit(op(`${lanes}.add`, get(sum), term(loadAt(pointer, offset), pointer, offset))).set(sum);
        },
      });
      f.get(sums).get(sum).memory('v128.store');
    });
  }
}

function resultAt(f: FunctionBuilder, { type, grid }: PlaneWindows, plane: Local, vector: PositionVector): Code {
  return loadAt(vectorAt(f, type, plane, grid.positions * type.bytes, vector), 0);
}

function storeResult(
  f: FunctionBuilder,
  { type, grid }: PlaneWindows,
  plane: Local,
  vector: PositionVector,
  value: Code,
): void {
  const address = vectorAt(f, type, plane, grid.positions * type.bytes, vector);
  storePart(f, type, address, f.keep('v128', value), vector.count);
}

/** Stores what windows have for each of their elements in the frame of results, whose margins stay as they are. */
function storeShare(
  f: FunctionBuilder,
  { type }: PlaneWindows,
  { results }: ElementWindows,
  shares: Local,
  vector: PositionVector,
  value: Code,
): void {
  const [lane] = results.lanes;
  const start = -results.firstRow * results.row - lane!.first * type.bytes;
  const first = f.keep('i32', op('i32.add', get(shares), i32(start)));
  const address = vectorAt(f, type, first, results.row, vector);
  storePart(f, type, address, f.keep('v128', value), vector.count);
}
