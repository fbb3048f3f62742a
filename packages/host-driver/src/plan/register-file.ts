/** Registers for the values of a program, and the moves between them. */
import { formatType, sizeOf, type TensorData, type TensorType, type Value } from '@node-ode/core';
import type { DeviceValue } from '../device.ts';
import { hostKernel } from '../run/host-kernels.ts';
import type { Kernel, Operand } from '../run/instructions.ts';
import { bytesOf, tensorOf, type HostRegisters, type Register, type Slot, type Upload } from '../run/registers.ts';
import type { Placement } from './placement.ts';
import type { PlainNode } from './scope.ts';

/** Gives out registers while a program is planned. */
export class RegisterFile<V extends DeviceValue> {
  readonly #placement: Placement;
  readonly #registers = new Map<Value, Register>();
  /** Registers on the host of inputs and constants, of those that need one. */
  readonly #mirrors = new Map<Value, Register>();
  readonly #constants: { readonly register: Register; readonly node: PlainNode }[] = [];
  readonly #counts = { number: 0, array: 0, resource: 0 };
  /** Places for uploaded values, by where they come from. */
  readonly #uploads = new Map<string, Upload>();

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** What the host has when a run begins: constants are there. */
  initial(): HostRegisters {
    const numbers = new Float64Array(this.#counts.number);
    const arrays = new Array<TensorData | undefined>(this.#counts.array).fill(undefined);
    for (const { register, node } of this.#constants) hostKernel(node, [], register)({ numbers, arrays });
    return { numbers, arrays };
  }

  /** A register that is nobody's yet. */
  fresh(bank: Register['bank']): Register {
    return { bank, index: this.#counts[bank]++ };
  }

  /** A register for a tensor that the host has. */
  freshOnHost(type: TensorType): Register {
    return this.fresh(sizeOf(type.shape) === 1 ? 'number' : 'array');
  }

  /** A register for a value where it lives. */
  define(x: Value): Register {
    const isArray = x.type.kind === 'tensor' && this.#placement.isOnHost(x);
    const register = isArray ? this.freshOnHost(tensorOf(x)) : this.fresh('resource');
    this.#registers.set(x, register);
    return register;
  }

  /** Says that a value is in a register. */
  assign(x: Value, register: Register): void {
    this.#registers.set(x, register);
  }

  /** The register of a value where it lives; undefined for a constant that only segments use. */
  of(x: Value): Register | undefined {
    return this.#registers.get(x);
  }

  /** The register on the host of an input that lives on the device; undefined if nobody asked for one. */
  mirrorOf(x: Value): Register | undefined {
    return this.#mirrors.get(x);
  }

  /** The register of a value's resource: one, or none for what is on the host. */
  resourceOf(x: Value): readonly number[] {
    const register = this.#registers.get(x);
    return register?.bank === 'resource' ? [register.index] : [];
  }

  /** How many registers of resources there are. */
  get resources(): number {
    return this.#counts.resource;
  }

  /** Where the host finds a value. */
  onHost(x: Value): Register {
    const source = this.#placement.sourceOf(x);
    const known = this.#registers.get(x);
    if (known !== undefined && known.bank !== 'resource') return known;
    let mirror = this.#mirrors.get(x);
    if (mirror === undefined) {
      this.#mirrors.set(x, (mirror = this.freshOnHost(tensorOf(x))));
      if (source !== undefined) this.#constants.push({ register: mirror, node: source });
    }
    return mirror;
  }

  /** Values of the host's that segments take, each at its place. */
  get uploads(): readonly Upload[] {
    return [...this.#uploads.values()];
  }

  /** How a segment gets a value: from the device if it is there. */
  operand(x: Value): Operand {
    const register = this.#registers.get(x);
    if (register?.bank === 'resource') return { kind: 'device', index: register.index };
    return { kind: 'host', upload: this.#upload(x) };
  }

  /** How a value of the host's gets to the device: all who want it share it. */
  #upload(x: Value): Upload {
    const slot: Slot = { register: this.onHost(x), type: tensorOf(x) };
    const { bank, index } = slot.register;
    const key = `${bank} ${index} ${formatType(slot.type)}`;
    let upload = this.#uploads.get(key);
    if (upload === undefined) {
      upload = { slot, place: this.#uploads.size, bytes: bytesOf(slot.type) };
      this.#uploads.set(key, upload);
    }
    return upload;
  }

  /** Copies a value to a register; `takes` leaves nothing behind. */
  transfer(x: Value, to: Register, takes: boolean): Kernel<V> {
    const z = to.index;
    if (to.bank !== 'resource') {
      const { index } = this.onHost(x);
      return to.bank === 'number'
        ? ({ numbers }) => void (numbers[z] = numbers[index]!)
        : ({ arrays }) => void (arrays[z] = arrays[index]);
    }
    const from = this.#registers.get(x);
    if (from?.bank !== 'resource') {
      const upload = this.#upload(x);
      return (frame) => {
        const held = frame.uploaded(upload);
        held.refs++;
        frame.resources[z] = held;
      };
    }
    const { index } = from;
    if (takes) {
      return ({ resources }) => {
        resources[z] = resources[index];
        resources[index] = undefined;
      };
    }
    return ({ resources }) => {
      const resource = resources[index]!;
      resource.refs++;
      resources[z] = resource;
    };
  }
}

/** Leaves nothing behind in a register. */
export function moveRegister<V extends DeviceValue>(from: Register, to: Register): Kernel<V> {
  const [x, z] = [from.index, to.index];
  if (from.bank === 'number') return ({ numbers }) => void (numbers[z] = numbers[x]!);
  if (from.bank === 'array') return ({ arrays }) => void (arrays[z] = arrays[x]);
  return ({ resources }) => {
    resources[z] = resources[x];
    resources[x] = undefined;
  };
}
