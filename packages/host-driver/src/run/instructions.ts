/** What a program is made of when it runs. */
import type { DeviceValue, LoadedSegment } from '../device.ts';
import type { Frame } from './frame.ts';
import type { HostKernel, Slot, Upload } from './registers.ts';

/** Moves values between registers, or computes one. */
export type Kernel<V extends DeviceValue> = (frame: Frame<V>) => void;

/** Instructions, and what happens when they are done. */
export interface Block<V extends DeviceValue> {
  readonly instructions: readonly Instruction<V>[];
  /** Moves the results to where they are wanted, and lets go of what is left. */
  readonly exit: readonly Kernel<V>[];
  /** Positions of the graphs called in the block, once for each call. */
  readonly calls: readonly number[];
}

export interface HostInstruction {
  readonly kind: 'host';
  readonly kernels: readonly HostKernel[];
}

export interface SegmentInstruction<V extends DeviceValue> {
  readonly kind: 'segment';
  readonly segment: LoadedSegment<V>;
  readonly operands: readonly Operand[];
  readonly results: readonly Result[];
}

/** What a segment is given: a register of the device's, or a value of the host's, uploaded. */
export type Operand =
  { readonly kind: 'device'; readonly index: number } | { readonly kind: 'host'; readonly upload: Upload };

/** Where an output of a segment goes: to the device's registers, or, one behind the other, to the host's. */
export type Result =
  | { readonly kind: 'device'; readonly index: number; readonly bytes: number }
  | { readonly kind: 'host'; readonly slots: readonly Slot[] };

export interface CondInstruction<V extends DeviceValue> {
  readonly kind: 'cond';
  /** Register of the predicate, a number. */
  readonly predicate: number;
  readonly then: Block<V>;
  readonly else: Block<V>;
}

/** A sequence that a loop writes. */
export interface Written {
  /** Where the body leaves an element. */
  readonly element: Slot;
  /** Register of the list, a resource. */
  readonly list: number;
}

export interface WhileInstruction<V extends DeviceValue> {
  readonly kind: 'while';
  readonly enter: readonly Kernel<V>[];
  /** Register of the test, a number. */
  readonly predicate: number;
  /** Register of whether the iteration advanced, a number. */
  readonly advances: number | undefined;
  readonly body: Block<V>;
  readonly tapes: readonly Written[];
}

export interface ScanInstruction<V extends DeviceValue> {
  readonly kind: 'scan';
  readonly enter: readonly Kernel<V>[];
  readonly length: number | null;
  readonly reverse: boolean;
  /** Register of the position, a number. */
  readonly index: number;
  /** Tapes that are read: the register of each, a resource, and where its entry goes. */
  readonly read: readonly { readonly tape: number; readonly element: Slot }[];
  readonly body: Block<V>;
  readonly written: readonly Written[];
}

/** Makes one tensor of a list of elements. */
export interface StackInstruction<V extends DeviceValue> {
  readonly kind: 'stack';
  /** Register of the list, a resource. */
  readonly list: number;
  readonly element: Slot;
  readonly result: Slot;
  /** For elements on the device: what joins them, level by level. */
  readonly levels: readonly StackLevel<V>[];
}

/** Joins neighbours: `width` at a time, the last of them fewer. */
export interface StackLevel<V extends DeviceValue> {
  readonly width: number;
  readonly whole: Join<V> | undefined;
  readonly rest: Join<V> | undefined;
}

/** A segment that joins tensors along their first axis. */
export interface Join<V extends DeviceValue> {
  readonly segment: LoadedSegment<V>;
  /** Bytes of the result. */
  readonly bytes: number;
}

export type Instruction<V extends DeviceValue> = (
  | HostInstruction
  | SegmentInstruction<V>
  | CondInstruction<V>
  | WhileInstruction<V>
  | ScanInstruction<V>
  | StackInstruction<V>
) & {
  /** Registers of resources that nobody uses after the instruction. */
  readonly frees: readonly number[];
};
