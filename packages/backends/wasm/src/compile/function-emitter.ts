/** Writes the function of a plan: operands from their slots, its steps, results into theirs. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { MemoryOp } from '../encoder/opcodes.ts';
import { copyBytes, fillElements, kernels, type Kernel, type Operand as KernelOperand } from '../kernels/index.ts';
import { emitBranches, emitCall, emitScan, emitWhile } from './control.ts';
import { emitKernelJob } from './kernel-job.ts';
import { emitLoop } from './loop.ts';
import type { ModuleContext } from './module-context.ts';
import type { FunctionPlan } from './plan.ts';
import { scalarCode, scalarConstant, type ScalarOperand } from './scalar.ts';
import type { KernelStep, Scope, ScalarStep, Step } from './steps.ts';
import { byteOffset, placesOf, rootOf, type Root } from './storage.ts';
import { elementBytes, localTypes, scalarType, tensorBytes } from './types.ts';
import type { Variable } from './variable.ts';
import { viewOf } from './variable.ts';

/** An address: what a local holds, if any, plus an offset that is known. */
export interface Address {
  readonly base: Local | undefined;
  readonly offset: number;
}

export const addressCode = ({ base, offset }: Address): Code => {
  if (base === undefined) return i32(offset);
  return offset === 0 ? get(base) : op('i32.add', get(base), i32(offset));
};

/** The load or store of a scalar of a dtype in memory; a bool is 0 or −1 there. */
export const loadScalar = (variable: Variable, address: Code, offset = 0): Code => {
  const code = load(`${scalarType(variable.dtype)}.load` as MemoryOp, address, offset);
  return variable.dtype === 'bool' ? op('i32.ne', code, i32(0)) : code;
};

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
        f.keep(type, load(`${type}.load` as MemoryOp, i32(this.slot(slots.inputs[i]![part]!)))),
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
    for (const index of settlingOrder(plan)) {
      const root = plan.destinations[index]!;
      this.#settle(scope.outputs[index]!, this.addressOfRoot(root), root);
    }
    scope.outputs.forEach((output, index) => {
      this.#result(output, index);
    });
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
        this.#scalar(step);
        break;
      case 'loop':
        emitLoop(this, step);
        break;
      case 'kernel':
        this.#kernel(step);
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
      .memory(`${scalarType(variable.dtype)}.store` as MemoryOp, offset);
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

  #scalar({ operation, inputs, output }: ScalarStep): void {
    const { f, context } = this;
    const [x, index] = inputs as readonly [Variable, Variable];
    if (operation.op === 'element') {
      const { base, offset } = this.address(x);
      this.setScalar(output, loadScalar(output, base === undefined ? i32(0) : get(base), offset));
      return;
    }
    if (operation.op === 'pick') {
      this.#pick(x, index, output);
      return;
    }
    const operands = inputs.map((input) => this.scalarOperand(input));
    this.setScalar(output, scalarCode(f, context, operation, operands, output.dtype));
  }

  #pick(x: Variable, index: Variable, output: Variable): void {
    const { f } = this;
    const at = this.scalarOperand(index).local;
    const { base, offset } = this.address(x);
    const place = op('i32.mul', get(at), i32(elementBytes(x.dtype)));
    const address = base === undefined ? place : op('i32.add', get(base), place);
    const isFloat = x.dtype === 'f32' || x.dtype === 'f64';
    this.setScalar(output, scalarConstant(x.dtype, isFloat ? NaN : 0));
    f.emit(op('i32.lt_u', get(at), i32(x.shape[0]!))).if(() => {
      this.setScalar(output, loadScalar(output, address, offset));
    });
  }

  #kernel(step: KernelStep): void {
    const { f } = this;
    const { operation, inputs, output, spills, scratch } = step;
    if (operation.op === 'setRow' && !output.isScalar && rootOf(inputs[0]!) !== output.root) {
      this.copyTo(this.address(output), inputs[0]!);
    }
    inputs.forEach((input, i) => {
      if (input.isScalar) this.storeScalar(input, addressCode(this.addressOfRoot(spills[i]!)));
    });
    if (operation.op === 'setRow' && output.isScalar) {
      this.storeScalar(inputs[0]!, addressCode(this.addressOfRoot(spills.at(-1)!)));
    }
    const operandOf = (e: FunctionEmitter, variable: Variable, spill: Root): KernelOperand => {
      const { shape, dtype } = variable;
      const place = variable.isScalar ? e.addressOfRoot(spill) : e.address(variable);
      return { shape, dtype, address: addressCode(place) };
    };
    const operandsIn = (e: FunctionEmitter): readonly KernelOperand[] => {
      const target = operandOf(e, output, spills.at(-1)!);
      // The buffer of setRow is where its result is.
      const isTarget = (i: number): boolean => operation.op === 'setRow' && i === 0;
      return [...inputs.map((input, i) => (isTarget(i) ? target : operandOf(e, input, spills[i]!))), target];
    };
    if (!emitKernelJob(this, step, operandsIn)) {
      const operands = operandsIn(this);
      // Types of primitives and of their kernels go together; TypeScript can't follow that through the table.
      const kernel = kernels[operation.op] as Kernel<typeof operation.op>;
      const scratchAt = scratch === undefined ? i32(0) : addressCode(this.addressOfRoot(scratch));
      kernel(f, operation.params as never, operands.slice(0, -1), operands.at(-1)!, scratchAt);
    }
    if (output.isScalar) {
      this.setScalar(output, loadScalar(output, addressCode(this.addressOfRoot(spills.at(-1)!))));
    }
  }

  #result(output: Variable, index: number): void {
    const { f, plan } = this;
    const slots = plan.slots.results[index]!;
    if (output.type.kind === 'tape') {
      this.tape(output).forEach((local, part) => {
        f.i32(this.slot(slots[part]!)).get(local).memory('i32.store');
      });
      return;
    }
    if (output.isScalar) {
      f.i32(this.slot(slots[0]!))
        .emit(this.scalar(output))
        .memory(`${scalarType(output.dtype)}.store` as MemoryOp);
      return;
    }
    const carry = plan.carries[index];
    if (carry === undefined || carry.isInPlace) return;
    const where = carry.isEither ? this.address(output) : this.addressOfRoot(plan.destinations[index]!);
    f.i32(this.slot(slots[0]!)).emit(addressCode(where)).memory('i32.store');
  }

  /** Copies a result to where the caller wants it, unless it is there. */
  #settle(output: Variable, destination: Address, root: Root): void {
    const { f } = this;
    if (output.constant !== undefined) {
      this.copyTo(destination, output);
      return;
    }
    const place = rootOf(output)!;
    if (place === root && byteOffset(output) === 0) return;
    if (place.home.kind !== 'dynamic') {
      this.copyTo(destination, output);
      return;
    }
    f.emit(op('i32.ne', addressCode(this.address(output)), addressCode(destination))).if(() => {
      this.copyTo(destination, output);
    });
  }
}

/**
 * Results that have to be where the caller wants them, in an order in which none is copied over another that is still to be
 * copied. There is one: a result is read where it would become another only if that one came first in `assignStorage`.
 */
function settlingOrder({ scope, destinations, carries }: FunctionPlan): readonly number[] {
  const pending = new Set(
    destinations.flatMap((root, index) =>
      root === undefined || carries[index]?.isInPlace === true || carries[index]?.isEither === true ? [] : [index],
    ),
  );
  const isRead = (place: Root | undefined, by: number): boolean => {
    const root = rootOf(scope.outputs[by]!);
    return root !== undefined && placesOf(root).some((from) => from === place);
  };
  const order: number[] = [];
  while (pending.size > 0) {
    const next = [...pending].find((index) =>
      [...pending].every((other) => other === index || !isRead(destinations[index], other)),
    );
    if (next === undefined) throw new Error('results that wait for each other');
    pending.delete(next);
    order.push(next);
  }
  return order;
}
