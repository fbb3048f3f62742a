/** The body of a loop: its members on one vector of elements, with loads before and stores behind. */
import type { DType } from '@node-ode/core';
import { get, i32, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { inlineConstants } from '../math/types.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { scalarConstant } from './scalar.ts';
import type { LoopStep, Member } from './steps.ts';
import { elementBytes, scalarType } from './types.ts';
import type { Variable } from './variable.ts';
import { viewOf } from './variable.ts';
import { lanesOf, scaledSquares, vectorCode, type VectorSite } from './vector.ts';

/** Elements of a vector: 2 if anything in the loop is f64. */
export type LaneCount = 2 | 4;

/** A place in memory: the sum of locals and of a known offset. */
export interface Place {
  readonly terms: readonly Local[];
  readonly offset: number;
}

export function placeOf(e: FunctionEmitter, variable: Variable): Place {
  const { base, offset } = e.address(variable);
  return { terms: base === undefined ? [] : [base], offset };
}

/** A place moved by bytes that are known when the function runs. */
export function movedPlace(f: FunctionBuilder, { terms, offset }: Place, by: Code): Place {
  return {
    terms: [
      f.keep(
        'i32',
        terms.reduce((sum, term) => op('i32.add', sum, get(term)), by),
      ),
    ],
    offset,
  };
}

/** Code for the part of a place that is not known; the rest is an offset of the instruction. */
export const placeCode = ({ terms }: Place): Code => {
  const [first, ...rest] = terms.map(get);
  return rest.reduce((sum, term) => op('i32.add', sum, term), first ?? i32(0));
};

/** Loads and stores at `place`, `stride` elements apart. */
export interface Cursor {
  readonly place: Place;
  readonly stride: number;
}

function isInMemory(variable: Variable): boolean {
  const { of } = viewOf(variable);
  return of.constant === undefined && !of.isScalar;
}

export const storedMembers = ({ members }: LoopStep): readonly Member[] =>
  members.filter(({ output }) => output.uses.length > 0 && !output.isScalar);

export class LoopBody {
  readonly lanes: LaneCount;
  /** Tensors in memory that members read. */
  readonly reads: readonly Variable[];
  readonly #e: FunctionEmitter;
  readonly #step: LoopStep;
  readonly #inside: ReadonlySet<Variable>;
  readonly #splats = new Map<Variable, Local>();
  readonly #preparations: (() => void)[] = [];
  readonly #site: VectorSite;

  constructor(e: FunctionEmitter, step: LoopStep) {
    this.#e = e;
    this.#step = step;
    const outputs = step.members.map(({ output }) => output);
    if (step.product !== undefined) outputs.push(step.product.output);
    this.#inside = new Set(outputs);
    const all = [...outputs, ...step.members.flatMap(({ inputs }) => inputs)];
    this.lanes = all.some(({ dtype }) => dtype === 'f64') ? 2 : 4;
    const inputs = new Set(step.members.flatMap((member) => member.inputs));
    this.reads = [...inputs].filter((input) => !this.#inside.has(input) && isInMemory(input));
    this.#site = { f: e.f, context: e.context, constant: inlineConstants };
  }

  /** Writes the code of a loop that uses this body: scalars that it turns out to need are put into vectors before it. */
  emitWithPreparations(write: () => void): void {
    const { f } = this.#e;
    const loop = f.aside(write);
    for (const prepare of this.#preparations) prepare();
    f.emit(loop);
  }

  /** A vector that is computed before the loop. */
  #prepared(code: Code): Local {
    const local = this.#e.f.local('v128');
    this.#preparations.push(() => this.#e.f.emit(code).set(local));
    return local;
  }

  /** A scalar or constant in every lane. */
  #splat(variable: Variable): Local {
    const { of } = viewOf(variable);
    let local = this.#splats.get(of);
    if (local === undefined) this.#splats.set(of, (local = this.#prepared(this.#splatCode(of))));
    return local;
  }

  #splatCode(variable: Variable): Code {
    const { dtype, constant } = variable;
    const lanes = lanesOf(dtype);
    if (constant !== undefined) return splat(lanes, dtype === 'bool' && constant !== 0 ? -1 : constant);
    const value = this.#e.scalar(variable);
    return op(`${lanes}.splat`, dtype === 'bool' ? op('i32.sub', i32(0), value) : value);
  }

  /**
   * Computes the members on one vector.
   *
   * @param given results that are there already
   * @param load the vector of a tensor in memory
   * @param reduce takes the vector of a reduction
   * @returns the vectors of all members that are no reductions
   */
  evaluate(
    given: ReadonlyMap<Variable, Local>,
    load: (variable: Variable) => Local,
    reduce: (member: Member, value: Local) => void,
  ): ReadonlyMap<Variable, Local> {
    const { f } = this.#e;
    const values = new Map(given);
    const loaded = new Map<Variable, Local>();
    const read = (variable: Variable): Local => {
      const value = values.get(variable) ?? loaded.get(variable);
      if (value !== undefined) return value;
      if (!isInMemory(variable)) return this.#splat(variable);
      const local = load(variable);
      loaded.set(variable, local);
      return local;
    };
    for (const member of this.#step.members) {
      const { operation, inputs, output, isReduction } = member;
      if (operation.op === 'linearCombination' && !isReduction && this.#hasScalarWeights(member)) {
        values.set(output, f.keep('v128', this.#weightedSum(member, operation.params.coefficients, read)));
        continue;
      }
      const operands = inputs.map((input) => ({ local: read(input), dtype: input.dtype }));
      if (!isReduction) {
        values.set(output, f.keep('v128', vectorCode(this.#site, operation, operands, output.dtype)));
      } else if (operation.op === 'scaledSquares') {
        reduce(member, f.keep('v128', scaledSquares(f, operands)));
      } else {
        reduce(member, operands[0]!.local);
      }
    }
    return values;
  }

  #hasScalarWeights({ inputs }: Member): boolean {
    const weights = inputs.slice(0, inputs.length / 2);
    return weights.every((weight) => weight.isScalar || weight.constant !== undefined);
  }

  /** Σ cᵢ·wᵢ·xᵢ with scalar weights: what multiplies each distinct x is summed once, before the loop. */
  #weightedSum({ inputs, output }: Member, coefficients: readonly number[], read: (variable: Variable) => Local): Code {
    const lanes = output.dtype === 'f64' ? 'f64x2' : 'f32x4';
    const n = coefficients.length;
    const factors = new Map<Variable, { readonly weight: Variable; readonly coefficient: number }[]>();
    coefficients.forEach((coefficient, i) => {
      const term = inputs[n + i]!;
      const list = factors.get(term) ?? [];
      if (list.length === 0) factors.set(term, list);
      list.push({ weight: inputs[i]!, coefficient });
    });
    const terms = [...factors].map(([term, list]) => {
      const x = get(read(term));
      const isOne = list.length === 1 && list[0]!.coefficient === 1 && viewOf(list[0]!.weight).of.constant === 1;
      return isOne ? x : op(`${lanes}.mul`, get(this.#factor(list, output.dtype)), x);
    });
    return terms.reduce((sum, term) => op(`${lanes}.add`, sum, term));
  }

  /** Σ cᵢ·wᵢ in every lane, computed before the loop. */
  #factor(list: readonly { readonly weight: Variable; readonly coefficient: number }[], dtype: DType): Local {
    const type = dtype === 'f64' ? 'f64' : 'f32';
    const products = list.map(({ weight, coefficient }) => {
      const { constant } = weight;
      const value = constant === undefined ? this.#e.scalar(weight) : scalarConstant(dtype, constant);
      return coefficient === 1 ? value : op(`${type}.mul`, value, scalarConstant(dtype, coefficient));
    });
    const sum = products.reduce((total, product) => op(`${type}.add`, total, product));
    return this.#prepared(op(`${lanesOf(dtype)}.splat`, sum));
  }

  /** Loads `count` elements. Contiguous ones come with whatever is behind them. */
  load(variable: Variable, { place, stride }: Cursor, count: number): Local {
    const { f } = this.#e;
    const bytes = elementBytes(variable.dtype);
    const address = placeCode(place);
    const { offset } = place;
    if (stride === 0)
      return f.keep('v128', (b) =>
        b.emit(address).memory(bytes === 8 ? 'v128.load64_splat' : 'v128.load32_splat', offset),
      );
    if (stride === 1) {
      const isHalf = bytes === 4 && this.lanes === 2;
      return f.keep('v128', (b) => b.emit(address).memory(isHalf ? 'v128.load64_zero' : 'v128.load', offset));
    }
    const local = f.keep('v128', (b) =>
      b.emit(address).memory(bytes === 8 ? 'v128.load64_zero' : 'v128.load32_zero', offset),
    );
    for (let lane = 1; lane < count; lane++) {
      f.emit(address).get(local);
      f.memoryLane(bytes === 8 ? 'v128.load64_lane' : 'v128.load32_lane', lane, offset + lane * stride * bytes).set(
        local,
      );
    }
    return local;
  }

  /** Stores the first `count` lanes as consecutive elements, and nothing behind them. */
  store(variable: Variable, place: Place, value: Local, count: number): void {
    storeLanes(this.#e.f, elementBytes(variable.dtype), place, value, count);
  }

  /** Writes one element of a result: lane 0. */
  storeFirst(variable: Variable, place: Place | undefined, value: Local): void {
    const e = this.#e;
    if (place === undefined) {
      const type = scalarType(variable.dtype);
      const lane = (b: FunctionBuilder): void => {
        b.get(value).lane(`${lanesOf(variable.dtype)}.extract_lane`, 0);
      };
      e.setScalar(variable, variable.dtype === 'bool' && type === 'i32' ? op('i32.and', lane, i32(1)) : lane);
      return;
    }
    storeLanes(e.f, elementBytes(variable.dtype), place, value, 1);
  }
}

function storeLanes(f: FunctionBuilder, bytes: 4 | 8, place: Place, value: Local, count: number): void {
  const address = placeCode(place);
  const { offset } = place;
  const total = bytes * count;
  if (total === 16) {
    f.emit(address).get(value).memory('v128.store', offset);
    return;
  }
  let done = 0;
  if (total >= 8) {
    f.emit(address).get(value).memoryLane('v128.store64_lane', 0, offset);
    done = 8;
  }
  if (total - done >= 4)
    f.emit(address)
      .get(value)
      .memoryLane('v128.store32_lane', done / 4, offset + done);
}
