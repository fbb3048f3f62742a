/**
 * From a graph to the steps of a function: element-wise nodes are gathered into loops, views (reshape, transpose, slice,
 * broadcasts) cost nothing, and small things become scalars in locals.
 */
import { UnsupportedError, type Graph, type Node, type NodeOf, type Value } from '@node-ode/core';
import type { Target } from './contract.ts';
import type { FunctionPlan, Role } from './plan.ts';
import { scheduleTensor } from './schedule-tensor.ts';
import { StepBuilder, type ConstantTensor } from './step-builder.ts';
import type { Carry, Scope, Step } from './steps.ts';
import { Variable } from './variable.ts';

/** What scheduling asks of the program around a function. */
export interface Program {
  /** The function of a called graph or of a loop's body. */
  readonly functionOf: (graph: Graph, role: Role) => FunctionPlan;
  readonly constantTensor: ConstantTensor;
  /** What its code is for. */
  readonly target: Target;
}

/** The steps of a graph on given operands. */
export function schedule(graph: Graph, inputs: readonly Variable[], program: Program): Scope {
  return new Scheduler(program).run(graph, inputs);
}

class Scheduler {
  readonly #program: Program;
  readonly #builder: StepBuilder;
  readonly #variables = new Map<Value, Variable>();

  constructor(program: Program) {
    this.#program = program;
    this.#builder = new StepBuilder(program.constantTensor);
  }

  run(graph: Graph, inputs: readonly Variable[]): Scope {
    const outputs = this.#inline(graph, inputs);
    return {
      steps: this.#builder.steps,
      outputs: outputs.map((output) => this.#builder.inMemoryOrConstant(output)),
    };
  }

  /** Runs a graph's nodes as if they were written here. */
  #inline(graph: Graph, operands: readonly Variable[]): readonly Variable[] {
    graph.inputs.forEach((input, i) => this.#variables.set(input, operands[i]!));
    for (const node of graph.nodes) {
      const results = this.#node(node);
      node.outputs.forEach((output, i) => this.#variables.set(output, results[i]!));
    }
    return this.#variablesOf(graph.outputs);
  }

  #variablesOf(values: readonly Value[]): readonly Variable[] {
    return values.map((value) => this.#variables.get(value)!);
  }

  #inMemory(variables: readonly Variable[]): readonly Variable[] {
    return variables.map((variable) => this.#builder.inMemory(variable));
  }

  #node(node: Node): readonly Variable[] {
    const inputs = this.#variablesOf(node.inputs);
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
        return [scheduleTensor(this.#builder, node, inputs)];
    }
  }

  #call(node: NodeOf<'call'>, inputs: readonly Variable[]): readonly Variable[] {
    const callee = this.#program.functionOf(node.params.graph, { kind: 'call' });
    const outputs = node.outputs.map(({ type }) => new Variable(type));
    this.#builder.push({ kind: 'call', callee, inputs: this.#inMemory(inputs), outputs }, outputs);
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
    this.#builder.push(
      { kind: 'cond', choice, predicate: predicate!, branches, outputs },
      outputs.filter(({ origins }) => origins.length > 0),
    );
    return outputs;
  }

  #branch(graph: Graph, operands: readonly Variable[]): Scope {
    const branch = new Scheduler(this.#program);
    const { steps, outputs } = branch.run(graph, operands);
    return { steps, outputs: branch.#inMemory(outputs) };
  }

  #carry(initial: Variable): Carry {
    if (initial.type.kind === 'tape') {
      throw new UnsupportedError('compile', 'a tape as the carry of a loop', {
        expected: 'tensors',
        advice: 'Scan the tape first.',
      });
    }
    return {
      initial: this.#builder.inMemoryOrConstant(initial),
      current: new Variable(initial.type),
      own: undefined,
      next: undefined,
    };
  }

  #whileLoop(node: NodeOf<'whileLoop'>, inputs: readonly Variable[]): readonly Variable[] {
    const { condition, body, constants: n, taped, advances } = node.params;
    const constants = this.#inMemory(inputs.slice(0, n));
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
    this.#builder.push(step, [...current, ...tapes]);
    return [...current, ...tapes];
  }

  #scan(node: NodeOf<'scan'>, inputs: readonly Variable[]): readonly Variable[] {
    const { body, constants: n, carries: m, length, reverse } = node.params;
    const constants = this.#inMemory(inputs.slice(0, n));
    const carries = inputs.slice(n, n + m).map((input) => this.#carry(input));
    const elements = this.#inMemory(inputs.slice(n + m));
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
    this.#builder.push(step, [...current, ...sequences]);
    return [...current, ...sequences];
  }
}
