/** Matrix products, with what follows them element by element fused into the store. */
import { sizeOf, type Shape } from '@node-ode/core';
import { countTo, get, i32, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import {
  blockedMatmul,
  emitMatmul,
  scratchBytes,
  type BlockedMatmul,
  type MatmulOperands,
  type MatmulSpec,
  type ResultVector,
} from '../matmul/index.ts';
import { isEvenInRows, readAccess, writeAccess, type Access } from './access.ts';
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { emitJob, type Part } from './job.ts';
import { LoopBody, movedPlace, placeCode, placeOf, storedMembers, type Place } from './loop-body.ts';
import { partsFor } from './shared-work.ts';
import type { Job, LoopStep, MatrixProduct } from './steps.ts';
import { elementBytes } from './types.ts';
import { denseStrides, type Variable } from './variable.ts';

/** The product of two matrices of a loop, or of one pair of a batch. */
function specOf({ a, b, transposeA, transposeB, output }: MatrixProduct): MatmulSpec {
  const [m, n] = output.shape.slice(-2) as [number, number];
  const k = a.shape.at(transposeA ? -2 : -1)!;
  const dtype = output.dtype === 'f64' ? 'f64' : 'f32';
  // A batch of left operands and one right operand are one taller matrix.
  const isOneRight = b.shape.slice(0, -2).every((extent) => extent === 1) && !transposeA;
  const batch = output.shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const isWholeBatch = a.shape.slice(0, -2).reduce((product, extent) => product * extent, 1) === batch;
  return { dtype, m: isOneRight && isWholeBatch ? m * batch : m, n, k, transposeA, transposeB };
}

/** Scratch memory of a product, whether or not its batch is one matrix. */
export function matmulScratchBytes(product: MatrixProduct, job: Job | undefined): number {
  const whole = specOf(product);
  const one = { ...whole, m: product.output.shape.at(-2)! };
  if (job === undefined) return Math.max(scratchBytes(whole), scratchBytes(one));
  const { threads } = job;
  const inBlocks = [whole, one].map((spec) => {
    const { copyBytes, blockBytes } = blocksOf(spec, job);
    return copyBytes + threads * blockBytes;
  });
  return Math.max(...inBlocks, threads * scratchBytes(one));
}

/** A product in blocks for the threads of a job. */
const blocksOf = (spec: MatmulSpec, job: Job): BlockedMatmul =>
  blockedMatmul(spec, partsFor(2 * spec.m * spec.n * spec.k, job), job.threads);

/** Writes a product and the members of its loop, which take its results vector by vector. */
export function emitProduct(e: FunctionEmitter, step: LoopStep, product: MatrixProduct): void {
  const emitter = new ProductEmitter(e, step, product);
  if (step.job === undefined) emitter.emit();
  else emitter.emitShared(step.job);
}

/** Where the operands of one pair of matrices are, and the tensors that the members read and write. */
interface Pair {
  readonly left: Place;
  readonly right: Place;
  readonly others: readonly Place[];
}

class ProductEmitter {
  readonly #e: FunctionEmitter;
  readonly #step: LoopStep;
  readonly #product: MatrixProduct;
  readonly #body: LoopBody;
  readonly #stored: readonly Variable[];
  readonly #accesses: readonly Access[];
  /** One product: of the whole batch as one matrix, or of each of its pairs. */
  readonly #spec: MatmulSpec;
  /** The axes along which there are several pairs. */
  readonly #batch: Shape;

  constructor(e: FunctionEmitter, step: LoopStep, product: MatrixProduct) {
    this.#e = e;
    this.#step = step;
    this.#product = product;
    this.#body = new LoopBody(e, step);
    const members = storedMembers(step).map((member) => member.output);
    this.#stored = product.output.uses.length > 0 ? [product.output, ...members] : members;
    this.#accesses = [
      ...this.#body.reads.map((variable) => readAccess(variable, step.shape)),
      ...this.#stored.map((variable) => writeAccess(variable, step.shape, undefined)),
    ];
    const whole = specOf(product);
    const rows = step.shape.at(-2)!;
    const isOneMatrix = whole.m !== rows && isEvenInRows(step.shape, this.#accesses);
    this.#spec = isOneMatrix ? whole : { ...whole, m: rows };
    this.#batch = isOneMatrix ? [] : step.shape.slice(0, -2);
  }

  emit(): void {
    this.#body.emitWithPreparations(() => {
      this.#pairs(0, this.#start());
    });
  }

  /** One pair is shared in blocks of its rows, several are shared as they are. */
  emitShared(job: Job): void {
    const pairs = sizeOf(this.#batch);
    if (pairs === 1) this.#emitSharedBlocks(job);
    else this.#emitSharedPairs(job, pairs);
  }

  #emitSharedBlocks(job: Job): void {
    const e = this.#e;
    const blocked = blocksOf(this.#spec, job);
    if (blocked.blocks === 1) {
      this.emit();
      return;
    }
    const within = (inner: FunctionEmitter): ProductEmitter => new ProductEmitter(inner, this.#step, this.#product);
    if (blocked.copies === 1) blocked.emitCopy(e.f, this.#operands(this.#start()), i32(0));
    else if (blocked.copies > 1) {
      emitJob(e, `${this.#name}.copy`, job, blocked.copies, (inner, { index }) => {
        const part = within(inner);
        blocked.emitCopy(inner.f, part.#operands(part.#start()), get(index));
      });
    }
    emitJob(e, this.#name, job, blocked.blocks, (inner, part) => {
      within(inner).#emitBlock(blocked, part);
    });
  }

  #emitBlock(blocked: BlockedMatmul, { index, thread }: Part): void {
    const { f } = this.#e;
    const start = this.#start();
    const own = this.#scratch(blocked.copyBytes, { thread, bytes: blocked.blockBytes });
    this.#body.emitWithPreparations(() => {
      blocked.emitBlock(f, this.#operands(start), { index: get(index), own }, (result) => {
        this.#members(result, start.others);
      });
    });
  }

  #emitSharedPairs(job: Job, pairs: number): void {
    emitJob(this.#e, this.#name, job, pairs, (inner, { index, thread }) => {
      new ProductEmitter(inner, this.#step, this.#product).#emitPair(index, thread);
    });
  }

  #emitPair(index: Local, thread: Local): void {
    const { f } = this.#e;
    this.#body.emitWithPreparations(() => {
      const strides = denseStrides(this.#batch);
      const pair = this.#batch.reduce((place, extent, axis) => {
        const along = f.keep('i32', op('i32.rem_u', op('i32.div_u', get(index), i32(strides[axis]!)), i32(extent)));
        return this.#along(axis, along, place);
      }, this.#start());
      this.#pair(pair, this.#scratch(0, { thread, bytes: scratchBytes(this.#spec) }));
    });
  }

  get #name(): string {
    const { dtype, m, n, k } = this.#spec;
    return `matmul.part.${dtype}.${m}x${k}x${n}`;
  }

  /** The first pair. */
  #start(): Pair {
    const { a, b } = this.#product;
    return {
      left: placeOf(this.#e, a),
      right: placeOf(this.#e, b),
      others: this.#accesses.map(({ variable }) => placeOf(this.#e, variable)),
    };
  }

  /** A loop over each axis of the batch that is left, then the product of one pair. */
  #pairs(axis: number, pair: Pair): void {
    if (axis === this.#batch.length) {
      this.#pair(pair, this.#scratch(0));
      return;
    }
    countTo(this.#e.f, this.#batch[axis]!, (counter) => {
      this.#pairs(axis + 1, this.#along(axis, counter, pair));
    });
  }

  /** The pair that lies `counter` further along an axis of the batch. */
  #along(axis: number, counter: Local, { left, right, others }: Pair): Pair {
    const { a, b } = this.#product;
    const [leftAccess, rightAccess] = [a, b].map((x) => readAccess(x, [...this.#batch, ...x.shape.slice(-2)])) as [
      Access,
      Access,
    ];
    const move = (place: Place, { strides, variable }: Access): Place => {
      const bytes = strides[axis]! * elementBytes(variable.dtype);
      return bytes === 0 ? place : movedPlace(this.#e.f, place, op('i32.mul', get(counter), i32(bytes)));
    };
    return {
      left: move(left, leftAccess),
      right: move(right, rightAccess),
      others: others.map((place, i) => move(place, this.#accesses[i]!)),
    };
  }

  #pair(pair: Pair, scratch: Code): void {
    emitMatmul(this.#e.f, this.#spec, { ...this.#operands(pair), scratch }, (result) => {
      this.#members(result, pair.others);
    });
  }

  #operands({ left, right }: Pair): MatmulOperands {
    const { f } = this.#e;
    return {
      a: f.keep('i32', addressOf(left)),
      b: f.keep('i32', addressOf(right)),
      scratch: this.#scratch(0),
    };
  }

  /** An address in the scratch memory, or in a thread's part of it. */
  #scratch(offset: number, of?: { readonly thread: Local; readonly bytes: number }): Code {
    const { scratch } = this.#step;
    if (scratch === undefined) return i32(0);
    const { base, offset: start } = this.#e.addressOfRoot(scratch);
    const address = addressCode({ base, offset: start + offset });
    if (of === undefined) return address;
    return op('i32.add', address, op('i32.mul', get(of.thread), i32(of.bytes)));
  }

  /** The members of the loop on one vector of the product. */
  #members({ value, row, column, count }: ResultVector, places: readonly Place[]): void {
    const { f } = this.#e;
    const body = this.#body;
    const [rowIndex, columnIndex] = [f.keep('i32', row), f.keep('i32', column)];
    const at = (i: number): Place => {
      const { strides, variable } = this.#accesses[i]!;
      const [rowStride, stride] = strides.slice(-2).map((elements) => elements * elementBytes(variable.dtype)) as [
        number,
        number,
      ];
      let place = places[i]!;
      if (rowStride !== 0) place = movedPlace(f, place, op('i32.mul', get(rowIndex), i32(rowStride)));
      return stride === 0 ? place : movedPlace(f, place, op('i32.mul', get(columnIndex), i32(stride)));
    };
    const load = (variable: Variable): Local => {
      const i = body.reads.indexOf(variable);
      return body.load(variable, { place: at(i), stride: this.#accesses[i]!.strides.at(-1)! }, count);
    };
    const values = body.evaluate(new Map([[this.#product.output, value]]), load, () => undefined);
    this.#stored.forEach((variable, i) => {
      body.store(variable, at(body.reads.length + i), values.get(variable)!, count);
    });
  }
}

/** The whole address of a place. */
const addressOf = (place: Place): Code => op('i32.add', placeCode(place), i32(place.offset));
