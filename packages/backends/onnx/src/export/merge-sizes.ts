/**
 * One model for every size: a function's models at several sizes are walked side by side. They must do the same; the numbers
 * in which they differ are extents, and become computations on the shapes of the inputs.
 */
import { ShapeError } from '@node-ode/core';
import type {
  Attribute,
  Dim,
  Initializer,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  ValueInfo,
} from '../model/ir.ts';
import { capturedNames, constantsOf, namesOf, withConstants } from './constants.ts';
import { ExtentNodes, type ExtentSource } from './extent-nodes.ts';
import { fitExtent, formatExtent, formatSizes, type Extent, type SizePlan } from './extents.ts';

/**
 * The model that does at every size what the given ones do at theirs.
 *
 * @throws ShapeError naming the operation that differs, what differs, and at which sizes.
 * @example
 * const plan = planSizes({ batch: [11, 13, 17] });
 * mergeSizes(plan, plan.points.map((sizes) => modelAt(sizes)), [{ name: 'batch', input: 'y0', axis: 0 }]);
 */
export function mergeSizes(plan: SizePlan, models: readonly OnnxModel[], sources: readonly ExtentSource[]): OnnxModel {
  const [base] = models;
  if (base === undefined || plan.names.length === 0) return base as OnnxModel;
  return new Merge(plan, models, sources).model(base);
}

/** The same place in each model. */
type Each<T> = readonly T[];

class Merge {
  readonly #plan: SizePlan;
  readonly #constants: Each<ReadonlyMap<string, Initializer>>;
  /** For each model, what its values are called in the first. */
  readonly #names: Each<Map<string, string>>;
  readonly #models: Each<OnnxModel>;
  readonly #extents: ExtentNodes;
  /** Constants of the first model that are the same at every size. */
  readonly #kept = new Set<string>();
  /** Values of the first model that its subgraphs read. */
  readonly #captured: ReadonlySet<string>;

  constructor(plan: SizePlan, models: Each<OnnxModel>, sources: readonly ExtentSource[]) {
    this.#plan = plan;
    this.#models = models;
    this.#constants = models.map(({ graph }) => constantsOf(graph));
    this.#names = models.map(() => new Map());
    const { graph } = models[0] as OnnxModel;
    this.#captured = capturedNames(graph);
    this.#extents = new ExtentNodes(sources, namesOf(graph));
  }

  model(base: OnnxModel): OnnxModel {
    const merged = this.#graph(this.#models.map(({ graph }) => graph));
    const { nodes, initializers } = this.#extents;
    const graph = {
      ...merged,
      nodes: [...nodes, ...merged.nodes],
      initializers: [...merged.initializers, ...initializers],
    };
    return { ...base, graph: withConstants(graph, new Set([...this.#kept, ...initializers.map(({ name }) => name)])) };
  }

  #graph(graphs: Each<OnnxGraph>): OnnxGraph {
    const [first] = graphs as [OnnxGraph];
    const inputs = this.#infos(graphs.map((graph) => graph.inputs));
    this.#requireNodes(graphs);
    const nodes: OnnxNode[] = first.nodes.map((_, i) => this.#node(graphs.map(({ nodes: all }) => all[i] as OnnxNode)));
    const results = first.outputs.map((_, i) => {
      const names = graphs.map(({ outputs }) => (outputs[i] as ValueInfo).name);
      const name = this.#operand(names, first.nodes.at(-1)?.origin ?? first.name);
      if (name === names[0]) return name;
      nodes.push({ opType: 'Identity', inputs: [name], outputs: [names[0] as string], attributes: {}, origin: '' });
      return names[0] as string;
    });
    const outputs = this.#infos(graphs.map((graph) => graph.outputs));
    return { ...first, inputs, nodes, outputs: outputs.map((info, i) => ({ ...info, name: results[i] as string })) };
  }

  #node(nodes: Each<OnnxNode>): OnnxNode {
    const [first] = nodes as [OnnxNode];
    const attributes = Object.fromEntries(
      Object.keys(first.attributes).map((key) => [key, this.#attribute(nodes, key)]),
    );
    const operand = (i: number): string =>
      this.#operand(
        nodes.map((node) => node.inputs[i] as string),
        first.origin,
      );
    first.outputs.forEach((output, i) =>
      this.#define(
        nodes.map((node) => node.outputs[i] as string),
        output,
      ),
    );
    const fill = this.#fillOf(nodes);
    if (fill === undefined) return { ...first, attributes, inputs: first.inputs.map((_, i) => operand(i)) };
    return { ...first, opType: 'ConstantOfShape', attributes: { value: fill }, inputs: [operand(1)] };
  }

  /**
   * What fills the tensor of an `Expand` of one number that subgraphs read. ONNX Runtime takes such a node for one that it
   * might drop, finds that the subgraphs read its shape too, and warns on stderr that it can't: `ConstantOfShape` is no
   * such node.
   */
  #fillOf(nodes: Each<OnnxNode>): Attribute | undefined {
    const [{ opType, outputs }] = nodes as [OnnxNode];
    if (opType !== 'Expand' || !this.#captured.has(outputs[0] as string)) return undefined;
    const tensorsOf = (i: number): Each<OnnxTensor | undefined> =>
      nodes.map(({ inputs }, at) => this.#constants[at]?.get(inputs[i] as string)?.tensor);
    const [[value, ...values], [shape, ...shapes]] = [tensorsOf(0), tensorsOf(1)];
    if (value?.dims.length !== 0 || shape === undefined) return undefined;
    const isSame = values.every((other) => other !== undefined && sameTensor(value, other));
    const isFixed = shapes.every((other) => other !== undefined && sameTensor(shape, other));
    return isSame && !isFixed ? { kind: 'tensor', value: { ...value, dims: [1] } } : undefined;
  }

  #attribute(nodes: Each<OnnxNode>, key: string): Attribute {
    const [first] = nodes as [OnnxNode];
    const values = nodes.map(({ attributes }) => attributes[key] as Attribute);
    const [value] = values as [Attribute];
    if (value.kind === 'graph') {
      return { kind: 'graph', value: this.#graph(values.map((other) => (other as typeof value).value)) };
    }
    const at = values.findIndex((other) => !sameAttribute(value, other));
    if (at === -1) return value;
    throw this.#difference(first.origin, `${first.opType} has ${key} ${show(value)}`, `${show(values[at])}`, at, {
      why: 'and an attribute is the same for every size',
    });
  }

  /** The name that an operand has in the merged model. */
  #operand(names: Each<string>, origin: string): string {
    const [name] = names as [string];
    const tensors = names.map((other, i) => this.#constants[i]?.get(other));
    const values = names.map((other, i) =>
      tensors[i] === undefined ? (this.#names[i]?.get(other) ?? other) : undefined,
    );
    const at = values.findIndex((value) => value !== values[0]);
    if (at !== -1) {
      const what = (i: number): string => (values[i] === undefined ? 'a constant' : `the value '${names[i] ?? ''}'`);
      throw this.#difference(origin, `an operand is ${what(0)}`, what(at), at);
    }
    if (tensors[0] === undefined) return name;
    return this.#constant(name, tensors as Each<Initializer>, origin);
  }

  #constant(name: string, constants: Each<Initializer>, origin: string): string {
    const tensors = constants.map(({ tensor }) => tensor);
    const [first] = tensors as [OnnxTensor];
    if (tensors.every((tensor) => sameTensor(first, tensor))) {
      this.#kept.add(name);
      return name;
    }
    const at = tensors.findIndex((tensor) => !sameTensor(first, tensor));
    const refuse = (why: string): ShapeError =>
      this.#difference(origin, `it uses ${show(first)}`, show(tensors[at]), at, { why });
    if (tensors.some(({ elementType }) => elementType !== first.elementType)) throw refuse('of another type');
    if (tensors.every((tensor) => isFilled(tensor, first.data[0]))) {
      const shape = this.#extentsOf(tensors.map(({ dims }) => dims));
      if (shape !== undefined && tensors.some(({ dims }) => dims.join() !== first.dims.join())) {
        return this.#extents.filled(first, shape, origin);
      }
    }
    if (first.elementType !== 'int64' && first.elementType !== 'int32') {
      throw refuse(
        'which is a number that the function made of an extent. Use x.size() or x.mean(), which are computed when the model runs',
      );
    }
    const dims = tensors.some((tensor) => tensor.dims.join() !== first.dims.join());
    const values = dims ? undefined : this.#extentsOf(tensors.map(({ data }) => Array.from(data, Number)));
    if (values === undefined || first.dims.length > 1)
      throw refuse(`which is no affine function of ${this.#listNames()}`);
    return this.#extents.integers(values, first.dims.length, first.elementType, origin);
  }

  #infos(each: Each<readonly ValueInfo[]>): readonly ValueInfo[] {
    const [first] = each as [readonly ValueInfo[]];
    return first.map((info, i) => {
      const infos = each.map((all) => all[i] as ValueInfo);
      this.#define(
        infos.map(({ name }) => name),
        info.name,
      );
      const dims = infos.map((other) => other.dims ?? []);
      return info.dims === undefined
        ? info
        : { ...info, dims: info.dims.map((_, axis) => this.#dim(dims, axis, info.name)) };
    });
  }

  #dim(dims: Each<readonly Dim[]>, axis: number, name: string): Dim {
    const extents = dims.map((all) => all[axis] as Dim);
    const [first] = extents as [Dim];
    if (extents.every((extent) => extent === first) || typeof first === 'string') return first;
    const extent = fitExtent(this.#plan, extents.map(Number));
    if (extent !== undefined) return formatExtent(extent);
    const at = extents.findIndex((other) => other !== first);
    throw this.#difference(name, `axis ${axis} of '${name}' has extent ${first}`, String(extents[at]), at, {
      why: `which is no affine function of ${this.#listNames()}`,
    });
  }

  /** The extents that lists of numbers are; undefined if one is none. */
  #extentsOf(lists: Each<readonly number[]>): readonly Extent[] | undefined {
    const [first] = lists as [readonly number[]];
    if (lists.some((list) => list.length !== first.length)) return undefined;
    const extents = first.map((_, i) =>
      fitExtent(
        this.#plan,
        lists.map((list) => list[i] as number),
      ),
    );
    return extents.includes(undefined) ? undefined : (extents as readonly Extent[]);
  }

  #define(names: Each<string>, name: string): void {
    names.forEach((other, i) => this.#names[i]?.set(other, name));
  }

  #requireNodes(graphs: Each<OnnxGraph>): void {
    const describe = (node: OnnxNode | undefined): string =>
      node === undefined ? 'nothing more' : `${node.opType} (for '${node.origin}')`;
    const signature = (node: OnnxNode | undefined): string =>
      node === undefined
        ? ''
        : [node.opType, node.inputs.length, node.outputs.length, ...Object.keys(node.attributes).sort()].join();
    const [first] = graphs as [OnnxGraph];
    graphs.forEach(({ nodes, inputs, outputs }, at) => {
      const length = Math.max(nodes.length, first.nodes.length);
      for (let i = 0; i < length; i++) {
        const [a, b] = [first.nodes[i], nodes[i]];
        if (signature(a) === signature(b)) continue;
        throw this.#difference((a ?? b)?.origin ?? '', `it does ${describe(a)}`, describe(b), at);
      }
      if (inputs.length === first.inputs.length && outputs.length === first.outputs.length) return;
      const count = (graph: Pick<OnnxGraph, 'inputs' | 'outputs'>): string =>
        `${graph.inputs.length} inputs and ${graph.outputs.length} outputs`;
      throw this.#difference(first.name, `it has ${count(first)}`, count({ inputs, outputs }), at);
    });
  }

  #listNames(): string {
    return this.#plan.names.map((name) => `'${name}'`).join(' and ');
  }

  /** The error for models that differ between the first point and another. */
  #difference(origin: string, first: string, other: string, at: number, { why = '' } = {}): ShapeError {
    const [here, there] = [this.#plan.points[0] ?? {}, this.#plan.points[at] ?? {}];
    return new ShapeError(
      'exportOnnx',
      `'${origin}' is not the same for every size: at ${formatSizes(here)} ${first}, at ${formatSizes(there)} ${other}${why === '' ? '' : `, ${why}`}`,
      {
        expected: `the same operations for every ${this.#listNames()}, their extents affine in it`,
        advice:
          'Do not branch on x.shape, nor multiply an extent with itself (mixing the samples of a batch), or give the axis a number and export each size.',
      },
    );
  }
}

function sameAttribute(a: Attribute, b: Attribute): boolean {
  if (a.kind === 'tensor' || b.kind === 'tensor') {
    return a.kind === 'tensor' && b.kind === 'tensor' && sameTensor(a.value, b.value);
  }
  return a.kind === b.kind && String(a.value) === String(b.value);
}

function sameTensor(a: OnnxTensor, b: OnnxTensor): boolean {
  if (a === b) return true;
  if (a.elementType !== b.elementType || a.dims.join() !== b.dims.join()) return false;
  const [left, right]: readonly [ArrayLike<unknown>, ArrayLike<unknown>] = [a.data, b.data];
  for (let i = 0; i < a.data.length; i++) if (!Object.is(left[i], right[i])) return false;
  return a.data.length === b.data.length;
}

function isFilled({ data }: OnnxTensor, value: unknown): boolean {
  for (const element of data) if (!Object.is(element, value)) return false;
  return data.length > 0;
}

/** A constant or an attribute in a message. */
function show(x: OnnxTensor | Attribute | undefined): string {
  if (x === undefined) return 'nothing';
  if ('kind' in x) return x.kind === 'tensor' ? show(x.value) : x.kind === 'graph' ? 'a graph' : String(x.value);
  if (x.data.length > 8) return `a constant of shape [${x.dims.join(', ')}]`;
  return x.dims.length === 0 ? String(x.data[0]) : `[${x.data.join(', ')}]`;
}
