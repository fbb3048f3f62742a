/** Memory of a function: which variables share it, and what may be written in place. */
import { kernelStepScratchBytes } from './kernel-job.ts';
import { convolutionScratchBytes } from './convolution-loop.ts';
import { layOutFrame } from './frame.ts';
import { recordLifetimes, type Lifetimes } from './lifetimes.ts';
import type { FunctionPlan } from './plan.ts';
import { matmulScratchBytes } from './product.ts';
import { newRoot, placesOf, rootOf, type Root } from './root.ts';
import type { Carry, Scope, Step } from './steps.ts';
import { tensorBytes } from './types.ts';
import { areExclusive, isWhole, viewOf, type Origin, type Path, type Variable } from './variable.ts';

/** Stands for a part of a root: an address that is no root's. */
const elsewhere = newRoot(0, { kind: 'data' }, false);

const hasElements = (variable: Variable): boolean => variable.type.kind === 'tensor' && !variable.isScalar;

/** Assigns roots to all variables of a function that need memory, and lays out its frame. */
export function assignStorage({
  inputs,
  scope,
  destinations,
}: Pick<FunctionPlan, 'inputs' | 'scope' | 'destinations'>): Pick<FunctionPlan, 'frameBytes' | 'end' | 'lastTape'> {
  const lifetimes = recordLifetimes(inputs, scope);
  const roots = new Placement(lifetimes, destinations).place(scope);
  const { variables, end, lastTape } = lifetimes;
  return { frameBytes: layOutFrame(roots, variables), end, lastTape };
}

/** Gives variables their roots. */
class Placement {
  readonly #lifetimes: Lifetimes;
  readonly #destinations: readonly (Root | undefined)[];
  readonly #roots = new Set<Root>();
  /** The result that a variable becomes, if nothing copies it. */
  readonly #target = new Map<Variable, number>();
  /** For each result, the paths to what has been placed where the caller wants it: at most one of them is taken. */
  readonly #claims = new Map<number, Path[]>();

  constructor(lifetimes: Lifetimes, destinations: readonly (Root | undefined)[]) {
    this.#lifetimes = lifetimes;
    this.#destinations = destinations;
  }

  /** Places what the steps of a function make; the roots that are the function's own. */
  place(scope: Scope): ReadonlySet<Root> {
    scope.outputs.forEach((output, index) => {
      if (hasElements(output)) this.#aim(output, index);
    });
    this.#placeScope(scope, [], false);
    return this.#roots;
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
    const before = this.#lifetimes.predecessor.get(variable);
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
    const destination = index === undefined ? undefined : this.#destinations[index];
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
    if (!isRepeated && this.#isFree(initial, this.#lifetimes.taken.get(current)!, path)) {
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
    const before = this.#lifetimes.predecessor.get(variable);
    return before !== undefined && hasElements(before) && rootOf(before) === variable.root ? [before] : [];
  }
}
