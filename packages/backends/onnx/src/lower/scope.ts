/**
 * Where lowered nodes go. A model has one scope for each of its graphs: the nodes of a subgraph in its own, constants and
 * expanded splats in the main graph's, which every subgraph may use.
 */
import type { CompositePrimitive, DType, NodeOf, Primitive, TensorType } from '@node-ode/core';
import {
  elementTypeOf,
  type ElementType,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type ValueInfo,
} from '../model/ir.ts';
import type { Attributes, Emitter, Operand, Provider, Target } from './contract.ts';
import { isTapeOperand, type Lowered } from './lowered.ts';
import type { ModelScope } from './model-scope.ts';
import { scalarTensor } from './scalar-tensor.ts';

/** A node without its outputs; by default it is for the primitive that is being lowered. */
type Emitted = Omit<OnnxNode, 'outputs' | 'origin'> & Partial<Pick<OnnxNode, 'origin'>>;

/** Operators that only move elements, and can't fail. */
const movements: ReadonlySet<string> = new Set([
  'Concat',
  'Pad',
  'Reshape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** One graph of a model while its nodes are emitted. */
export class Scope implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly #defined = new Set<string>();
  /** Outputs of the nodes so far, by what the nodes are. */
  readonly #emitted = new Map<string, readonly string[]>();
  readonly #model: ModelScope;
  readonly #outer: Scope | undefined;
  readonly #main: Scope;
  readonly #isLoop: boolean;
  /** Values that only this graph and those in it have. */
  readonly #own = new Set<string>();
  /** The primitive that is being lowered. */
  origin = '';

  constructor(model: ModelScope, around?: { readonly scope: Scope; readonly isLoop: boolean }) {
    this.#model = model;
    this.#outer = around?.scope;
    this.#main = around === undefined ? this : around.scope.#main;
    this.#isLoop = around?.isLoop === true;
  }

  get target(): Target {
    return this.#model.target;
  }

  get provider(): Provider {
    return this.target.provider;
  }

  /** A scope for a branch of a node of this one. */
  branch(): Scope {
    return new Scope(this.#model, { scope: this, isLoop: false });
  }

  /** A scope for the body of a loop of this one. */
  loop(): Scope {
    return new Scope(this.#model, { scope: this, isLoop: true });
  }

  /** An input of this graph. */
  input(hint: string, type: TensorType): Operand {
    const name = this.fresh(hint);
    this.#own.add(name);
    return this.operand(name, type);
  }

  fresh(hint: string): string {
    return this.#model.fresh(hint);
  }

  emit(opType: string, inputs: readonly string[], attributes: Attributes = {}, domain?: string): string {
    return this.#emitAll({ opType, inputs, attributes, ...(domain === undefined ? {} : { domain }) }, 1)[0] as string;
  }

  /** The outputs of a node; of an equal one in this graph or one around it, if there is one. */
  emitMany(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): readonly string[] {
    return this.#emitAll({ opType, inputs, attributes }, outputs);
  }

  #emitAll(node: Emitted, outputs: number): readonly string[] {
    if (Object.values(node.attributes).some(({ kind }) => kind === 'graph')) return this.#emitFresh(node, outputs);
    const home = movements.has(node.opType) ? this.#homeOf(node.inputs) : this;
    const key = JSON.stringify([node, outputs]);
    const known = home.#find(key);
    if (known !== undefined) return known;
    const names = home.#emitFresh({ ...node, origin: this.origin }, outputs);
    home.#emitted.set(key, names);
    return names;
  }

  /**
   * The graph around the outermost loop in which all iterations would do the same with these values: as calls are in place here, it
   * may be the kernel of a convolution that is laid out anew in each evaluation.
   */
  #homeOf(values: readonly string[]): Scope {
    const outer = this.#outer;
    if (outer === undefined || values.some((name) => this.#own.has(name))) return this;
    const home = outer.#homeOf(values);
    return home === outer && !this.#isLoop ? this : home;
  }

  #find(key: string): readonly string[] | undefined {
    const own = this.#emitted.get(key);
    if (own !== undefined || this.#outer === undefined) return own;
    return this.#outer.#find(key);
  }

  #emitFresh({ origin = this.origin, ...node }: Emitted, outputs: number): readonly string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(node.opType.toLowerCase()));
    this.nodes.push({ ...node, origin, outputs: names });
    for (const name of names) {
      this.#defined.add(name);
      this.#own.add(name);
    }
    return names;
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
    const inputs = isAnd ? [name, name] : [name];
    return this.#emitFresh({ opType: isAnd ? 'And' : 'Identity', inputs, attributes: {} }, 1)[0] as string;
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
    return this.#model.rules.apply(this, op, operands, params);
  }

  decompose<P extends CompositePrimitive>(node: NodeOf<P>, operands: readonly Operand[]): string {
    return this.#model.rules.decompose(this, node, operands);
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
