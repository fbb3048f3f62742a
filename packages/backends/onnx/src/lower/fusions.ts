/**
 * Several nodes of a graph that are one ONNX operator, or few: found before the graph is lowered. The last node of a pattern
 * stands for all of it; the others are absorbed, as nothing else uses them.
 */
import type { Graph, Node, Primitive, Shape, TensorType, Value } from '@node-ode/core';
import type { Emitter, Operand, Target } from './contract.ts';

/** How a pattern is emitted; its operands are values of the graph. */
export interface Fusion {
  readonly operands: readonly Value[];
  emit(emitter: Emitter, operands: readonly Operand[]): string;
}

/** The fusions of a graph: by their last nodes, and the nodes that they absorb. */
export interface Fusions {
  readonly at: ReadonlyMap<Node, Fusion>;
  readonly absorbed: ReadonlySet<Node>;
}

type NodeWith<P extends Primitive> = Extract<Node, { op: P }>;

/** What a pattern looks around with. */
interface Surroundings {
  /** Whether ONNX Runtime's CPU kernels, and no others, will run the model. */
  readonly isOnCpu: boolean;
  /** The node that makes a value, if it applies `op` and has no other use. */
  sole<P extends Primitive>(op: P, x: Value | undefined): NodeWith<P> | undefined;
}

interface Match {
  readonly fusion: Fusion;
  readonly absorbs: readonly Node[];
}

type Pattern = (node: Node, around: Surroundings) => Match | undefined;

/** Finds the patterns of a graph. */
export function findFusions(graph: Graph, { provider, portable }: Target): Fusions {
  const absorbed = new Set<Node>();
  const uses = countUses(graph);
  const producers = new Map<Value, Node>(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const around: Surroundings = {
    isOnCpu: provider === 'cpu' && !portable,
    sole: (op, x) => {
      const node = x === undefined ? undefined : producers.get(x);
      return isApplication(node, op) && uses.get(x as Value) === 1 && !absorbed.has(node) ? node : undefined;
    },
  };
  const at = new Map<Node, Fusion>();
  for (const node of graph.nodes) {
    for (const pattern of patterns) {
      const match = pattern(node, around);
      if (match === undefined) continue;
      at.set(node, match.fusion);
      for (const inner of match.absorbs) absorbed.add(inner);
      break;
    }
  }
  return { at, absorbed };
}

const isApplication = <P extends Primitive>(node: Node | undefined, op: P): node is NodeWith<P> => node?.op === op;

function countUses(graph: Graph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const use = (x: Value): void => void uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

const tensorTypeOf = (x: Value | undefined): TensorType | undefined => (x?.type.kind === 'tensor' ? x.type : undefined);

const isFloat = (type: TensorType | undefined): boolean => type?.dtype === 'f32' || type?.dtype === 'f64';

/** add(matmul(a, b), bias) of matrices → Gemm with a bias. */
const gemmWithBias: Pattern = (node, { sole }) => {
  if (node.op !== 'add') return undefined;
  for (const [product, bias] of [node.inputs, [...node.inputs].reverse()] as readonly (readonly Value[])[]) {
    const matmul = sole('matmul', product);
    const type = tensorTypeOf(product);
    if (matmul === undefined || bias === undefined || !isFloat(type)) continue;
    if (matmul.inputs.some((x) => tensorTypeOf(x)?.shape.length !== 2)) continue;
    if (!broadcastsTo(tensorTypeOf(bias)?.shape ?? [], type?.shape ?? [])) continue;
    const { transposeA, transposeB } = matmul.params;
    const attributes = {
      transA: { kind: 'int', value: transposeA ? 1 : 0 },
      transB: { kind: 'int', value: transposeB ? 1 : 0 },
    } as const;
    const emit: Fusion['emit'] = (emitter, operands) => {
      const [a, b, c] = operands as readonly [Operand, Operand, Operand];
      return emitter.emit('Gemm', [a.name, b.name, c.broadcast], attributes);
    };
    return { fusion: { operands: [...matmul.inputs, bias], emit }, absorbs: [matmul] };
  }
  return undefined;
};

/** Whether a shape broadcasts to another without widening that one. */
const broadcastsTo = (from: Shape, to: Shape): boolean =>
  from.length <= to.length && from.every((extent, i) => extent === 1 || extent === to[i + to.length - from.length]);

/** x·x·x → x³, which ONNX Runtime's CPU kernel multiplies out; others raise to a power by logarithms. */
const cube: Pattern = (node, { isOnCpu, sole }) => {
  if (node.op !== 'mul' || !isOnCpu) return undefined;
  for (const [product, x] of [node.inputs, [...node.inputs].reverse()] as readonly (readonly Value[])[]) {
    const square = sole('mul', product);
    const type = tensorTypeOf(x);
    if (square === undefined || x === undefined || type === undefined || !isFloat(type)) continue;
    if (square.inputs.some((factor) => factor !== x)) continue;
    const emit: Fusion['emit'] = (emitter, operands) =>
      emitter.emit('Pow', [(operands[0] as Operand).name, emitter.scalar(3, type.dtype)]);
    return { fusion: { operands: [x], emit }, absorbs: [square] };
  }
  return undefined;
};

const patterns: readonly Pattern[] = [gemmWithBias, cube];
