/** Matrix products, with what follows them element by element fused into the store. */
import { get, i32, op } from '../encoder/code.ts';
import type { Local } from '../encoder/function.ts';
import { emitMatmul, scratchBytes, type MatmulSpec } from '../matmul/index.ts';
import { isEvenInRows, readAccess, writeAccess } from './access.ts';
import { addressCode, type FunctionEmitter } from './function-emitter.ts';
import { placeOf, storedMembers, type LoopBody, type Place } from './loop-body.ts';
import type { LoopStep, Product } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** The product of two matrices of a loop, or of one pair of a batch. */
function specOf({ a, b, transposeA, transposeB, output }: Product): MatmulSpec {
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
export function productScratchBytes(product: Product): number {
  const spec = specOf(product);
  return Math.max(scratchBytes(spec), scratchBytes({ ...spec, m: product.output.shape.at(-2)! }));
}

/** Writes a product and the members of its loop, which take its results vector by vector. */
export function emitProduct(e: FunctionEmitter, step: LoopStep, product: Product, body: LoopBody): void {
  const { f } = e;
  const { a, b, output } = product;
  const { shape } = step;
  const stored = [
    ...new Set([...(output.uses.length > 0 ? [output] : []), ...storedMembers(step).map((member) => member.output)]),
  ];
  const reads = body.reads;
  const accesses = [
    ...reads.map((variable) => readAccess(variable, shape)),
    ...stored.map((variable) => writeAccess(variable, shape, undefined)),
  ];
  const spec = specOf(product);
  const [rows] = shape.slice(-2) as [number];
  const isMerged = spec.m !== rows && isEvenInRows(shape, accesses);
  const one: MatmulSpec = isMerged ? spec : { ...spec, m: rows };
  const scratch = step.scratch === undefined ? i32(0) : addressCode(e.addressOfRoot(step.scratch));

  const emitOne = (left: Local, right: Local, places: readonly Place[]): void => {
    emitMatmul(f, one, { a: left, b: right, scratch }, ({ value, row, column, count }) => {
      const rowLocal = f.keep('i32', row);
      const columnLocal = f.keep('i32', column);
      const at = (i: number): Place => {
        const { strides, variable } = accesses[i]!;
        const bytes = elementBytes(variable.dtype);
        const terms = [
          [rowLocal, strides.at(-2)!],
          [columnLocal, strides.at(-1)!],
        ] as const;
        const moving = terms.flatMap(([local, stride]) =>
          stride === 0 ? [] : [op('i32.mul', get(local), i32(stride * bytes))],
        );
        const place = places[i]!;
        if (moving.length === 0) return place;
        const sum = [...place.terms.map(get), ...moving].reduce((total, term) => op('i32.add', total, term));
        return { terms: [f.keep('i32', sum)], offset: place.offset };
      };
      const load = (variable: Variable): Local => {
        const i = reads.indexOf(variable);
        return body.load(variable, { place: at(i), stride: accesses[i]!.strides.at(-1)! }, count);
      };
      const values = body.evaluate(new Map([[output, value]]), load, () => undefined);
      stored.forEach((variable, i) => {
        body.store(variable, at(reads.length + i), values.get(variable)!, count);
      });
    });
  };

  const places = accesses.map(({ variable }) => placeOf(e, variable));
  const batch = isMerged ? [] : shape.slice(0, -2);
  const operands = [a, b].map((operand) => ({
    access: readAccess(operand, [...shape.slice(0, -2), ...operand.shape.slice(-2)]),
  }));
  const pointers = [a, b].map((operand) => f.keep('i32', addressCode(e.address(operand))));
  const emitBatch = (axis: number, [left, right]: readonly Local[], at: readonly Place[]): void => {
    if (axis === batch.length) {
      emitOne(left!, right!, at);
      return;
    }
    const extent = batch[axis]!;
    const counter = f.local('i32');
    f.i32(0).set(counter);
    f.loop((again) => {
      const moved = [left!, right!].map((pointer, i) => {
        const { access } = operands[i]!;
        const bytes = access.strides[axis]! * elementBytes(access.variable.dtype);
        return bytes === 0
          ? pointer
          : f.keep('i32', op('i32.add', get(pointer), op('i32.mul', get(counter), i32(bytes))));
      });
      const next = at.map((place, i) => {
        const bytes = accesses[i]!.strides[axis]! * elementBytes(accesses[i]!.variable.dtype);
        if (bytes === 0) return place;
        const sum = [...place.terms.map(get), op('i32.mul', get(counter), i32(bytes))].reduce((total, term) =>
          op('i32.add', total, term),
        );
        return { terms: [f.keep('i32', sum)], offset: place.offset };
      });
      emitBatch(axis + 1, moved, next);
      f.emit(op('i32.add', get(counter), i32(1))).tee(counter);
      f.i32(extent).op('i32.lt_u').branchIf(again);
    });
  };
  emitBatch(0, pointers, places);
}
