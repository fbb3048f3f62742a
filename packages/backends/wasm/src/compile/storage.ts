/** Memory of a function: which variables share it, what may be written in place, and where the rest lies in the frame. */
import { sizeOf } from '@node-ode/core';
import type { FunctionPlan } from './plan.ts';
import { kernelStepScratchBytes } from './kernel-job.ts';
import { convolutionScratchBytes } from './convolution-loop.ts';
import { matmulScratchBytes } from './product.ts';
import { recordsTapes, type Carry, type Scope, type Step } from './steps.ts';
import { align, elementBytes, tensorBytes } from './types.ts';
import { viewOf, type Origin, type Path, type Use, type Variable } from './variable.ts';

/** Memory for the elements of one tensor at a time. */
export interface Root {
  readonly bytes: number;
  readonly home:
    | { readonly kind: 'frame' }
    /** Among the program's constants. */
    | { readonly kind: 'data' }
    /** Where operand `index` of the function is. */
    | { readonly kind: 'input'; readonly index: number }
    /** Where the caller wants result `index`. */
    | { readonly kind: 'destination'; readonly index: number }
    /** One of several places: which one is known when the function runs. */
    | { readonly kind: 'dynamic'; readonly among: readonly Root[] };
  /** Whether the function may write to it. */
  readonly isWritable: boolean;
  /** First and last position at which it is in use. */
  start: number;
  end: number;
  /** Offset in the function's frame, or of a constant in the arena. */
  offset: number;
}

export function newRoot(bytes: number, home: Root['home'], isWritable = true): Root {
  return { bytes, home, isWritable, start: Infinity, end: -Infinity, offset: -1 };
}

/** Stands for a part of a root: an address that is no root's. */
const elsewhere = newRoot(0, { kind: 'data' }, false);

/** Every root that this one may be. */
export function placesOf(root: Root): readonly Root[] {
  return root.home.kind === 'dynamic' ? root.home.among.flatMap(placesOf) : [root];
}

/** The root of a variable's elements; views have that of what they show. */
export const rootOf = (variable: Variable): Root | undefined => viewOf(variable).of.root;

/** Whether two places are in branches of which at most one runs. */
const areExclusive = (a: Path, b: Path): boolean =>
  a.some(([step, branch]) => b.some(([other, otherBranch]) => step === other && branch !== otherBranch));

/** Whether a variable is all of what it is a view of, in the same order. */
export function isWhole(variable: Variable): boolean {
  const { of, offset } = viewOf(variable);
  return offset === 0 && sizeOf(of.shape) === sizeOf(variable.shape);
}

const hasElements = (variable: Variable): boolean => variable.type.kind === 'tensor' && !variable.isScalar;

/** Assigns roots to all variables of a function that need memory, and lays out its frame. */
export function assignStorage(plan: FunctionPlan): number {
  return new Storage(plan).assign();
}

class Storage {
  readonly #plan: FunctionPlan;
  readonly #variables = new Set<Variable>();
  readonly #roots = new Set<Root>();
  /** The variable whose memory a variable takes over, if it may. */
  readonly #predecessor = new Map<Variable, Variable>();
  /** The result that a variable becomes, if nothing copies it. */
  readonly #target = new Map<Variable, number>();
  readonly #claims = new Map<number, Path[]>();
  /** The position at which a loop takes the initial value of a carry. */
  readonly #taken = new Map<Variable, number>();
  #position = 0;

  constructor(plan: FunctionPlan) {
    this.#plan = plan;
  }

  assign(): number {
    const { scope, inputs } = this.#plan;
    for (const input of inputs) this.#define(input, -1);
    this.#recordScope(scope, []);
    const end = this.#position;
    this.#plan.end = end;
    for (const output of scope.outputs) this.#use(output, { position: end, path: [] });
    scope.outputs.forEach((output, index) => {
      if (hasElements(output)) this.#aim(output, index);
    });
    this.#placeScope(scope, [], false);
    return this.#layOut();
  }

  #define(variable: Variable, position: number): void {
    this.#variables.add(variable);
    variable.position = position;
  }

  #use(variable: Variable, use: Use): void {
    variable.uses.push(use);
    if (variable.view !== undefined) this.#use(variable.view.of, use);
    for (const { variable: origin, branch } of variable.origins) {
      this.#use(origin, { position: use.position, path: [...use.path, branch] });
    }
  }

  /** Numbers the steps and records what each makes and reads. */
  #recordScope({ steps }: Scope, path: Path): void {
    for (const step of steps) this.#recordStep(step, path);
  }

  #recordStep(step: Step, path: Path): void {
    const position = this.#position++;
    const use = (variables: readonly Variable[], at = position): void => {
      for (const variable of variables) this.#use(variable, { position: at, path });
    };
    const define = (variables: readonly Variable[]): void => {
      for (const variable of variables) this.#define(variable, position);
    };
    switch (step.kind) {
      case 'scalar':
      case 'kernel':
        use(step.inputs);
        define([step.output]);
        break;
      case 'loop': {
        const inside = new Set<Variable>(step.members.map(({ output }) => output));
        if (step.product !== undefined) {
          use([step.product.a, step.product.b]);
          define([step.product.output]);
          inside.add(step.product.output);
        }
        for (const { inputs, output } of step.members) {
          use(inputs.filter((input) => !inside.has(input)));
          define([output]);
        }
        break;
      }
      case 'call':
        use(step.inputs);
        define(step.outputs);
        break;
      case 'cond': {
        use([step.predicate]);
        step.branches.forEach((branch, index) => {
          const inner: Path = [...path, [step.choice, index]];
          this.#recordScope(branch, inner);
          const last = this.#position++;
          for (const output of branch.outputs) this.#use(output, { position: last, path: inner });
        });
        for (const output of step.outputs) if (output.origins.length > 0) this.#define(output, this.#position);
        this.#position++;
        break;
      }
      case 'while':
      case 'scan': {
        const current = step.carries.map((carry) => carry.current);
        define([...current, ...(step.kind === 'while' ? step.tapes : step.sequences)]);
        if (step.kind === 'while') {
          this.#recordScope(step.condition, path);
          for (const output of step.condition.outputs) this.#use(output, { position: this.#position, path });
        }
        const last = this.#position++;
        use(
          [
            ...step.constants,
            ...step.carries.map((carry) => carry.initial),
            ...(step.kind === 'scan' ? step.elements : []),
          ],
          last,
        );
        for (const variable of current) this.#use(variable, { position: last, path });
        step.carries.forEach((carry, k) => {
          this.#taken.set(carry.current, last);
          if (step.body.carries[k]?.isInPlace === true) this.#predecessor.set(carry.current, carry.initial);
        });
        break;
      }
    }
    if (path.length === 0 && recordsTapes(step)) this.#plan.lastTape = this.#position - 1;
    if (step.kind === 'kernel' && step.operation.op === 'setRow') this.#predecessor.set(step.output, step.inputs[0]!);
  }

  /** Marks what becomes result `index` without a copy. */
  #aim(variable: Variable, index: number): void {
    const whole = viewOf(variable).of;
    if (variable !== whole) {
      if (isWhole(variable)) this.#aim(whole, index);
      return;
    }
    if (this.#target.has(variable)) return;
    this.#target.set(variable, index);
    // A result that may be a part of something is copied: what it may be becomes no result for its sake.
    if (!variable.origins.every((origin) => isWhole(origin.variable))) return;
    for (const origin of variable.origins) this.#aim(origin.variable, index);
    const before = this.#predecessor.get(variable);
    if (before !== undefined && hasElements(before)) this.#aim(before, index);
  }

  #root(bytes: number, home: Root['home']): Root {
    const root = newRoot(bytes, home);
    this.#roots.add(root);
    return root;
  }

  /** Memory for a variable: where the caller wants the result that it becomes, else in the frame. */
  #place(variable: Variable, path: Path): void {
    if (!hasElements(variable) || variable.root !== undefined) return;
    const index = this.#target.get(variable);
    const destination = index === undefined ? undefined : this.#plan.destinations[index];
    if (index !== undefined && destination !== undefined) {
      const claims = this.#claims.get(index) ?? [];
      if (claims.every((claim) => areExclusive(claim, path))) {
        this.#claims.set(index, [...claims, path]);
        variable.root = destination;
        return;
      }
    }
    variable.root = this.#root(tensorBytes(variable.tensor), { kind: 'frame' });
  }

  #placeScope({ steps }: Scope, path: Path, isRepeated: boolean): void {
    for (const step of steps) this.#placeStep(step, path, isRepeated);
  }

  #placeStep(step: Step, path: Path, isRepeated: boolean): void {
    switch (step.kind) {
      case 'scalar':
        return;
      case 'loop':
        if (step.product !== undefined && step.product.output.uses.length > 0) this.#place(step.product.output, path);
        for (const { output } of step.members) if (output.uses.length > 0) this.#place(output, path);
        if (step.product !== undefined) {
          const { product, job } = step;
          const bytes =
            product.kind === 'matmul' ? matmulScratchBytes(product, job) : convolutionScratchBytes(product, job);
          step.scratch = this.#scratch(bytes, product.output.position);
        }
        return;
      case 'kernel': {
        const [buffer] = step.inputs;
        if (
          step.operation.op === 'setRow' &&
          hasElements(buffer!) &&
          !isRepeated &&
          this.#isFree(buffer!, step.output.position, path)
        ) {
          step.output.root = rootOf(buffer!);
        } else {
          this.#place(step.output, path);
        }
        step.spills = [...step.inputs, step.output].map(() =>
          this.#occupy(newRoot(16, { kind: 'frame' }), step.output.position),
        );
        step.scratch = this.#scratch(kernelStepScratchBytes(step), step.output.position);
        return;
      }
      case 'call':
        for (const output of step.outputs) this.#place(output, path);
        return;
      case 'cond': {
        step.branches.forEach((branch, index) => {
          this.#placeScope(branch, [...path, [step.choice, index]], isRepeated);
        });
        for (const output of step.outputs) {
          if (output.origins.length > 0 && hasElements(output)) output.root = this.#either(output.origins);
        }
        return;
      }
      case 'while':
      case 'scan':
        if (step.kind === 'while') this.#placeScope(step.condition, path, true);
        step.carries.forEach((carry, k) => {
          this.#placeCarry(carry, step.body.carries[k]!.isInPlace, path, isRepeated);
        });
        if (step.kind === 'scan') for (const sequence of step.sequences) this.#place(sequence, path);
    }
  }

  /** Memory for the step at `position` alone. */
  #scratch(bytes: number, position: number): Root | undefined {
    return bytes > 0 ? this.#occupy(newRoot(bytes, { kind: 'frame' }), position) : undefined;
  }

  #occupy(root: Root, position: number): Root {
    this.#roots.add(root);
    root.start = position;
    root.end = position;
    return root;
  }

  #either(variables: readonly Origin[]): Root {
    const origins = variables.map(({ variable }) => variable);
    const roots = origins.map((origin) => rootOf(origin)!);
    if (!origins.every(isWhole)) roots.push(elsewhere);
    if (roots.every((root) => root === roots[0])) return roots[0]!;
    return this.#root(roots[0]!.bytes, { kind: 'dynamic', among: roots });
  }

  #placeCarry(carry: Carry, isInPlace: boolean, path: Path, isRepeated: boolean): void {
    const { initial, current } = carry;
    if (!hasElements(current)) return;
    let first: Root;
    if (!isRepeated && this.#isFree(initial, this.#taken.get(current)!, path)) {
      first = rootOf(initial)!;
    } else {
      // The loop's own copy; it becomes the result if the loop works in place.
      if (isInPlace) {
        this.#place(current, path);
        first = current.root!;
      } else {
        first = this.#root(tensorBytes(current.tensor), { kind: 'frame' });
      }
      carry.own = first;
    }
    if (isInPlace) {
      current.root = first;
      return;
    }
    carry.next = this.#root(tensorBytes(current.tensor), { kind: 'frame' });
    current.root = this.#root(first.bytes, { kind: 'dynamic', among: [first, carry.next] });
  }

  /** Whether the memory of a variable may be written to by the step at `position`: it is the function's, and not read again. */
  #isFree(variable: Variable, position: number, path: Path): boolean {
    const root = variable.constant === undefined ? rootOf(variable) : undefined;
    if (root === undefined || !placesOf(root).every(({ isWritable }) => isWritable)) return false;
    return this.#isLastUse(variable, position, path);
  }

  /** Whether nothing that might run after the step at `position`, and nothing else in it, reads what a variable shares. */
  #isLastUse(variable: Variable, position: number, path: Path): boolean {
    if (!isWhole(variable)) return false;
    const { of } = viewOf(variable);
    const isReadLater = of.uses.some((use) => use.position > position && !areExclusive(use.path, path));
    const isReadTwice = of.uses.filter((use) => use.position === position).length > 1;
    const before = [...of.origins.map((origin) => origin.variable), ...this.#takenOver(of)];
    return !isReadLater && !isReadTwice && before.every((earlier) => this.#isLastUse(earlier, position, path));
  }

  #takenOver(variable: Variable): readonly Variable[] {
    const before = this.#predecessor.get(variable);
    return before !== undefined && hasElements(before) && rootOf(before) === variable.root ? [before] : [];
  }

  /** Offsets in the frame: roots that are in use at the same time lie apart; large ones are laid first. */
  #layOut(): number {
    for (const variable of this.#variables) {
      if (variable.root === undefined) continue;
      extend(variable.root, variable.position);
      for (const { position } of variable.uses) extend(variable.root, position);
    }
    const framed = [...this.#roots].filter((root) => root.home.kind === 'frame' && root.end >= root.start);
    framed.sort((a, b) => b.bytes - a.bytes);
    const laid: Root[] = [];
    let size = 0;
    for (const root of framed) {
      const neighbours = laid.filter((other) => other.start <= root.end && root.start <= other.end);
      neighbours.sort((a, b) => a.offset - b.offset);
      let offset = 0;
      for (const other of neighbours) {
        if (offset + align(root.bytes) <= other.offset) break;
        offset = Math.max(offset, other.offset + align(other.bytes));
      }
      root.offset = offset;
      laid.push(root);
      size = Math.max(size, offset + align(root.bytes));
    }
    return size;
  }
}

function extend(root: Root, position: number): void {
  root.start = Math.min(root.start, position);
  root.end = Math.max(root.end, position);
  if (root.home.kind === 'dynamic') for (const place of root.home.among) extend(place, position);
}

/** Bytes from the start of its root to a variable's first element. */
export function byteOffset(variable: Variable): number {
  return variable.type.kind === 'tensor' ? viewOf(variable).offset * elementBytes(variable.dtype) : 0;
}
