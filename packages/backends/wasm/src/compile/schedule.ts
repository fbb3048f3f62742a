/**
 * From a graph to the steps of a function: element-wise nodes are gathered into loops, views (reshape, transpose, slice,
 * broadcasts) cost nothing, and small things become scalars in locals.
 */
import {
  isElementwise,
  sameShape,
  sizeOf,
  tensorType,
  UnsupportedError,
  type DType,
  type Graph,
  type Node,
  type NodeOf,
  type Shape,
  type Value,
} from '@node-ode/core';
import { convolutionSpec } from '../convolution/index.ts';
import type { Target } from './contract.ts';
import type { FunctionPlan, Role } from './plan.ts';
import type { Carry, KernelPrimitive, LoopStep, Member, MemberOperation, Operation, Scope, Step } from './steps.ts';
import { isDense, Variable } from './variable.ts';
import { rearranged, reshaped, withLastAxesSwapped, withTrailingAxes } from './views.ts';

/** What scheduling asks of the program around a function. */
export interface Program {
  /** The function of a called graph or of a loop's body. */
  readonly functionOf: (graph: Graph, role: Role) => FunctionPlan;
  /** Memory that holds a tensor of equal elements from the start: a variable that nobody may write to. */
  readonly constantTensor: (shape: Shape, dtype: DType, value: number) => Variable;
  /** What its code is for. */
  readonly target: Target;
}

/** More members need more registers than there are. */
const mostMembers = 48;

/** The steps of a graph on given operands. */
export function schedule(graph: Graph, inputs: readonly Variable[], program: Program): Scope {
  return new Scheduler(program).run(graph, inputs);
}

class Scheduler {
  readonly #program: Program;
  readonly #steps: Step[] = [];
  readonly #variables = new Map<Value, Variable>();
  readonly #copies = new Map<Variable, Variable>();
  /** Variables that a step of this scope makes, with the index of the step; others are there from the start. */
  readonly #ready = new Map<Variable, number>();

  constructor(program: Program) {
    this.#program = program;
  }

  run(graph: Graph, inputs: readonly Variable[]): Scope {
    const outputs = this.#inline(graph, inputs);
    return { steps: this.#steps, outputs: outputs.map((output) => this.inMemoryOrConstant(output)) };
  }

  /** A variable whose elements are dense in memory, or one that needs none: a scalar, a tape. */
  inMemory(variable: Variable): Variable {
    if (variable.type.kind === 'tape' || variable.isScalar) return variable;
    if (variable.constant !== undefined) {
      return this.#program.constantTensor(variable.shape, variable.dtype, variable.constant);
    }
    return this.inMemoryOrConstant(variable);
  }

  inMemoryOrConstant(variable: Variable): Variable {
    if (variable.type.kind === 'tape' || variable.isScalar || variable.constant !== undefined || isDense(variable)) {
      return variable;
    }
    let copy = this.#copies.get(variable);
    if (copy === undefined) {
      copy = this.#join({ op: 'copy' }, [variable], new Variable(variable.type), variable.shape);
      this.#copies.set(variable, copy);
    }
    return copy;
  }

  #variable(value: Value): Variable {
    return this.#variables.get(value)!;
  }

  #readyOf(variable: Variable): number {
    const base = variable.view?.of ?? variable;
    return this.#ready.get(base) ?? -1;
  }

  #push(step: Step, outputs: readonly Variable[]): void {
    for (const output of outputs) this.#ready.set(output, this.#steps.length);
    this.#steps.push(step);
  }

  #node(node: Node): readonly Variable[] {
    const inputs = node.inputs.map((input) => this.#variable(input));
    switch (node.op) {
      case 'call':
        return this.#call(node, inputs);
      case 'cond':
        return this.#cond(node, inputs);
      case 'whileLoop':
        return this.#whileLoop(node, inputs);
      case 'scan':
        return this.#scan(node, inputs);
      case 'customVjp':
      case 'stopGradient':
        throw new UnsupportedError('compile', `'${node.op}' in a graph for an engine`, { expected: 'a lowered graph' });
      default:
        return [this.#tensorNode(node, inputs)];
    }
  }

  #tensorNode(
    node: Exclude<
      Node,
      Extract<Node, { readonly op: 'call' | 'cond' | 'whileLoop' | 'scan' | 'customVjp' | 'stopGradient' }>
    >,
    inputs: readonly Variable[],
  ): Variable {
    const type = node.outputs[0]!.type;
    if (type.kind !== 'tensor')
      throw new UnsupportedError('compile', `'${node.op}' of a tape`, { expected: 'tensors' });
    const [x, y] = inputs;
    if (node.op === 'constant') return new Variable(type, { constant: node.params.value });
    if (sizeOf(type.shape) === 0) return new Variable(type, { constant: 0 });
    const output = new Variable(type);
    switch (node.op) {
      case 'size':
        return new Variable(type, { constant: sizeOf(node.params.axes.map((axis) => x!.shape[axis]!)) });
      case 'reshape':
        return this.#reshape(x!, type.shape);
      case 'transpose':
      case 'slice':
      case 'broadcastTo':
        return this.#rearrange(node, x!, output);
      case 'matmul':
        return this.#matmul(node, x!, y!, output);
      case 'conv2d':
      case 'conv2dInputGrad':
        return this.#convolution(node, x!, y!, output);
      case 'errorNorm':
        return this.#errorNorm(inputs, output);
      case 'sum':
      case 'mean':
      case 'reduceMax':
      case 'reduceMin':
        return this.#reduce(node, x!, output);
      case 'gather': {
        const isPick = x!.shape.length === 1 && !x!.isScalar && x!.constant === undefined && y!.isScalar;
        return isPick
          ? this.#scalar({ op: 'pick' }, [this.inMemory(x!), y!], output)
          : this.#kernel(node, inputs, output);
      }
      case 'concat':
      case 'pad':
      case 'scatterAdd':
      case 'cumsum':
      case 'argMax':
      case 'iota':
      case 'linearSolve':
        return this.#kernel(node, inputs, output);
      case 'conv2dKernelGrad':
      case 'maxPool2d':
      case 'maxPool2dGrad':
      case 'avgPool2d':
      case 'avgPool2dGrad':
        if (inputs.some(({ shape }) => sizeOf(shape) === 0)) return new Variable(type, { constant: 0 });
        return this.#kernel(node, inputs, output);
      case 'setRow': {
        const [buffer, index, row] = inputs;
        const operands = [this.inMemoryOrConstant(buffer!), this.inMemory(index!), this.inMemory(row!)];
        const step: Step = {
          kind: 'kernel',
          operation: node,
          inputs: operands,
          output,
          spills: [],
          scratch: undefined,
        };
        this.#push(step, [output]);
        return output;
      }
      default:
        if (
          isElementwise(node) ||
          node.op === 'select' ||
          node.op === 'cast' ||
          node.op === 'softplus' ||
          node.op === 'linearCombination'
        ) {
          if (output.isScalar) return this.#scalar(node, inputs, output);
          // Weights of a linear combination lie along the leading axes of its terms.
          const operands =
            node.op === 'linearCombination' ? inputs.map((input) => withTrailingAxes(input, type.shape)) : inputs;
          return this.#join(node, operands, output, type.shape);
        }
        throw new UnsupportedError('compile', `operation '${node.op}'`, {
          expected: 'basic primitives and the composites that the engine lists',
          advice: 'Lower the graph with the capabilities of this backend.',
        });
    }
  }

  #scalar(
    operation: Extract<Step, { kind: 'scalar' }>['operation'],
    inputs: readonly Variable[],
    output: Variable,
  ): Variable {
    this.#push({ kind: 'scalar', operation, inputs, output }, [output]);
    return output;
  }

  #kernel(
    node: Extract<Node, { readonly op: Exclude<KernelPrimitive, 'setRow'> }>,
    inputs: readonly Variable[],
    output: Variable,
  ): Variable {
    const operands = inputs.map((input) => this.inMemory(input));
    this.#push({ kind: 'kernel', operation: node, inputs: operands, output, spills: [], scratch: undefined }, [output]);
    return output;
  }

  #reshape(x: Variable, shape: Shape): Variable {
    return reshaped(x.isScalar ? x : this.inMemoryOrConstant(x), shape);
  }

  #rearrange(
    node: Extract<Node, { readonly op: 'transpose' | 'slice' | 'broadcastTo' }>,
    x: Variable,
    output: Variable,
  ): Variable {
    const view = rearranged(node, x, output.shape);
    const isElement = view.isScalar && view.view !== undefined && !view.view.of.isScalar;
    return isElement ? this.#scalar({ op: 'element' }, [view], output) : view;
  }

  #reduce(
    node: Extract<Node, { readonly op: 'sum' | 'mean' | 'reduceMax' | 'reduceMin' }>,
    x: Variable,
    output: Variable,
  ): Variable {
    const { axes } = node.params;
    if (x.isScalar) return this.#reshape(x, output.shape);
    if (sizeOf(x.shape) === 0) return new Variable(output.type, { constant: 0 });
    return this.#join(node, [x], output, x.shape, axes);
  }

  #errorNorm(inputs: readonly Variable[], output: Variable): Variable {
    const partial: Variable[] = [];
    let count = 0;
    for (let leaf = 0; leaf < inputs.length; leaf += 5) {
      const operands = inputs.slice(leaf, leaf + 5);
      const { shape, dtype, isScalar } = operands[0]!;
      const size = sizeOf(shape);
      count += size;
      if (size === 0) continue;
      const sum = new Variable(tensorType([], dtype));
      partial.push(
        isScalar
          ? this.#scalar({ op: 'scaledSquares' }, operands, sum)
          : this.#join(
              { op: 'scaledSquares' },
              operands,
              sum,
              shape,
              shape.map((_, axis) => axis),
            ),
      );
    }
    return this.#scalar({ op: 'rootMeanSquare', count }, partial, output);
  }

  #matmul(node: NodeOf<'matmul'>, a: Variable, b: Variable, output: Variable): Variable {
    const { transposeA, transposeB } = node.params;
    const k = a.shape.at(transposeA ? -2 : -1)!;
    if (k === 0) return new Variable(output.type, { constant: 0 });
    const multiply: Operation = { op: 'mul', params: {} };
    // A product of a scalar is a scaling, and one that gives a scalar a dot product.
    if (a.isScalar || b.isScalar) {
      const [left, right] = [a, b].map((x) => this.#reshape(x, x.isScalar ? [] : output.shape));
      if (output.isScalar) return this.#scalar(multiply, [left!, right!], output);
      return this.#join(multiply, [left!, right!], output, output.shape);
    }
    if (output.isScalar) {
      const [left, right] = [a, b].map((x) => this.#reshape(x, [k]));
      const products = this.#join(multiply, [left!, right!], new Variable(tensorType([k], output.dtype)), [k]);
      return this.#join({ op: 'sum', params: { axes: [0], keepDims: false } }, [products], output, [k], [0]);
    }
    const [left, right] = [this.#matrix(a, transposeA), this.#matrix(b, transposeB)];
    const product = {
      kind: 'matmul' as const,
      a: left.matrix,
      b: right.matrix,
      transposeA: left.transposed,
      transposeB: right.transposed,
      output,
    };
    this.#push(
      { kind: 'loop', shape: output.shape, members: [], product, reducedAxes: undefined, scratch: undefined },
      [output],
    );
    return output;
  }

  #convolution(node: NodeOf<'conv2d' | 'conv2dInputGrad'>, a: Variable, kernel: Variable, output: Variable): Variable {
    if (sizeOf(a.shape) * sizeOf(kernel.shape) === 0) return new Variable(output.type, { constant: 0 });
    const isInputGrad = node.op === 'conv2dInputGrad';
    const [x, y] = isInputGrad ? [output, a] : [a, output];
    const shapes = { x: x.shape, kernel: kernel.shape, y: y.shape };
    const product = {
      kind: 'convolution' as const,
      spec: convolutionSpec(output.dtype === 'f64' ? 'f64' : 'f32', shapes, node.params),
      isInputGrad,
      a: this.inMemory(a),
      b: this.inMemory(kernel),
      output,
    };
    this.#push(
      { kind: 'loop', shape: output.shape, members: [], product, reducedAxes: undefined, scratch: undefined },
      [output],
    );
    return output;
  }

  /** A matrix that a product can read: dense, or the transpose of a dense one. */
  #matrix(x: Variable, transposed: boolean): { readonly matrix: Variable; readonly transposed: boolean } {
    if (x.constant === undefined && !isDense(x)) {
      const swapped = withLastAxesSwapped(x);
      if (isDense(swapped)) return { matrix: swapped, transposed: !transposed };
    }
    return { matrix: this.inMemory(x), transposed };
  }

  /**
   * Adds an operation to the latest loop over its shape that runs when its operands are there, or to a new one. Results of
   * the loop that are used under another index, and sums that it has not finished, are not there yet.
   */
  #join(
    operation: MemberOperation,
    inputs: readonly Variable[],
    output: Variable,
    shape: Shape,
    axes?: readonly number[],
  ): Variable {
    const member: Member = { operation, inputs, output, isReduction: axes !== undefined };
    const earliest = Math.max(-1, ...inputs.map((input) => this.#readyOf(input)));
    for (let i = this.#steps.length - 1; i >= Math.max(0, earliest); i--) {
      const step = this.#steps[i]!;
      if (step.kind !== 'loop' || !this.#accepts(step, i, member, shape, axes)) continue;
      step.members.push(member);
      step.reducedAxes ??= axes;
      this.#ready.set(output, i);
      return output;
    }
    this.#push({ kind: 'loop', shape, members: [member], product: undefined, reducedAxes: axes, scratch: undefined }, [
      output,
    ]);
    return output;
  }

  #accepts(
    step: LoopStep,
    index: number,
    { inputs, output }: Member,
    shape: Shape,
    axes: readonly number[] | undefined,
  ): boolean {
    if (!sameShape(step.shape, shape) || step.members.length >= mostMembers) return false;
    const inside = inputs.filter((input) => this.#readyOf(input) === index);
    const isElement = (x: Variable): boolean =>
      x === step.product?.output || step.members.some(({ output, isReduction }) => output === x && !isReduction);
    if (!inside.every(isElement)) return false;
    // A product hands its results out once each, in an order of its own and in vectors of its dtype: no place for strangers,
    // for sums, or for wider elements.
    if (step.product !== undefined) {
      const isWider = step.product.output.dtype !== 'f64' && [...inputs, output].some(({ dtype }) => dtype === 'f64');
      return axes === undefined && inside.length > 0 && !isWider;
    }
    return axes === undefined || step.reducedAxes === undefined || sameShape(step.reducedAxes, axes);
  }

  #call(node: NodeOf<'call'>, inputs: readonly Variable[]): readonly Variable[] {
    const callee = this.#program.functionOf(node.params.graph, { kind: 'call' });
    const outputs = node.outputs.map(({ type }) => new Variable(type));
    this.#push({ kind: 'call', callee, inputs: inputs.map((input) => this.inMemory(input)), outputs }, outputs);
    return outputs;
  }

  #cond(node: NodeOf<'cond'>, [predicate, ...operands]: readonly Variable[]): readonly Variable[] {
    if (predicate!.constant !== undefined) {
      return this.#inline(predicate!.constant === 0 ? node.params.else : node.params.then, operands);
    }
    const branches = [this.#branch(node.params.then, operands), this.#branch(node.params.else, operands)] as const;
    const choice = {};
    const outputs = node.outputs.map(({ type }, i) => {
      const [then, otherwise] = branches.map((branch) => branch.outputs[i]!);
      if (then === otherwise) return then!;
      const origins = branches.map((branch, index) => ({
        variable: branch.outputs[i]!,
        branch: [choice, index] as const,
      }));
      return new Variable(type, { origins });
    });
    this.#push(
      { kind: 'cond', choice, predicate: predicate!, branches, outputs },
      outputs.filter(({ origins }) => origins.length > 0),
    );
    return outputs;
  }

  #branch(graph: Graph, operands: readonly Variable[]): Scope {
    const branch = new Scheduler(this.#program);
    const { steps, outputs } = branch.run(graph, operands);
    return { steps, outputs: outputs.map((output) => branch.inMemory(output)) };
  }

  /** Runs a graph's nodes as if they were written here. */
  #inline(graph: Graph, operands: readonly Variable[]): readonly Variable[] {
    graph.inputs.forEach((input, i) => this.#variables.set(input, operands[i]!));
    for (const node of graph.nodes) {
      const results = this.#node(node);
      node.outputs.forEach((output, i) => this.#variables.set(output, results[i]!));
    }
    return graph.outputs.map((output) => this.#variable(output));
  }

  #carry(initial: Variable): Carry {
    if (initial.type.kind === 'tape') {
      throw new UnsupportedError('compile', 'a tape as the carry of a loop', {
        expected: 'tensors',
        advice: 'Scan the tape first.',
      });
    }
    const carry = {
      initial: this.inMemoryOrConstant(initial),
      current: new Variable(initial.type),
      own: undefined,
      next: undefined,
    };
    return carry;
  }

  #whileLoop(node: NodeOf<'whileLoop'>, inputs: readonly Variable[]): readonly Variable[] {
    const { condition, body, constants: n, taped, advances } = node.params;
    const constants = inputs.slice(0, n).map((input) => this.inMemory(input));
    const carries = inputs.slice(n).map((input) => this.#carry(input));
    const current = carries.map((carry) => carry.current);
    const tapes = node.outputs.slice(carries.length).map(({ type }) => new Variable(type));
    const step: Step = {
      kind: 'while',
      condition: new Scheduler(this.#program).run(condition, [...constants, ...current]),
      body: this.#program.functionOf(body, {
        kind: 'body',
        constants: n,
        carries: carries.length,
        elements: 0,
        written: taped,
        advances,
      }),
      constants,
      carries,
      tapes,
      advances,
    };
    this.#push(step, [...current, ...tapes]);
    return [...current, ...tapes];
  }

  #scan(node: NodeOf<'scan'>, inputs: readonly Variable[]): readonly Variable[] {
    const { body, constants: n, carries: m, length, reverse } = node.params;
    const constants = inputs.slice(0, n).map((input) => this.inMemory(input));
    const carries = inputs.slice(n, n + m).map((input) => this.#carry(input));
    const elements = inputs.slice(n + m).map((input) => this.inMemory(input));
    const current = carries.map((carry) => carry.current);
    const sequences = node.outputs.slice(m).map(({ type }) => new Variable(type));
    const role: Role = {
      kind: 'body',
      constants: n,
      carries: m,
      elements: elements.length,
      written: sequences.length,
      advances: false,
    };
    const step: Step = {
      kind: 'scan',
      body: this.#program.functionOf(body, role),
      constants,
      carries,
      length,
      reverse,
      elements,
      sequences,
    };
    this.#push(step, [...current, ...sequences]);
    return [...current, ...sequences];
  }
}
