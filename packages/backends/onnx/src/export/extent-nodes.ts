/** Nodes of the main graph that compute extents from the shapes of the inputs, each once. */
import type { Initializer, OnnxNode, OnnxTensor } from '../model/ir.ts';
import { extentAt, type Extent } from './extents.ts';

/** Where a named extent is read: an axis of an input. */
export interface ExtentSource {
  readonly name: string;
  readonly input: string;
  readonly axis: number;
}

/** What computes the extents of a model. Every value is a vector of int64 until it is handed out. */
export class ExtentNodes {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Initializer[] = [];
  readonly #sources: ReadonlyMap<string, ExtentSource>;
  readonly #taken: Set<string>;
  readonly #known = new Map<string, string>();

  /** `taken` are the names that the model has. */
  constructor(sources: readonly ExtentSource[], taken: ReadonlySet<string>) {
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#taken = new Set(taken);
  }

  /** A scalar (rank 0) or a vector (rank 1) of these. */
  integers(extents: readonly Extent[], rank: number, elementType: 'int64' | 'int32', origin: string): string {
    const vector = this.#vector(extents, origin);
    const typed =
      elementType === 'int64'
        ? vector
        : this.#node('Cast', [vector], origin, { to: { kind: 'int', value: int32Code } });
    return rank === 0 ? this.#node('Squeeze', [typed], origin) : typed;
  }

  /** A tensor of this shape whose elements are all that of `like`. */
  filled(like: OnnxTensor, shape: readonly Extent[], origin: string): string {
    const scalar = { ...like, dims: [], data: like.data.slice(0, 1) } as OnnxTensor;
    const name = this.#constant(`${like.elementType} ${String(like.data[0])}`, scalar, origin);
    return this.#node('Expand', [name, this.#vector(shape, origin)], origin);
  }

  #vector(extents: readonly Extent[], origin: string): string {
    const parts: string[] = [];
    let numbers: number[] = [];
    const flush = (): void => {
      if (numbers.length > 0) parts.push(this.#numbers(numbers, origin));
      numbers = [];
    };
    for (const extent of extents) {
      if (isConstant(extent)) {
        numbers.push(extentAt(extent, {}));
        continue;
      }
      flush();
      parts.push(this.#extent(extent, origin));
    }
    flush();
    return parts.length === 1
      ? (parts[0] as string)
      : this.#node('Concat', parts, origin, { axis: { kind: 'int', value: 0 } });
  }

  /** One extent, as a vector of one element. */
  #extent(extent: Extent, origin: string): string {
    const terms = extent.terms.map(({ factor, names }) => {
      const factors = [
        ...names.map((name) => this.#named(name)),
        ...(factor === 1 && names.length > 0 ? [] : [this.#numbers([factor], origin)]),
      ];
      return factors.reduce((product, other) => this.#node('Mul', [product, other], origin));
    });
    return terms.reduce((total, term) => this.#node('Add', [total, term], origin));
  }

  #named(name: string): string {
    const { input, axis } = this.#sources.get(name) as ExtentSource;
    const attributes = { start: { kind: 'int', value: axis }, end: { kind: 'int', value: axis + 1 } } as const;
    return this.#node('Shape', [input], 'size', attributes);
  }

  #numbers(values: readonly number[], origin: string): string {
    const tensor = { elementType: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) } as const;
    return this.#constant(`int64[${values.join()}]`, tensor, origin);
  }

  #constant(key: string, tensor: OnnxTensor, origin: string): string {
    return this.#once(key, 'extent_constant', (name) => this.initializers.push({ name, tensor, origin }));
  }

  #node(opType: string, inputs: readonly string[], origin: string, attributes: OnnxNode['attributes'] = {}): string {
    const key = `${opType}(${inputs.join()}) ${JSON.stringify(attributes)}`;
    return this.#once(key, 'extent', (name) =>
      this.nodes.push({ opType, inputs, outputs: [name], attributes, origin }),
    );
  }

  #once(key: string, hint: string, make: (name: string) => void): string {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let name = hint;
    for (let i = 1; this.#taken.has(name); i++) name = `${hint}_${i}`;
    this.#taken.add(name);
    this.#known.set(key, name);
    make(name);
    return name;
  }
}

/** `TensorProto.DataType.INT32`. */
const int32Code = 6;

const isConstant = ({ terms }: Extent): boolean => terms.every(({ names }) => names.length === 0);
