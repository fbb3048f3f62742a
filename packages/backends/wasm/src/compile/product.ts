/** Matrix products, with what follows them element by element fused into the store. */
import type { Shape } from '@node-ode/core';
import { countTo, get, i32, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { emitMatmul, scratchBytes, type MatmulSpec, type ResultVector } from '../matmul/index.ts';
import { isEvenInRows, readAccess, writeAccess, type Access } from './access.ts';
import { addressCode, type FunctionEmitter } from './function-emitter.ts';
import { movedPlace, placeCode, placeOf, storedMembers, type LoopBody, type Place } from './loop-body.ts';
import type { LoopStep, MatrixProduct } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';

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
export function matmulScratchBytes(product: MatrixProduct): number {
  const spec = specOf(product);
  return Math.max(scratchBytes(spec), scratchBytes({ ...spec, m: product.output.shape.at(-2)! }));
}

/** Writes a product and the members of its loop, which take its results vector by vector. */
export function emitProduct(e: FunctionEmitter, step: LoopStep, product: MatrixProduct, body: LoopBody): void {
  new ProductEmitter(e, step, product, body).emit();
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

  constructor(e: FunctionEmitter, step: LoopStep, product: MatrixProduct, body: LoopBody) {
    this.#e = e;
    this.#step = step;
    this.#product = product;
    this.#body = body;
    const members = storedMembers(step).map((member) => member.output);
    this.#stored = product.output.uses.length > 0 ? [product.output, ...members] : members;
    this.#accesses = [
      ...body.reads.map((variable) => readAccess(variable, step.shape)),
      ...this.#stored.map((variable) => writeAccess(variable, step.shape, undefined)),
    ];
  }

  emit(): void {
    const { a, b } = this.#product;
    const { shape } = this.#step;
    const batch = shape.slice(0, -2);
    const rows = shape.at(-2)!;
    const whole = specOf(this.#product);
    const isOneMatrix = whole.m !== rows && isEvenInRows(shape, this.#accesses);
    const spec = isOneMatrix ? whole : { ...whole, m: rows };
    const start: Pair = {
      left: placeOf(this.#e, a),
      right: placeOf(this.#e, b),
      others: this.#accesses.map(({ variable }) => placeOf(this.#e, variable)),
    };
    this.#pairs(isOneMatrix ? [] : batch, 0, spec, start);
  }

  /** A loop over each axis of the batch that is left, then the product of one pair. */
  #pairs(batch: Shape, axis: number, spec: MatmulSpec, { left, right, others }: Pair): void {
    const { f } = this.#e;
    const { a, b } = this.#product;
    if (axis === batch.length) {
      this.#pair(spec, { left, right, others });
      return;
    }
    const [leftAccess, rightAccess] = [a, b].map((x) => readAccess(x, [...batch, ...x.shape.slice(-2)])) as [
      Access,
      Access,
    ];
    countTo(f, batch[axis]!, (counter) => {
      const move = (place: Place, { strides, variable }: Access): Place => {
        const bytes = strides[axis]! * elementBytes(variable.dtype);
        return bytes === 0 ? place : movedPlace(f, place, op('i32.mul', get(counter), i32(bytes)));
      };
      this.#pairs(batch, axis + 1, spec, {
        left: move(left, leftAccess),
        right: move(right, rightAccess),
        others: others.map((place, i) => move(place, this.#accesses[i]!)),
      });
    });
  }

  #pair(spec: MatmulSpec, { left, right, others }: Pair): void {
    const { f } = this.#e;
    const { scratch } = this.#step;
    const operands = {
      a: f.keep('i32', addressOf(left)),
      b: f.keep('i32', addressOf(right)),
      scratch: scratch === undefined ? i32(0) : addressCode(this.#e.addressOfRoot(scratch)),
    };
    emitMatmul(f, spec, operands, (result) => {
      this.#members(result, others);
    });
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
