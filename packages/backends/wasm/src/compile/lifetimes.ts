/** When a function makes and reads its variables: a pass over its steps, in the order in which they run. */
import {
  recordsTapes,
  type CondStep,
  type LoopStep,
  type ScanStep,
  type Scope,
  type Step,
  type WhileStep,
} from './steps.ts';
import type { Path, Use, Variable } from './variable.ts';

/** What the pass finds, beside the positions and uses that it writes to the variables. */
export interface Lifetimes {
  /** Operands, and what steps make. */
  readonly variables: ReadonlySet<Variable>;
  /** The variable whose memory a variable takes over, if it may. */
  readonly predecessor: ReadonlyMap<Variable, Variable>;
  /** The position at which a loop takes the initial value of a carry. */
  readonly taken: ReadonlyMap<Variable, number>;
  /** The position after the last step. */
  readonly end: number;
  /** The position at which the last tape is complete; −1 if there are none. */
  readonly lastTape: number;
}

export function recordLifetimes(inputs: readonly Variable[], scope: Scope): Lifetimes {
  return new Recorder().record(inputs, scope);
}

class Recorder {
  readonly #variables = new Set<Variable>();
  readonly #predecessor = new Map<Variable, Variable>();
  readonly #taken = new Map<Variable, number>();
  #position = 0;
  #lastTape = -1;

  record(inputs: readonly Variable[], scope: Scope): Lifetimes {
    this.#define(inputs, -1);
    this.#recordScope(scope, []);
    const end = this.#position;
    this.#use(scope.outputs, { position: end, path: [] });
    return {
      variables: this.#variables,
      predecessor: this.#predecessor,
      taken: this.#taken,
      end,
      lastTape: this.#lastTape,
    };
  }

  /** Numbers the steps and records what each makes and reads. */
  #recordScope({ steps }: Scope, path: Path): void {
    for (const step of steps) {
      this.#recordStep(step, path);
      if (path.length === 0 && recordsTapes(step)) this.#lastTape = this.#position - 1;
    }
  }

  #recordStep(step: Step, path: Path): void {
    switch (step.kind) {
      case 'scalar':
        this.#record(step.inputs, [step.output], path);
        break;
      case 'kernel':
        this.#record(step.inputs, [step.output], path);
        if (step.operation.op === 'setRow') this.#predecessor.set(step.output, step.inputs[0]!);
        break;
      case 'call':
        this.#record(step.inputs, step.outputs, path);
        break;
      case 'loop':
        this.#recordLoop(step, path);
        break;
      case 'cond':
        this.#recordBranches(step, path);
        break;
      case 'while':
      case 'scan':
        this.#recordIterations(step, path);
        break;
    }
  }

  /** What is read and made at the next position. */
  #record(inputs: readonly Variable[], outputs: readonly Variable[], path: Path): void {
    const position = this.#position++;
    this.#use(inputs, { position, path });
    this.#define(outputs, position);
  }

  #recordLoop({ members, product }: LoopStep, path: Path): void {
    const outputs = members.map(({ output }) => output);
    const inputs = members.flatMap((member) => member.inputs);
    if (product !== undefined) {
      outputs.push(product.output);
      inputs.push(product.a, product.b);
    }
    const inside = new Set(outputs);
    this.#record(
      inputs.filter((input) => !inside.has(input)),
      outputs,
      path,
    );
  }

  #recordBranches({ predicate, choice, branches, outputs }: CondStep, path: Path): void {
    this.#record([predicate], [], path);
    branches.forEach((branch, index) => {
      const inner: Path = [...path, [choice, index]];
      this.#recordScope(branch, inner);
      this.#record(branch.outputs, [], inner);
    });
    this.#record(
      [],
      outputs.filter(({ origins }) => origins.length > 0),
      path,
    );
  }

  /** What carries and tapes are is there from before the first iteration, and operands until after the last. */
  #recordIterations(step: WhileStep | ScanStep, path: Path): void {
    const { constants, carries, body } = step;
    const current = carries.map((carry) => carry.current);
    const initial = carries.map((carry) => carry.initial);
    this.#record([], [...current, ...(step.kind === 'while' ? step.tapes : step.sequences)], path);
    if (step.kind === 'while') this.#recordScope(step.condition, path);
    const last = this.#position;
    const read = step.kind === 'while' ? step.condition.outputs : step.elements;
    this.#record([...read, ...constants, ...initial, ...current], [], path);
    carries.forEach((carry, k) => {
      this.#taken.set(carry.current, last);
      if (body.carries[k]?.isInPlace === true) this.#predecessor.set(carry.current, carry.initial);
    });
  }

  #define(variables: readonly Variable[], position: number): void {
    for (const variable of variables) {
      this.#variables.add(variable);
      variable.position = position;
    }
  }

  #use(variables: readonly Variable[], use: Use): void {
    for (const variable of variables) {
      variable.uses.push(use);
      if (variable.view !== undefined) this.#use([variable.view.of], use);
      for (const { variable: origin, branch } of variable.origins) {
        this.#use([origin], { position: use.position, path: [...use.path, branch] });
      }
    }
  }
}
