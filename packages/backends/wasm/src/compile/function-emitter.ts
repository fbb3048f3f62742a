/** Writes the function of a plan: operands from their slots, its steps, results into theirs. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { copyBytes, fillElements } from '../kernels/index.ts';
import { addressCode, type Address } from './address.ts';
import { emitBranches, emitCall } from './control.ts';
import { emitScan, emitWhile } from './iterations.ts';
import { emitKernel } from './kernel-step.ts';
import { emitLoop } from './loop.ts';
import type { ModuleContext } from './module-context.ts';
import type { FunctionPlan } from './plan.ts';
import { emitResults } from './results.ts';
import { byteOffset, rootOf, type Root } from './root.ts';
import { scalarConstant, type ScalarOperand } from './scalar.ts';
import { emitScalar } from './scalar-step.ts';
import type { Scope, Step } from './steps.ts';
import { elementBytes, localTypes, scalarType, tensorBytes } from './types.ts';
import { viewOf, type Variable } from './variable.ts';

/** Values of a function for another that does a part of its work: locals of the other. */
export interface HandedOver {
  readonly pointer: (root: Root) => Local;
  readonly scalar: (variable: Variable) => Local;
}

export class FunctionEmitter {
  readonly f: FunctionBuilder;
  readonly context: ModuleContext;
  readonly plan: FunctionPlan;
  readonly #locals = new Map<Variable, readonly Local[]>();
  readonly #pointers = new Map<Root, Local>();
  readonly #handedOver: HandedOver | undefined;

  constructor(
    context: ModuleContext,
    plan: FunctionPlan,
    { f, handedOver }: { readonly f: FunctionBuilder; readonly handedOver?: HandedOver } = {
      f: context.function(plan),
    },
  ) {
    this.context = context;
    this.plan = plan;
    this.f = f;
    this.#handedOver = handedOver;
  }

  /** An emitter for another function, which does a part of this one's work. */
  part(f: FunctionBuilder, handedOver: HandedOver): FunctionEmitter {
    return new FunctionEmitter(this.context, this.plan, { f, handedOver });
  }

  emit(): void {
    const { f, plan, context } = this;
    const { inputs, scope, slots, destinations } = plan;
    inputs.forEach((input, i) => {
      if (input.uses.length === 0) return;
      const locals = localTypes(input.type).map((type, part) =>
        f.keep(type, load(`${type}.load`, i32(this.slot(slots.inputs[i]![part]!)))),
      );
      this.#locals.set(input, locals);
      if (input.root !== undefined) this.#pointers.set(input.root, locals[0]!);
    });
    destinations.forEach((root, index) => {
      if (root === undefined || this.plan.carries[index]?.isInPlace === true) return;
      this.#pointers.set(root, f.keep('i32', load('i32.load', i32(this.slot(slots.destinations[index]!)))));
    });
    const givesTape = scope.outputs.some(({ type }) => type.kind === 'tape');
    const mark = givesTape || !plan.recordsTapes ? undefined : f.keep('i32', (b) => b.globalGet(context.tapeTop));
    this.scope(scope);
    emitResults(this);
    if (mark !== undefined) f.get(mark).globalSet(context.tapeTop);
  }

  slot(offset: number): number {
    return this.context.arena + offset;
  }

  scope({ steps }: Scope): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    switch (step.kind) {
      case 'scalar':
        emitScalar(this, step);
        break;
      case 'loop':
        emitLoop(this, step);
        break;
      case 'kernel':
        emitKernel(this, step);
        break;
      case 'call':
        emitCall(this, step);
        break;
      case 'cond':
        emitBranches(this, step);
        break;
      case 'while':
        emitWhile(this, step);
        break;
      case 'scan':
        emitScan(this, step);
        break;
    }
  }

  /** Fresh locals of a variable, to be set. */
  declare(variable: Variable): readonly Local[] {
    let locals = this.#locals.get(variable);
    if (locals === undefined) {
      locals = localTypes(variable.type).map((type) => this.f.local(type));
      this.#locals.set(variable, locals);
    }
    return locals;
  }

  /** The locals of a tape: its first entry's address, the bytes from entry to entry, its length. */
  tape(variable: Variable): readonly [Local, Local, Local] {
    return this.declare(variable) as readonly [Local, Local, Local];
  }

  /** The local of a root whose place is known only when the function runs. */
  pointer(root: Root): Local {
    let local = this.#handedOver?.pointer(root) ?? this.#pointers.get(root);
    if (local === undefined) this.#pointers.set(root, (local = this.f.local('i32')));
    return local;
  }

  addressOfRoot(root: Root): Address {
    switch (root.home.kind) {
      case 'frame':
        return { base: undefined, offset: this.slot(this.plan.frame + root.offset) };
      case 'data':
        return { base: undefined, offset: this.slot(root.offset) };
      default:
        return { base: this.pointer(root), offset: 0 };
    }
  }

  /** Where a tensor's first element is. */
  address(variable: Variable): Address {
    const { base, offset } = this.addressOfRoot(rootOf(variable)!);
    return { base, offset: offset + byteOffset(variable) };
  }

  /** The value of a scalar. */
  scalar(variable: Variable): Code {
    const { of } = viewOf(variable);
    if (of.constant !== undefined) return scalarConstant(of.dtype, of.constant);
    return get(this.#localOf(of));
  }

  /** The local of a scalar that was computed. */
  #localOf(scalar: Variable): Local {
    return this.#handedOver?.scalar(scalar) ?? this.#locals.get(scalar)![0]!;
  }

  scalarOperand(variable: Variable): ScalarOperand {
    const { of } = viewOf(variable);
    const local = of.constant === undefined ? this.#localOf(of) : this.f.keep(scalarType(of.dtype), this.scalar(of));
    return { local, dtype: of.dtype };
  }

  setScalar(variable: Variable, code: Code): void {
    this.f.emit(code).set(this.declare(variable)[0]!);
  }

  /** Writes a scalar to memory as an element. */
  storeScalar(variable: Variable, address: Code, offset = 0): void {
    const { f } = this;
    const value = variable.dtype === 'bool' ? op('i32.sub', i32(0), this.scalar(variable)) : this.scalar(variable);
    f.emit(address)
      .emit(value)
      .memory(`${scalarType(variable.dtype)}.store`, offset);
  }

  /** Copies a tensor, constants included, to an address. */
  copyTo(destination: Address, variable: Variable): void {
    const bytes = tensorBytes(variable.tensor);
    if (variable.constant !== undefined) {
      fillElements(
        this.f,
        addressCode(destination),
        variable.dtype,
        variable.constant,
        bytes / elementBytes(variable.dtype),
      );
      return;
    }
    copyBytes(this.f, addressCode(destination), addressCode(this.address(variable)), bytes);
  }
}
