/** Loops over elements: a nest over the axes, vectors along the last, sums in registers. */
import { countTo, get, i32, op, splat } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { dimensionsOf, readAccess, writeAccess, type Access, type Dimension } from './access.ts';
import { emitConvolutionLoop } from './convolution-loop.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { LoopBody, movedPlace, placeOf, storedMembers, type Place } from './loop-body.ts';
import { emitProduct } from './product.ts';
import type { LoopStep, Member } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';
import { combine, combineLanes, lanesOf, neutral } from './vector.ts';

export function emitLoop(e: FunctionEmitter, step: LoopStep): void {
  const { product } = step;
  if (product === undefined) emitNest(e, step);
  else if (product.kind === 'matmul') emitProduct(e, step, product);
  else emitConvolutionLoop(e, step, product);
}

function emitNest(e: FunctionEmitter, step: LoopStep): void {
  const body = new LoopBody(e, step);
  body.emitWithPreparations(() => {
    new Nest(e, step, body).emit();
  });
}

/** Sums of floats are kept in blocks of this many vectors, so that rounding grows with the number of blocks and not of elements. */
const blockVectors = 512;

interface Sum {
  readonly member: Member;
  readonly total: Local;
  /** The sum of the block that is under way, if there are several. */
  readonly block: Local | undefined;
}

class Nest {
  readonly #e: FunctionEmitter;
  readonly #body: LoopBody;
  readonly #step: LoopStep;
  readonly #accesses: readonly Access[];
  readonly #levels: readonly Dimension[];
  readonly #vector: Dimension;
  readonly #sums: Sum[] = [];
  readonly #firstReduced: number;

  constructor(e: FunctionEmitter, step: LoopStep, body: LoopBody) {
    this.#e = e;
    this.#body = body;
    this.#step = step;
    const { shape, reducedAxes } = step;
    const writes = storedMembers(step).map(({ output, isReduction }) =>
      writeAccess(output, shape, isReduction ? reducedAxes : undefined),
    );
    this.#accesses = [...body.reads.map((variable) => readAccess(variable, shape)), ...writes];
    const dimensions = dimensionsOf(shape, reducedAxes ?? [], this.#accesses);
    this.#vector = dimensions.at(-1)!;
    const kept = dimensions.filter(({ isReduced }) => !isReduced);
    const reduced = dimensions.filter(({ isReduced }) => isReduced);
    // The axes that stay lie outside, so that a sum is finished before the next begins.
    this.#levels = [...kept, ...reduced];
    this.#firstReduced = kept.length;
  }

  emit(): void {
    this.#level(
      0,
      this.#accesses.map(({ variable }) => placeOf(this.#e, variable)),
      this.#body.lanes,
      new Map(),
    );
  }

  #level(index: number, places: readonly Place[], count: number, preloaded: ReadonlyMap<Variable, Local>): void {
    const hasSums = this.#step.reducedAxes !== undefined;
    if (hasSums && index === this.#firstReduced && this.#sums.length === 0) {
      this.#begin();
      this.#walk(index, places, count, preloaded);
      this.#finish(places, count);
      this.#sums.length = 0;
      return;
    }
    this.#walk(index, places, count, preloaded);
  }

  #walk(index: number, places: readonly Place[], count: number, preloaded: ReadonlyMap<Variable, Local>): void {
    const dimension = this.#levels[index];
    if (dimension === undefined) this.#element(places, count, preloaded);
    else if (dimension === this.#vector) this.#vectors(index, dimension, places);
    else this.#counted(index, dimension, places, count, preloaded);
  }

  #counted(
    index: number,
    dimension: Dimension,
    places: readonly Place[],
    count: number,
    preloaded: ReadonlyMap<Variable, Local>,
  ): void {
    const { f } = this.#e;
    countTo(f, dimension.extent, (counter) => {
      const next = places.map((place, i) => {
        const bytes = dimension.strides[i]! * elementBytes(this.#accesses[i]!.variable.dtype);
        return bytes === 0 ? place : movedPlace(f, place, op('i32.mul', get(counter), i32(bytes)));
      });
      this.#level(index + 1, next, count, preloaded);
    });
  }

  #vectors(index: number, dimension: Dimension, places: readonly Place[]): void {
    const { f } = this.#e;
    const { lanes } = this.#body;
    const unit = lanes === 4 ? 4 : 8;
    const whole = Math.floor(dimension.extent / lanes);
    const rest = dimension.extent % lanes;
    const isInnermost = index === this.#levels.length - 1;
    const preloaded = isInnermost ? this.#preload(dimension, places) : new Map<Variable, Local>();
    const at = (counter: Local): readonly Place[] =>
      places.map((place, i) =>
        this.#along(place, dimension.strides[i]!, this.#accesses[i]!.variable, counter, unit, isInnermost),
      );
    const fixed = (start: number): readonly Place[] =>
      places.map(({ terms, offset }, i) => ({
        terms,
        offset: offset + start * dimension.strides[i]! * elementBytes(this.#accesses[i]!.variable.dtype),
      }));
    if (whole === 1) {
      this.#level(index + 1, places, lanes, preloaded);
    } else if (whole > 1) {
      const counter = f.local('i32');
      f.i32(0).set(counter);
      f.loop((again) => {
        this.#level(index + 1, at(counter), lanes, preloaded);
        f.emit(op('i32.add', get(counter), i32(lanes * unit))).tee(counter);
        if (isInnermost) this.#endBlock(counter, lanes * unit);
        f.i32(whole * lanes * unit)
          .op('i32.lt_u')
          .branchIf(again);
      });
    }
    if (rest > 0) this.#level(index + 1, fixed(whole * lanes), rest, preloaded);
  }

  /** A place `counter / unit` elements further along the vectors' axis. */
  #along(place: Place, stride: number, { dtype }: Variable, counter: Local, unit: number, isInnermost: boolean): Place {
    if (stride === 0) return place;
    const bytes = elementBytes(dtype);
    if (stride === 1 && bytes === unit && isInnermost)
      return { terms: [...place.terms, counter], offset: place.offset };
    const elements = op('i32.shr_u', get(counter), i32(unit === 4 ? 2 : 3));
    return movedPlace(this.#e.f, place, op('i32.mul', elements, i32(stride * bytes)));
  }

  /** What stays the same along the vectors is loaded before them. */
  #preload(dimension: Dimension, places: readonly Place[]): ReadonlyMap<Variable, Local> {
    const reads = this.#body.reads;
    return new Map(
      reads.flatMap((variable, i) =>
        dimension.strides[i] === 0
          ? [[variable, this.#body.load(variable, { place: places[i]!, stride: 0 }, this.#body.lanes)] as const]
          : [],
      ),
    );
  }

  #element(places: readonly Place[], count: number, preloaded: ReadonlyMap<Variable, Local>): void {
    const body = this.#body;
    const index = new Map(this.#accesses.map(({ variable }, i) => [variable, i]));
    const load = (variable: Variable): Local => {
      const known = preloaded.get(variable);
      if (known !== undefined) return known;
      const i = body.reads.indexOf(variable);
      return body.load(variable, { place: places[i]!, stride: this.#vector.strides[i]! }, count);
    };
    const values = body.evaluate(new Map(), load, (member, value) => {
      this.#add(member, value, count);
    });
    for (const { output, isReduction } of storedMembers(this.#step)) {
      if (!isReduction) body.store(output, places[index.get(output)!]!, values.get(output)!, count);
    }
  }

  #begin(): void {
    const { f } = this.#e;
    const isLong = this.#vector.isReduced && this.#vector.extent > this.#body.lanes * blockVectors;
    for (const member of this.#step.members) {
      if (!member.isReduction) continue;
      const { dtype } = member.output;
      const start = splat(lanesOf(dtype), neutral(member.operation.op, dtype));
      const isBlocked = isLong && dtype !== 'i32' && neutral(member.operation.op, dtype) === 0;
      const block = isBlocked ? f.keep('v128', start) : undefined;
      this.#sums.push({ member, total: f.keep('v128', start), block });
    }
  }

  #add(member: Member, value: Local, count: number): void {
    const { f } = this.#e;
    const { total, block } = this.#sums.find((sum) => sum.member === member)!;
    const { dtype } = member.output;
    const sum = block ?? total;
    const isPartial = this.#vector.isReduced && count < this.#body.lanes;
    const term = isPartial ? this.#masked(value, member, count) : get(value);
    f.emit(combine(member.operation.op, dtype, get(sum), term)).set(sum);
  }

  /** The first `count` lanes, and the neutral element in the others. */
  #masked(value: Local, { operation, output: { dtype } }: Member, count: number): Code {
    const bytes = new Uint8Array(16).fill(255, 0, count * elementBytes(dtype));
    const start = neutral(operation.op, dtype);
    const mask: Code = (f) => f.v128(bytes);
    if (start === 0) return op('v128.and', get(value), mask);
    return op('v128.bitselect', get(value), splat(lanesOf(dtype), start), mask);
  }

  /** Adds the block to the total, every `blockVectors` vectors. */
  #endBlock(counter: Local, step: number): void {
    const { f } = this.#e;
    const blocked = this.#sums.filter(({ block }) => block !== undefined);
    if (blocked.length === 0) return;
    f.op('drop');
    f.emit(op('i32.eqz', op('i32.and', get(counter), i32(step * blockVectors - 1)))).if(() => {
      this.#flush(blocked);
    });
    f.get(counter);
  }

  #flush(sums: readonly Sum[]): void {
    const { f } = this.#e;
    for (const { member, total, block } of sums) {
      const { dtype } = member.output;
      f.emit(combine(member.operation.op, dtype, get(total), get(block!))).set(total);
      f.emit(splat(lanesOf(dtype), 0)).set(block!);
    }
  }

  #finish(places: readonly Place[], count: number): void {
    const { f } = this.#e;
    const body = this.#body;
    this.#flush(this.#sums.filter(({ block }) => block !== undefined));
    for (const { member, total } of this.#sums) {
      const { operation, output } = member;
      const isStored = !output.isScalar;
      if (isStored && output.uses.length === 0) continue;
      const place = isStored ? places[this.#accesses.findIndex(({ variable }) => variable === output)] : undefined;
      let result = total;
      if (this.#vector.isReduced) result = combineLanes(f, operation.op, output.dtype, body.lanes, get(total));
      if (operation.op === 'mean') result = this.#divided(result, output);
      if (this.#vector.isReduced || place === undefined) body.storeFirst(output, place, result);
      else body.store(output, place, result, count);
    }
  }

  /** A sum divided by the number of its terms. */
  #divided(sum: Local, { dtype }: Variable): Local {
    const { shape, reducedAxes } = this.#step;
    const terms = (reducedAxes ?? []).reduce((product, axis) => product * shape[axis]!, 1);
    const lanes = dtype === 'f64' ? 'f64x2' : 'f32x4';
    return this.#e.f.keep('v128', op(`${lanes}.div`, get(sum), splat(lanes, terms)));
  }
}
