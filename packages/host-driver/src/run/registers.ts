/** Where a program's values are while it runs: numbers and small arrays on the host, tensors on the device, tapes. */
import {
  allocate,
  bytesPerElement,
  ExecutionError,
  sizeOf,
  type TensorData,
  type TensorType,
  type Value,
} from '@node-ode/core';
import type { DeviceValue } from '../device.ts';

/** A tensor on the device, disposed of when the last register or tape that holds it lets go. */
export interface Held<V extends DeviceValue> {
  readonly kind: 'tensor';
  readonly value: V;
  readonly bytes: number;
  /** Belongs to the caller: never disposed of. */
  readonly isBorrowed: boolean;
  refs: number;
}

/** What one place of a tape holds; undefined once it was taken. */
export type Entry<V extends DeviceValue> = number | TensorData | Held<V> | undefined;

/** A list that grows while a program runs. */
export interface Tape<V extends DeviceValue> {
  readonly kind: 'tape';
  readonly entries: Entry<V>[];
  refs: number;
}

/** What has to be let go of. */
export type Resource<V extends DeviceValue> = Held<V> | Tape<V>;

/** Where a value is: a number, a small array, or a resource. */
export interface Register {
  readonly bank: 'number' | 'array' | 'resource';
  readonly index: number;
}

/** The type of a value that has to be a tensor. */
export function tensorOf({ type }: Value): TensorType {
  if (type.kind === 'tensor') return type;
  throw new ExecutionError('compile', 'a tape where a tensor has to be', {
    expected: 'a graph that checkGraph accepts',
  });
}

/** Bytes of a tensor. */
export const bytesOf = ({ shape, dtype }: TensorType): number => sizeOf(shape) * bytesPerElement(dtype);

/** Whether an entry is a tensor on the device. */
export const isHeld = <V extends DeviceValue>(entry: Entry<V>): entry is Held<V> =>
  typeof entry === 'object' && 'refs' in entry;

/** A register with the type of what it holds. */
export interface Slot {
  readonly register: Register;
  readonly type: TensorType;
}

/** A value of the host's that the device takes too. */
export interface Upload {
  readonly slot: Slot;
  /** Where the uploaded value is kept, for as long as the host's stays the same. */
  readonly place: number;
  readonly bytes: number;
}

/** What the host has. */
export interface HostRegisters {
  readonly numbers: Float64Array;
  readonly arrays: (TensorData | undefined)[];
}

/** An operation on what the host has. */
export type HostKernel = (registers: HostRegisters) => void;

/** The elements of a value that the host has. */
export function elementsIn({ numbers, arrays }: HostRegisters, { register, type }: Slot): TensorData {
  if (register.bank === 'array') return arrays[register.index]!;
  const data = allocate(type.dtype, 1);
  data[0] = numbers[register.index]!;
  return data;
}

/** The elements of an entry that the host has. */
export function dataOf<V extends DeviceValue>(entry: Entry<V>, { dtype }: TensorType): TensorData {
  if (typeof entry !== 'number') return entry as TensorData;
  const data = allocate(dtype, 1);
  data[0] = entry;
  return data;
}
