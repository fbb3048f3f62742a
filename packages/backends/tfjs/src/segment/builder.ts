/** Writes the kernel calls of a segment down. */
import {
  allocate,
  ExecutionError,
  formatType,
  hostArray,
  inferTypes,
  lower,
  sameShape,
  sizeOf,
  tensorType,
  UnsupportedError,
  value,
  type Application,
  type Graph,
  type HostArray,
  type Node,
  type NodeOf,
  type TensorType,
  type Value,
} from '@node-ode/core';
import { graphDTypes, tfDType } from '../dtypes.ts';
import type {
  KernelAttributes,
  KernelBuilder,
  KernelOperands,
  OptionalLowering,
  PlainPrimitive,
  Register,
} from '../kernels/contract.ts';
import { findFusions } from '../kernels/fusions.ts';
import type { Constant, KernelCall } from './program.ts';

/** Which kernels there are, and the lowerings that make calls of them. */
export interface Target {
  readonly backendName: string;
  has(kernel: string): boolean;
  /** The lowering of a primitive; undefined for a composite that is always decomposed. */
  loweringOf<P extends PlainPrimitive>(op: P): OptionalLowering<P> | undefined;
  /** The attribute of a kernel, integers, that the backend's has as its last operand. */
  listAttributeOf(kernel: string): string | undefined;
}

/** The type of a register in graphs. */
const typeOf = ({ shape, dtype }: Register): TensorType => tensorType(shape, graphDTypes[dtype]);

export class Builder implements KernelBuilder {
  readonly calls: KernelCall[] = [];
  readonly constants: Constant[] = [];
  readonly #target: Target;
  readonly #known = new Map<string, Register>();
  #registers = 0;
  /** The primitive that is being lowered. */
  #origin = '';

  constructor(target: Target) {
    this.#target = target;
  }

  get backendName(): string {
    return this.#target.backendName;
  }

  /** How many registers there are. */
  get registers(): number {
    return this.#registers;
  }

  /** A register for an operand of the segment. */
  operand({ shape, dtype }: TensorType): Register {
    return { index: this.#registers++, shape, dtype: tfDType('compile', dtype) };
  }

  has(kernel: string): boolean {
    return this.#target.has(kernel);
  }

  call(
    kernel: string,
    operands: KernelOperands,
    attributes: KernelAttributes,
    { shape, dtype }: Pick<Register, 'shape' | 'dtype'>,
  ): Register {
    if (!this.has(kernel)) {
      throw new UnsupportedError(this.#origin, `tfjs's backend '${this.backendName}' has no kernel ${kernel}`, {
        advice: 'Use another backend of tfjs, or another engine for this graph.',
      });
    }
    const integers = this.#integersOf(kernel, attributes);
    const isList = isListOf(operands) || integers !== undefined;
    const given = [...Object.values(operands), ...(integers === undefined ? [] : [integers])];
    const result: Register = { index: this.#registers++, shape, dtype };
    this.calls.push({
      kernel,
      origin: this.#origin,
      names: isList ? undefined : Object.keys(operands),
      operands: given,
      attributes,
      result: result.index,
      shape: [...shape],
      dtype,
    });
    return result;
  }

  /** Integers that a kernel has as an operand, where tfjs's has them as an attribute. */
  #integersOf(kernel: string, attributes: KernelAttributes): Register | undefined {
    const name = this.#target.listAttributeOf(kernel);
    if (name === undefined) return undefined;
    const list = attributes[name];
    const data = Int32Array.from(Array.isArray(list) ? list : [list]);
    return this.constant(hostArray(data, Array.isArray(list) ? [data.length] : [], 'i32'));
  }

  lower<P extends PlainPrimitive>(op: P, inputs: readonly Register[], params: NodeOf<P>['params']): Register {
    const operands = inputs.map((x) => value(typeOf(x)));
    const outputs = inferTypes({ op, inputs: operands, params } as Application).map(value);
    return this.apply({ op, inputs: operands, params, outputs }, inputs);
  }

  /** Lowers a node on registers that hold its inputs. */
  apply<P extends PlainPrimitive>(node: NodeOf<P>, inputs: readonly Register[]): Register {
    const type = node.outputs[0]?.type as TensorType;
    const dtype = tfDType('compile', type.dtype);
    // Kernels differ in what they do without elements: none of them is asked.
    if (sizeOf(type.shape) === 0) return this.constant(hostArray(allocate(type.dtype, 0), type.shape, type.dtype));
    const lowering = this.#target.loweringOf(node.op);
    const outer = this.#origin;
    if (outer === '') this.#origin = node.op;
    try {
      const result = lowering?.(this, inputs, node) ?? this.#decomposed(node, inputs);
      if (sameShape(result.shape, type.shape) && result.dtype === dtype) return result;
      throw new ExecutionError('compile', `${node.op} was lowered to ${formatType(typeOf(result))}`, {
        expected: formatType(type),
        advice: 'Please report the graph.',
      });
    } finally {
      this.#origin = outer;
    }
  }

  constant(array: HostArray): Register {
    const { data, shape, dtype } = array;
    const first = data[0];
    const splat = first !== undefined && data.every((x) => Object.is(x, first)) ? first : undefined;
    const key = splat === undefined && data.length > mostCompared ? undefined : keyOf(array, splat);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const register: Register = {
      index: this.#registers++,
      shape,
      dtype: tfDType('compile', dtype),
      ...(splat === undefined ? {} : { splat }),
    };
    this.constants.push({ register: register.index, array });
    if (key !== undefined) this.#known.set(key, register);
    return register;
  }

  /** Lowers the nodes of a graph on registers that hold its inputs; gives those of its outputs. */
  graph(graph: Graph, operands: readonly Register[]): readonly Register[] {
    const { inputs, nodes, outputs } = graph;
    const registers = new Map<Value, Register>(inputs.map((x, i) => [x, operands[i]!]));
    const { at, absorbed } = findFusions(graph, this.backendName, (kernel) => this.has(kernel));
    for (const node of nodes) {
      if (absorbed.has(node)) continue;
      const fusion = at.get(node);
      const given = (fusion ?? node).inputs.map((x) => registers.get(x)!);
      registers.set(node.outputs[0]!, fusion?.lower(this, given) ?? this.apply(plainNode(node), given));
    }
    return outputs.map((x) => registers.get(x)!);
  }

  #decomposed(node: NodeOf<PlainPrimitive>, inputs: readonly Register[]): Register {
    const values = new Map(node.inputs.map((x, i) => [x, inputs[i]!]));
    const graph = { name: node.op, inputs: [...values.keys()], nodes: [node as Node], outputs: node.outputs };
    const decomposed = lower(graph, new Set());
    if (decomposed.nodes.some(({ op }) => op === node.op)) {
      throw new UnsupportedError(node.op, `tfjs's backend '${this.backendName}' has no kernel for it`);
    }
    return this.graph(decomposed, [...values.values()])[0]!;
  }
}

/** Larger constants are not compared with others. */
const mostCompared = 4096;

const isListOf = (operands: KernelOperands): operands is readonly Register[] => Array.isArray(operands);

/** A node of a segment, where there are no others. */
function plainNode(node: Node): NodeOf<PlainPrimitive> {
  switch (node.op) {
    case 'call':
    case 'cond':
    case 'whileLoop':
    case 'scan':
    case 'customVjp':
    case 'stopGradient':
      throw new ExecutionError('compile', `${node.op} in a segment`, { expected: 'a straight line of operations' });
    default:
      return node;
  }
}

function keyOf({ data, shape, dtype }: HostArray, splat: number | undefined): string {
  const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
  const elements = splat === undefined ? Array.from(data, show).join() : show(splat);
  return `${dtype}[${shape.join()}]${splat === undefined ? '' : '='}${elements}`;
}
