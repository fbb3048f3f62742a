/** Convolutions and their input gradients, with what follows them element by element fused into the store. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { correlationScratch, emitConvolution, type LineIndex, type LineWriter } from '../convolution/index.ts';
import { dimensionsOf, readAccess, writeAccess, type Access } from './access.ts';
import { addressCode, type FunctionEmitter } from './function-emitter.ts';
import { movedPlace, placeOf, storedMembers, type LoopBody, type Place } from './loop-body.ts';
import type { ConvolutionProduct, LoopStep } from './steps.ts';
import { elementBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** Bytes for an operand that is a scalar. */
const spillBytes = 16;

/** Scratch memory of a convolution. Operands that are scalars are put behind its own. */
export const convolutionScratchBytes = ({ spec, isInputGrad }: ConvolutionProduct): number =>
  correlationScratch(spec, isInputGrad) + 2 * spillBytes;

/** Writes a convolution and the members of its loop, which take its results vector by vector. */
export function emitConvolutionLoop(
  e: FunctionEmitter,
  step: LoopStep,
  product: ConvolutionProduct,
  body: LoopBody,
): void {
  const { f } = e;
  const { spec, isInputGrad, a, b } = product;
  const scratch = addressCode(e.addressOfRoot(step.scratch!));
  const spills = op('i32.add', scratch, i32(correlationScratch(spec, isInputGrad)));
  const addressOf = (operand: Variable, index: number): Local => {
    if (!operand.isScalar) return f.keep('i32', addressCode(e.address(operand)));
    const address = f.keep('i32', op('i32.add', spills, i32(index * spillBytes)));
    e.storeScalar(operand, get(address));
    return address;
  };
  const operands = { source: addressOf(a, 0), kernel: addressOf(b, 1), scratch };
  emitConvolution(f, spec, isInputGrad, operands, new LoopSink(e, step, product, body));
}

/** Gives lines of results to the members of a loop. */
class LoopSink {
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
