/**
 * A graph made ready to run: a slot for each value, a step for each node, and which slots end where. A plan runs in one
 * place at a time (graphs are not recursive), so its slots are made once.
 */
import type { Graph, Value } from '@node-ode/core';
import { lower } from './lowering.ts';
import type { Buffer, Memory, Resource, Slot } from './memory.ts';
import type { RunState, Step } from './site.ts';

/** A planned graph. */
export class Plan {
  readonly graph: Graph;
  readonly slots: readonly Slot[];
  readonly #memory: Memory;
  readonly #inputs: readonly Slot[];
  /** Whether anything in the graph uses input i. */
  readonly #used: readonly boolean[];
  readonly #outputs: readonly Slot[];
  /** Whether output i is the last to stand for its value. */
  readonly #last: readonly boolean[];
  readonly #steps: readonly Step[];
  /** Slots that no step after step i uses. */
  readonly #dying: readonly (readonly Slot[])[];

  constructor(graph: Graph, planner: Planner) {
    const slots = new Map<Value, Slot>();
    const slotOf = (value: Value): Slot => {
      let slot = slots.get(value);
      if (slot === undefined) slots.set(value, (slot = { value: undefined }));
      return slot;
    };
    const lastUse = lastUses(graph);
    const dying: Slot[][] = [];
    this.#memory = planner.memory;
    this.graph = graph;
    this.#steps = graph.nodes.map((node, i) => {
      const inputs = node.inputs.map(slotOf);
      const outputs = node.outputs.map(slotOf);
      const dies = node.inputs.map((input, k) => lastUse.get(input) === i && node.inputs.lastIndexOf(input) === k);
      dying.push([
        ...inputs.filter((_, k) => dies[k]),
        ...node.outputs.filter((output) => !lastUse.has(output)).map(slotOf),
      ]);
      return lower(node, { ...planner, inputs, dies, outputs });
    });
    this.#dying = dying;
    this.#inputs = graph.inputs.map(slotOf);
    this.#used = graph.inputs.map((input) => lastUse.has(input));
    this.#outputs = graph.outputs.map(slotOf);
    this.#last = graph.outputs.map((output, i) => graph.outputs.lastIndexOf(output) === i);
    this.slots = [...slots.values()];
  }

  /** Gives input i a value together with the caller's reference to it. */
  give(i: number, value: Resource): void {
    if (this.#used[i]) this.#inputs[i]!.value = value;
    else this.#memory.release(value);
  }

  /** Gives input i a value that the caller keeps too. */
  lend(i: number, value: Resource): void {
    if (!this.#used[i]) return;
    value.refs++;
    this.#inputs[i]!.value = value;
  }

  /** Runs the graph on the inputs that were given. */
  execute(): void {
    const steps = this.#steps;
    const dying = this.#dying;
    const memory = this.#memory;
    for (let i = 0; i < steps.length; i++) {
      steps[i]!();
      const ends = dying[i]!;
      for (let k = 0; k < ends.length; k++) memory.drop(ends[k]!);
    }
  }

  /** Output i with a reference to it. Every output is collected once, in order, after `execute`. */
  collect(i: number): Resource {
    const slot = this.#outputs[i]!;
    const value = slot.value!;
    if (this.#last[i]) slot.value = undefined;
    else value.refs++;
    return value;
  }
}

/** The node that uses each value last; the number of nodes for an output of the graph. Values without a use are missing. */
function lastUses(graph: Graph): ReadonlyMap<Value, number> {
  const last = new Map<Value, number>();
  graph.nodes.forEach((node, i) => {
    for (const input of node.inputs) last.set(input, i);
  });
  for (const output of graph.outputs) last.set(output, graph.nodes.length);
  return last;
}

/** What the plans of one executable share. */
export interface Planner {
  readonly memory: Memory;
  readonly run: RunState;
  readonly planOf: (graph: Graph) => Plan;
  readonly keep: (shelf: Buffer['shelf']) => Buffer;
}
