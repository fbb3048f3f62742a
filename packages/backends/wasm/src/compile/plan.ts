/** A function of the module: its steps, its memory, and how callers hand operands and results over. */
import { tensorType, type DType, type Graph, type Shape } from '@node-ode/core';
import { schedule, type Program } from './schedule.ts';
import { planJobs } from './shared-work.ts';
import { newRoot, placesOf, rootOf, type Root } from './root.ts';
import { recordsTapes, type Scope } from './steps.ts';
import { assignStorage } from './storage.ts';
import { isTensorType, localTypes, tensorBytes } from './types.ts';
import { isWhole, Variable } from './variable.ts';

/** What a graph is used for; a graph with two roles becomes two functions. */
export type Role =
  | { readonly kind: 'call' }
  | {
      readonly kind: 'body';
      readonly constants: number;
      readonly carries: number;
      readonly elements: number;
      /** Entries of tapes or sequences that an iteration gives. */
      readonly written: number;
      readonly advances: boolean;
    };

export const roleKey = (role: Role): string => Object.values(role).join();

/** How the next value of a carried tensor reaches the loop. */
export interface CarryPlan {
  /** It is where the last value was. */
  readonly isInPlace: boolean;
  /** It is where the last value was or in the memory given for the next: the function tells. Else it is copied there. */
  readonly isEither: boolean;
}

/** Addresses of words in which operands and results are handed over, relative to the arena. Eight bytes each. */
export interface Slots {
  readonly inputs: readonly (readonly number[])[];
  /** Where the caller writes the address that a tensor's result is to have. */
  readonly destinations: readonly number[];
  /** Where the function leaves scalars, tapes, and the addresses of carried tensors. */
  readonly results: readonly (readonly number[])[];
}

/** A graph in a role, planned. */
export class FunctionPlan {
  readonly name: string;
  readonly graph: Graph;
  readonly role: Role;
  readonly inputs: readonly Variable[];
  readonly scope: Scope;
  /** Roots of results that the caller has memory for. */
  readonly destinations: readonly (Root | undefined)[];
  readonly carries: readonly CarryPlan[];
  readonly slots: Slots;
  readonly callees = new Set<FunctionPlan>();
  /** Whether it, or a function that it calls, records tapes: nothing else can fail. */
  readonly recordsTapes: boolean;
  readonly frameBytes: number;
  /** The position after its last step. */
  readonly end: number;
  /** The position at which the last tape is complete; −1 if there are none. */
  readonly lastTape: number;
  /** Where its frame begins, relative to the arena. */
  frame = 0;

  constructor(graph: Graph, role: Role, program: Program, takeSlot: () => number) {
    this.name = graph.name;
    this.graph = graph;
    this.role = role;
    const functionOf: Program['functionOf'] = (callee, calleeRole) => {
      const plan = program.functionOf(callee, calleeRole);
      this.callees.add(plan);
      return plan;
    };
    this.inputs = graph.inputs.map(({ type }, index) => {
      const variable = new Variable(type);
      const isCarry = role.kind === 'body' && index >= role.constants && index < role.constants + role.carries;
      if (isTensorType(type) && !variable.isScalar) {
        variable.root = newRoot(tensorBytes(type), { kind: 'input', index }, isCarry);
      }
      return variable;
    });
    this.scope = schedule(graph, this.inputs, { ...program, functionOf });
    planJobs(this.scope, program.target, takeSlot);
    this.recordsTapes = this.scope.steps.some(recordsTapes);
    this.destinations = graph.outputs.map(({ type }, index) =>
      isTensorType(type) && !new Variable(type).isScalar
        ? newRoot(tensorBytes(type), { kind: 'destination', index })
        : undefined,
    );
    ({ frameBytes: this.frameBytes, end: this.end, lastTape: this.lastTape } = assignStorage(this));
    this.carries = role.kind === 'body' ? Array.from({ length: role.carries }, (_, k) => this.#carry(k, role)) : [];
    const slotsOf = (variable: Variable): readonly number[] => localTypes(variable.type).map(takeSlot);
    this.slots = {
      inputs: this.inputs.map(slotsOf),
      destinations: this.destinations.map((root) => (root === undefined ? -1 : takeSlot())),
      results: this.scope.outputs.map(slotsOf),
    };
  }

  #carry(k: number, role: Extract<Role, { readonly kind: 'body' }>): CarryPlan {
    const output = this.scope.outputs[k]!;
    const root = rootOf(output);
    const given = this.inputs[role.constants + k]!.root;
    if (root === undefined || given === undefined || output.constant !== undefined || !isWhole(output)) {
      return { isInPlace: false, isEither: false };
    }
    const places = placesOf(root);
    return {
      isInPlace: places.every((place) => place === given),
      isEither: places.every((place) => place === given || place === this.destinations[k]),
    };
  }
}

/** A variable for memory that is full of equal elements; its offset is found later. */
export function constantVariable(shape: Shape, dtype: DType): Variable {
  const variable = new Variable(tensorType(shape, dtype));
  variable.root = newRoot(tensorBytes(variable.tensor), { kind: 'data' }, false);
  return variable;
}
