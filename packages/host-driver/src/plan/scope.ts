/** Programs as scopes of steps: graphs whose calls are written out, and whose every value is one object wherever it is used. */
import type { Node, StructuralPrimitive, TracedParams, Value } from '@node-ode/core';

/** A node without subgraphs. */
export type PlainNode = Exclude<Node, { readonly op: StructuralPrimitive | keyof TracedParams }>;

/** A straight line of steps. */
export interface Scope {
  readonly steps: readonly Step[];
  readonly results: readonly Value[];
  /** Names of the graphs called here, with the number of calls. */
  readonly calls: ReadonlyMap<string, number>;
}

/** One operation. */
export interface NodeStep {
  readonly kind: 'node';
  readonly node: PlainNode;
  readonly output: Value;
}

/** One of two scopes. */
export interface CondStep {
  readonly kind: 'cond';
  readonly predicate: Value;
  readonly then: Scope;
  readonly else: Scope;
  readonly outputs: readonly Value[];
}

/**
 * A loop, its test at the end: the body's results are the next carries, the entries for the tapes, whether it advanced
 * (if `advances`), and whether it goes on.
 */
export interface WhileStep {
  readonly kind: 'while';
  /** Whether there is a first iteration. */
  readonly predicate: Value;
  readonly initial: readonly Value[];
  readonly carries: readonly Value[];
  readonly body: Scope;
  readonly taped: number;
  readonly advances: boolean;
  /** The last carries, then the tapes. */
  readonly outputs: readonly Value[];
}

/** A loop over sequences: the body's results are the next carries, then an element for each sequence that is written. */
export interface ScanStep {
  readonly kind: 'scan';
  /** Number of iterations; null for as many as the tapes have entries. */
  readonly length: number | null;
  readonly reverse: boolean;
  /** The position of the elements: an i32 scalar of the body. */
  readonly index: Value;
  readonly initial: readonly Value[];
  readonly carries: readonly Value[];
  /** Tapes; tensors are read by a `gather` in the body. */
  readonly tapes: readonly Value[];
  /** The tapes' entries at the position, for the body. */
  readonly elements: readonly Value[];
  readonly body: Scope;
  /** The last carries, then the sequences. */
  readonly outputs: readonly Value[];
}

export type StructuralStep = CondStep | WhileStep | ScanStep;
export type Step = NodeStep | StructuralStep;

/** A whole program. */
export interface FlatProgram {
  readonly inputs: readonly Value[];
  readonly main: Scope;
  /** Names of all graphs that are called anywhere. */
  readonly called: readonly string[];
}

/** The scopes inside a step. */
export function scopesOf(step: StructuralStep): readonly Scope[] {
  return step.kind === 'cond' ? [step.then, step.else] : [step.body];
}

/** Operands of a structural step itself, without what its scopes use from around them. */
export function operandsOf(step: StructuralStep): readonly Value[] {
  switch (step.kind) {
    case 'cond':
      return [step.predicate];
    case 'while':
      return [step.predicate, ...step.initial];
    case 'scan':
      return [...step.initial, ...step.tapes];
  }
}

/** Values that the body of a loop starts with. */
export function parametersOf(step: StructuralStep): readonly Value[] {
  switch (step.kind) {
    case 'cond':
      return [];
    case 'while':
      return step.carries;
    case 'scan':
      return [step.index, ...step.carries, ...step.elements];
  }
}

/** What a step's scopes use from around it. */
export function capturesOf(step: StructuralStep): ReadonlySet<Value> {
  const defined = new Set<Value>(parametersOf(step));
  const captured = new Set<Value>();
  const use = (x: Value): void => {
    if (!defined.has(x)) captured.add(x);
  };
  const visit = (scope: Scope): void => {
    for (const inner of scope.steps) {
      if (inner.kind === 'node') {
        inner.node.inputs.forEach(use);
        defined.add(inner.output);
        continue;
      }
      operandsOf(inner).forEach(use);
      parametersOf(inner).forEach((x) => defined.add(x));
      scopesOf(inner).forEach(visit);
      inner.outputs.forEach((x) => defined.add(x));
    }
    scope.results.forEach(use);
  };
  scopesOf(step).forEach(visit);
  return captured;
}

/** Everything from around it that a step uses, each value once. */
export function usesOf(step: Step): ReadonlySet<Value> {
  if (step.kind === 'node') return new Set(step.node.inputs);
  return new Set([...operandsOf(step), ...capturesOf(step)]);
}
