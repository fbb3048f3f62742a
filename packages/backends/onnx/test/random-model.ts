/** Random models that hold together, of every part that a model can have; operators and types are made up. */
import * as fc from 'fast-check';
import type {
  Attribute,
  Dim,
  ElementType,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  ValueInfo,
} from '../src/model/ir.ts';

const elementTypes: fc.Arbitrary<ElementType> = fc.constantFrom('float', 'double', 'int32', 'int64', 'bool');

/** Made once: an arbitrary of graphemes has a table of them all. */
const texts = fc.string({ unit: 'grapheme', maxLength: 6 });

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

const tensors: fc.Arbitrary<OnnxTensor> = fc
  .tuple(elementTypes, shapes)
  .chain(([type, shape]): fc.Arbitrary<OnnxTensor> => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const exactly = { minLength: count, maxLength: count };
    switch (type) {
      case 'float':
        return fc.float32Array(exactly).map((data) => ({ elementType: type, dims: shape, data }));
      case 'double':
        return fc.float64Array(exactly).map((data) => ({ elementType: type, dims: shape, data }));
      case 'int32':
        return fc.int32Array(exactly).map((data) => ({ elementType: type, dims: shape, data }));
      case 'int64':
        return fc.bigInt64Array(exactly).map((data) => ({ elementType: type, dims: shape, data }));
      case 'bool':
        return fc.uint8Array({ ...exactly, max: 1 }).map((data) => ({ elementType: type, dims: shape, data }));
    }
  });

const plainAttributes: fc.Arbitrary<Attribute> = fc.oneof(
  fc.maxSafeInteger().map((value) => ({ kind: 'int' as const, value })),
  fc.array(fc.maxSafeInteger(), { maxLength: 4 }).map((value) => ({ kind: 'ints' as const, value })),
  fc.float().map((value) => ({ kind: 'float' as const, value })),
  fc.array(fc.float(), { maxLength: 4 }).map((value) => ({ kind: 'floats' as const, value })),
  texts.map((value) => ({ kind: 'string' as const, value })),
  tensors.map((value) => ({ kind: 'tensor' as const, value })),
);

const dims: fc.Arbitrary<readonly Dim[] | undefined> = fc.option(
  fc.array(fc.oneof(fc.nat(), texts), { maxLength: 3 }),
  {
    nil: undefined,
  },
);

const records = fc.dictionary(texts, texts, { maxKeys: 3, noNullPrototype: true });

// What `draw` takes.
const text = () => texts;
const tensor = () => tensors;
const elementType = () => elementTypes;
const plainAttribute = () => plainAttributes;
const valueDims = () => dims;
const record = () => records;

/** One random model, drawn choice by choice. */
class RandomModel {
  readonly #draw: fc.GeneratorValue;
  #names = 0;

  constructor(draw: fc.GeneratorValue) {
    this.#draw = draw;
  }

  graph(depth: number, outside: readonly string[]): OnnxGraph {
    const inputs = this.#times(3, () => this.#info(this.#name()));
    const initializers = this.#times(3, () => ({
      name: this.#name(),
      tensor: this.#draw(tensor),
      origin: this.#draw(text),
    }));
    const visible = [...outside, ...inputs.map(({ name }) => name), ...initializers.map(({ name }) => name)];
    const nodes = this.#times(5, () => {
      const node = this.#node(depth, visible);
      visible.push(...node.outputs.filter((name) => name !== ''));
      return node;
    });
    const outputs = this.#draw(() => fc.shuffledSubarray(visible, { maxLength: Math.min(3, visible.length) })).map(
      (name) => this.#info(name),
    );
    return { name: this.#draw(text), inputs, outputs, initializers, nodes };
  }

  #node(depth: number, visible: readonly string[]): OnnxNode {
    const inputs = this.#times(4, () => this.#draw(() => fc.constantFrom('', ...visible)));
    const attributes = new Map(this.#times(3, () => [this.#name(), this.#attribute(depth, visible)] as const));
    const outputs = this.#times(3, () => (this.#draw(fc.boolean) ? this.#name() : ''));
    return {
      opType: `Op${this.#draw(text)}`,
      inputs,
      outputs,
      attributes: Object.fromEntries(attributes),
      origin: this.#draw(text),
    };
  }

  #attribute(depth: number, visible: readonly string[]): Attribute {
    const isGraph = depth > 0 && this.#draw(fc.nat, { max: 3 }) === 0;
    return isGraph ? { kind: 'graph', value: this.graph(depth - 1, visible) } : this.#draw(plainAttribute);
  }

  #info(name: string): ValueInfo {
    return {
      name,
      elementType: this.#draw(elementType),
      dims: this.#draw(valueDims),
    };
  }

  #times<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.#draw(fc.nat, { max }) }, make);
  }

  #name(): string {
    this.#names += 1;
    return `${this.#draw(text)}${this.#names}`;
  }
}

/** A model with subgraphs up to three deep, drawn from `fc.gen()`. */
export const randomModel = (draw: fc.GeneratorValue): OnnxModel => ({
  irVersion: draw(fc.integer, { min: 1, max: 14 }),
  opset: draw(fc.integer, { min: 1, max: 30 }),
  metadata: draw(record),
  graph: new RandomModel(draw).graph(2, []),
});
