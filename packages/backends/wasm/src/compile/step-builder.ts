/** The steps of a scope while they are gathered: which loop an operation joins, and what has to be dense in memory for it. */
import { sameShape, type DType, type Shape } from '@node-ode/core';
import type { KernelStep, LoopStep, Member, MemberOperation, Product, ScalarOperation, Step } from './steps.ts';
import { isDense, Variable } from './variable.ts';

/** Memory that holds a tensor of equal elements from the start: a variable that nobody may write to. */
export type ConstantTensor = (shape: Shape, dtype: DType, value: number) => Variable;

/** More members need more registers than there are. */
const mostMembers = 48;

export class StepBuilder {
  readonly steps: Step[] = [];
  readonly #constantTensor: ConstantTensor;
  readonly #copies = new Map<Variable, Variable>();
  /** Variables that a step of this scope makes, with the index of the step; others are there from the start. */
  readonly #ready = new Map<Variable, number>();

  constructor(constantTensor: ConstantTensor) {
    this.#constantTensor = constantTensor;
  }

  /** A variable whose elements are dense in memory, or one that needs none: a scalar, a tape. */
  inMemory(variable: Variable): Variable {
    if (variable.type.kind === 'tape' || variable.isScalar) return variable;
    if (variable.constant !== undefined) {
      return this.#constantTensor(variable.shape, variable.dtype, variable.constant);
    }
    return this.inMemoryOrConstant(variable);
  }

  inMemoryOrConstant(variable: Variable): Variable {
    if (variable.type.kind === 'tape' || variable.isScalar || variable.constant !== undefined || isDense(variable)) {
      return variable;
    }
    let copy = this.#copies.get(variable);
    if (copy === undefined) {
      copy = this.join({ op: 'copy' }, [variable], new Variable(variable.type), variable.shape);
      this.#copies.set(variable, copy);
    }
    return copy;
  }

  push(step: Step, outputs: readonly Variable[]): void {
    for (const output of outputs) this.#ready.set(output, this.steps.length);
    this.steps.push(step);
  }

  scalar(operation: ScalarOperation, inputs: readonly Variable[], output: Variable): Variable {
    this.push({ kind: 'scalar', operation, inputs, output }, [output]);
    return output;
  }

  /** Operands are in memory, or are scalars. */
  kernel(operation: KernelStep['operation'], inputs: readonly Variable[], output: Variable): Variable {
    this.push({ kind: 'kernel', operation, inputs, output, spills: [], scratch: undefined }, [output]);
    return output;
  }

  /** A product in a loop of its own, which others may join. */
  product(product: Product): Variable {
    const { output } = product;
    const { shape } = output;
    this.push({ kind: 'loop', shape, members: [], product, reducedAxes: undefined, scratch: undefined }, [output]);
    return output;
  }

  /**
   * Adds an operation to the latest loop over its shape that runs when its operands are there, or to a new one. Results of
   * the loop that are used under another index, and sums that it has not finished, are not there yet.
   *
   * @param axes what a reduction reduces
   */
  join(
    operation: MemberOperation,
    inputs: readonly Variable[],
    output: Variable,
    shape: Shape,
    axes?: readonly number[],
  ): Variable {
    const member: Member = { operation, inputs, output, isReduction: axes !== undefined };
    const earliest = Math.max(0, ...inputs.map((input) => this.#readyOf(input)));
    for (let i = this.steps.length - 1; i >= earliest; i--) {
      const step = this.steps[i]!;
      if (step.kind !== 'loop' || !this.#accepts(step, i, member, shape, axes)) continue;
      step.members.push(member);
      step.reducedAxes ??= axes;
      this.#ready.set(output, i);
      return output;
    }
    this.push({ kind: 'loop', shape, members: [member], product: undefined, reducedAxes: axes, scratch: undefined }, [
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

  /** The index of the step that makes what a variable shows; −1 if none of this scope does. */
  #readyOf(variable: Variable): number {
    return this.#ready.get(variable.view?.of ?? variable) ?? -1;
  }
}
