/**
 * Where lowered nodes go. A model has one scope for each of its graphs: the nodes of a subgraph in its own, constants and
 * expanded splats in the main graph's, which every subgraph may use.
 */
import {
  formatType,
  OptionError,
  UnsupportedError,
  type DType,
  type NodeOf,
  type Primitive,
  type TensorType,
  type ValueType,
} from '@node-ode/core';
import {
  elementTypeOf,
  type Dim,
  type ElementType,
  type Initializer,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../model/ir.ts';
import type { Attributes, Emitter, Operand, Provider } from './contract.ts';
import { scalarTensor } from './scalar-tensor.ts';

/** A tape of the graph: a tensor whose first extent is the number of entries. */
export interface TapeOperand {
  readonly element: TensorType;
  readonly name: string;
}

/** What a value of the graph has become. */
export type Lowered = Operand | TapeOperand;

/** Applies a primitive: the rule table, handed in so that rules may use each other. */
export type Apply = <P extends Primitive>(
  scope: Scope,
  op: P,
  operands: readonly Operand[],
  params: NodeOf<P>['params'],
) => Operand;

/** What all graphs of a model share: fresh names, and the constants of the main graph. */
export class ModelScope {
  readonly initializers: Initializer[] = [];
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, string>();

  constructor(
    readonly provider: Provider,
    readonly apply: Apply,
    readonly portable: boolean,
  ) {}

  /** Keeps a name for an input or an output of the model. */
  reserve(name: string): void {
    if (this.#names.has(name)) {
      throw new OptionError('emitModel', `the name '${name}' is used twice`, {
        expected: 'one name for each input and output',
      });
    }
    this.#names.set(name, 1);
  }

  /** A name that nothing in the model has. */
  fresh(hint: string): string {
    const count = this.#names.get(hint) ?? 0;
    this.#names.set(hint, count + 1);
    return count === 0 ? hint : this.fresh(`${hint}_${count}`);
  }

  /** A constant of the main graph; equal ones (by `key`) are one. */
  constant(key: string, hint: string, origin: string, make: () => OnnxTensor): string {
    return this.memo(key, () => {
      const name = this.fresh(hint);
      this.initializers.push({ name, tensor: make(), origin });
      return name;
    });
  }

  /** The name that was made for a key before, or the one that `make` makes now. */
  memo(key: string, make: () => string): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#constants.set(key, name);
    return name;
  }
}

/** One graph of a model while its nodes are emitted. */
export class Scope implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly #defined = new Set<string>();
  /** Outputs of the nodes so far, by what the nodes are. */
  readonly #emitted = new Map<string, readonly string[]>();
  readonly #model: ModelScope;
  readonly #outer: Scope | undefined;
  readonly #main: Scope;
  /** The primitive that is being lowered. */
  origin = '';

  constructor(model: ModelScope, outer?: Scope) {
    this.#model = model;
    this.#outer = outer;
    this.#main = outer === undefined ? this : outer.#main;
  }

  get provider(): Provider {
    return this.#model.provider;
  }

  /** Whether the model is for other runtimes too. */
  get portable(): boolean {
    return this.#model.portable;
  }

  /** A scope for a subgraph of a node of this one. */
  inner(): Scope {
    return new Scope(this.#model, this);
  }

  fresh(hint: string): string {
    return this.#model.fresh(hint);
  }

  emit(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emitMany(opType, inputs, 1, attributes)[0] as string;
  }

  /** The outputs of a node; of an equal one in this graph or one around it, if there is one. */
  emitMany(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): readonly string[] {
    const hasGraphs = Object.values(attributes).some(({ kind }) => kind === 'graph');
    if (hasGraphs) return this.#emitFresh(opType, inputs, outputs, attributes);
    const key = JSON.stringify([opType, inputs, outputs, attributes]);
    const known = this.#find(key);
    if (known !== undefined) return known;
    const names = this.#emitFresh(opType, inputs, outputs, attributes);
    this.#emitted.set(key, names);
    return names;
  }

  #find(key: string): readonly string[] | undefined {
    const own = this.#emitted.get(key);
    if (own !== undefined || this.#outer === undefined) return own;
    return this.#outer.#find(key);
  }

  #emitFresh(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes): readonly string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(opType.toLowerCase()));
    this.append(opType, inputs, names, attributes);
    return names;
  }

  /** Appends a node whose outputs have names already. */
  append(opType: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes = {}): void {
    this.nodes.push({ opType, inputs, outputs, attributes, origin: this.origin });
    for (const output of outputs) this.#defined.add(output);
  }

  /**
   * Names for the outputs of this graph: each of a value of its own that a node of this graph makes. A value from outside,
   * an input or a second use of one gets a copy.
   */
  outputs(values: readonly Lowered[]): readonly string[] {
    const taken = new Set<string>();
    return values.map((lowered) => {
      const { name } = lowered;
      const own = this.#defined.has(name) && !taken.has(name) ? name : this.#copy(lowered);
      taken.add(own);
      return own;
    });
  }

  #copy(lowered: Lowered): string {
    const { dtype } = isTapeOperand(lowered) ? lowered.element : lowered.type;
    const { name } = lowered;
    // WebGPU has no Identity for booleans.
    const isAnd = dtype === 'bool' && this.provider === 'webgpu';
    return this.#emitFresh(isAnd ? 'And' : 'Identity', isAnd ? [name, name] : [name], 1, {})[0] as string;
  }

  ints(values: readonly number[]): string {
    return this.#model.constant(`int64[${values.join()}]`, 'ints', this.origin, () => ({
      elementType: 'int64',
      dims: [values.length],
      data: BigInt64Array.from(values, BigInt),
    }));
  }

  scalar(value: number, type: ElementType | DType): string {
    const elementType = isDType(type) ? elementTypeOf(type) : type;
    // −0 and 0 are different constants.
    const key = Object.is(value, -0) ? '-0' : String(value);
    return this.#model.constant(`${elementType} ${key}`, 'scalar', this.origin, () => scalarTensor(value, elementType));
  }

  constant(tensor: OnnxTensor): string {
    const key = `${tensor.elementType}[${tensor.dims.join()}] ${tensor.data.join()}`;
    return this.#model.constant(key, 'constant', this.origin, () => tensor);
  }

  lower<P extends Primitive>(op: P, operands: readonly Operand[], params: NodeOf<P>['params']): Operand {
    return this.#model.apply(this, op, operands, params);
  }

  operand(name: string, type: TensorType): Operand {
    return { type, name, broadcast: name };
  }

  /** A tensor whose elements all have one value that is known now: a scalar until a node needs its full shape. */
  splat(value: number, type: TensorType): Operand {
    const main = this.#main;
    const model = this.#model;
    const scalar = (): string => main.scalar(value, type.dtype);
    return {
      type,
      splat: value,
      get broadcast() {
        return scalar();
      },
      get name() {
        if (type.shape.length === 0) return scalar();
        return model.memo(`${scalar()} to ${type.shape.join()}`, () =>
          main.emit('Expand', [scalar(), main.ints(type.shape)]),
        );
      },
    };
  }

  /** The graph of what was emitted. */
  graph(name: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): OnnxGraph {
    return {
      name,
      inputs,
      outputs,
      nodes: this.nodes,
      initializers: this === this.#main ? this.#model.initializers : [],
    };
  }
}

const isDType = (type: ElementType | DType): type is DType =>
  type === 'f32' || type === 'f64' || type === 'i32' || type === 'bool';

/** A name with the type of a tensor, or of a tape (whose length has a name of its own). */
export function infoOf(name: string, type: ValueType, leading: readonly Dim[] = []): ValueInfo {
  if (type.kind === 'tape') return infoOf(name, type.element, [`${name}_entries`]);
  return { name, elementType: elementTypeOf(type.dtype), dims: [...leading, ...type.shape] };
}

/** Whether a lowered value is a tape. */
export const isTapeOperand = (lowered: Lowered): lowered is TapeOperand => 'element' in lowered;

/** The value as a tensor. */
export function asOperand(lowered: Lowered | undefined, op: string): Operand {
  if (lowered !== undefined && !isTapeOperand(lowered)) return lowered;
  const problem =
    lowered === undefined ? 'an operand was not computed before' : `a tape of ${formatType(lowered.element)}`;
  throw new UnsupportedError(op, problem, { expected: 'a tensor' });
}
