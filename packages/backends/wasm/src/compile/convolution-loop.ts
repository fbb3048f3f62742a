/** Convolutions and their input gradients, with what follows them element by element fused into the store. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import {
  convolutionWork,
  correlationScratch,
  emitConvolution,
  sharedConvolution,
  type CorrelationOperands,
  type LineIndex,
  type LineWriter,
  type SharedConvolution,
  type Sink,
} from '../convolution/index.ts';
import { dimensionsOf, readAccess, writeAccess, type Access } from './access.ts';
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { emitJob } from './job.ts';
import { LoopBody, movedPlace, placeOf, storedMembers, type Place } from './loop-body.ts';
import { partsFor } from './shared-work.ts';
import type { ConvolutionProduct, Job, LoopStep } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** Bytes for an operand that is a scalar. */
const spillBytes = 16;

/** Scratch memory of a convolution, for all threads that share it. Operands that are scalars are put behind it. */
export function convolutionScratchBytes(product: ConvolutionProduct, job: Job | undefined): number {
  return ownScratchBytes(product, job) + 2 * spillBytes;
}

function ownScratchBytes(product: ConvolutionProduct, job: Job | undefined): number {
  const shared = partsOf(product, job);
  if (job === undefined || shared === undefined) return correlationScratch(product.spec, product.isInputGrad);
  return shared.sharedBytes + job.threads * shared.ownBytes;
}

/** The convolution in parts, if threads share it. */
const partsOf = ({ spec, isInputGrad }: ConvolutionProduct, job: Job | undefined): SharedConvolution | undefined =>
  job === undefined ? undefined : sharedConvolution(spec, isInputGrad, partsFor(convolutionWork(spec), job));

/** Writes a convolution and the members of its loop, which take its results vector by vector. */
export function emitConvolutionLoop(e: FunctionEmitter, step: LoopStep, product: ConvolutionProduct): void {
  const { spec, isInputGrad } = product;
  const { job } = step;
  const operands = operandsIn(e, step, product);
  for (const [index, operand] of [product.a, product.b].entries()) {
    if (operand.isScalar) e.storeScalar(operand, spillOf(e, step, product, index));
  }
  const shared = partsOf(product, job);
  if (job === undefined || shared === undefined) {
    withBody(e, step, product, (sink) => {
      emitConvolution(e.f, spec, isInputGrad, operands, sink);
    });
    return;
  }
  shared.emitBefore(e.f, operands);
  emitJob(e, `convolution.part.${spec.dtype}`, job, shared.parts, (inner, { index, thread }) => {
    const own = op('i32.mul', get(thread), i32(shared.ownBytes));
    withBody(inner, step, product, (sink) => {
      const given = operandsIn(inner, step, product);
      const at = { index: get(index), own: op('i32.add', scratchOf(inner, step, shared.sharedBytes), own) };
      shared.emitPart(inner.f, given, at, sink);
    });
  });
}

/** An address in the scratch memory. */
const scratchOf = (e: FunctionEmitter, { scratch }: LoopStep, offset = 0): Code => {
  const { base, offset: start } = e.addressOfRoot(scratch!);
  return addressCode({ base, offset: start + offset });
};

/** Where operand `index` is if it is a scalar. */
const spillOf = (e: FunctionEmitter, step: LoopStep, product: ConvolutionProduct, index: number): Code =>
  scratchOf(e, step, ownScratchBytes(product, step.job) + index * spillBytes);

function operandsIn(e: FunctionEmitter, step: LoopStep, product: ConvolutionProduct): CorrelationOperands {
  const addressOf = (operand: Variable, index: number): Local =>
    e.f.keep('i32', operand.isScalar ? spillOf(e, step, product, index) : addressCode(e.address(operand)));
  return { source: addressOf(product.a, 0), kernel: addressOf(product.b, 1), scratch: scratchOf(e, step) };
}

/** Writes code whose results go to the members of the loop. */
function withBody(e: FunctionEmitter, step: LoopStep, product: ConvolutionProduct, write: (sink: Sink) => void): void {
  const body = new LoopBody(e, step);
  body.emitWithPreparations(() => {
    write(new LoopSink(e, step, product, body));
  });
}

/** Gives lines of results to the members of a loop. */
class LoopSink implements Sink {
  readonly takesImages: boolean;
  readonly #e: FunctionEmitter;
  readonly #product: ConvolutionProduct;
  readonly #body: LoopBody;
  readonly #stored: readonly Variable[];
  readonly #accesses: readonly Access[];
  readonly #places: readonly Place[];
  /** Elements from one result to the next in a line, for each access. */
  readonly #strides: readonly number[];

  constructor(e: FunctionEmitter, step: LoopStep, product: ConvolutionProduct, body: LoopBody) {
    this.#e = e;
    this.#product = product;
    this.#body = body;
    const { shape } = step;
    const members = storedMembers(step).map((member) => member.output);
    const { output } = product;
    this.#stored = output.uses.length > 0 && !output.isScalar ? [output, ...members] : members;
    this.#accesses = [
      ...body.reads.map((variable) => readAccess(variable, shape)),
      ...this.#stored.map((variable) => writeAccess(variable, shape, undefined)),
    ];
    this.#places = this.#accesses.map(({ variable }) => placeOf(e, variable));
    const behind = this.#accesses.map(({ variable, strides }) => ({ variable, strides: strides.slice(2) }));
    const dimensions = dimensionsOf(shape.slice(2), [], behind);
    this.takesImages = dimensions.length <= 1;
    const [image] = dimensions;
    this.#strides = this.#accesses.map(({ strides }, i) =>
      this.takesImages ? (image?.strides[i] ?? 0) : strides.at(-1)!,
    );
  }

  line({ sample, channel, line }: LineIndex): LineWriter {
    const { f } = this.#e;
    const places = this.#places.map((place, i) => {
      const index = [sample, channel, line];
      return index.reduce(
        (moved, at, axis) => (at === undefined ? moved : this.#moved(moved, at, i, this.#accesses[i]!.strides[axis]!)),
        place,
      );
    });
    const body = this.#body;
    return (value, column, count) => {
      const { output } = this.#product;
      if (output.isScalar) {
        body.storeFirst(output, undefined, value);
        return;
      }
      const index = f.keep('i32', column);
      const at = (i: number): Place => this.#moved(places[i]!, get(index), i, this.#strides[i]!);
      const load = (variable: Variable): Local => {
        const i = body.reads.indexOf(variable);
        return body.load(variable, { place: at(i), stride: this.#strides[i]! }, count);
      };
      const values = body.evaluate(new Map([[output, value]]), load, () => undefined);
      this.#stored.forEach((variable, i) => {
        body.store(variable, at(body.reads.length + i), values.get(variable)!, count);
      });
    };
  }

  /** A place of access `i`, moved by so many strides. */
  #moved(place: Place, index: Code, i: number, stride: number): Place {
    if (stride === 0) return place;
    const bytes = stride * elementBytes(this.#accesses[i]!.variable.dtype);
    return movedPlace(this.#e.f, place, op('i32.mul', index, i32(bytes)));
  }
}
